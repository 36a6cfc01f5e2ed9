import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The shop or its demo as it runs: what it printed so far, and the services that it started. */
export class ShopRun {
  output = '';
  private readonly child: ChildProcess;

  constructor(command: string, args: string[], env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(command, args, {
      env: { ...process.env, ...env },
      // A group of its own, so that a failed test can clear away whatever is left.
      detached: true,
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', chunk => (this.output += chunk));
    }
  }

  get servicePids(): number[] {
    return [...this.output.matchAll(/ pid (\d+)/g)].map(match => +match[1]!);
  }

  async printed(text: string): Promise<void> {
    while (!this.output.includes(text) && this.child.exitCode === null) {
      await sleep(50);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async exitCode(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      await once(this.child, 'close');
    }
    return this.child.exitCode;
  }

  /** Those of the services that are still there after a moment of grace. */
  async survivors(): Promise<number[]> {
    const givenUpAt = Date.now() + 5_000;
    while (this.servicePids.some(isAlive) && Date.now() < givenUpAt) {
      await sleep(50);
    }
    return this.servicePids.filter(isAlive);
  }

  clearAway(): void {
    try {
      process.kill(-this.child.pid!, 'SIGKILL');
    } catch {
      // Nothing is left.
    }
  }
}

/** Whether a process runs; one that has ended and was not yet waited for does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, 'utf8'));
}
