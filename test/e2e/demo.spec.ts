import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';

const demoFile = 'sample-app/dist/demo/demo.js';

/** The demo as it runs: what it printed so far, and the services that it started. */
class DemoRun {
  output = '';
  private readonly child: ChildProcess;

  constructor(command: string, ...args: string[]) {
    // A group of its own, so that a failed test can clear away whatever is left.
    this.child = spawn(command, args, { detached: true });
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
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, 'utf8'));
}

describe('npm run demo', () => {
  let run: DemoRun;

  beforeAll(() => {
    const nest = 'node_modules/@nestjs/cli/bin/nest.js';
    const build = spawnSync(process.execPath, [nest, 'build', 'sample-app'], {
      encoding: 'utf8',
    });
    // Without dist/: `npm run build` comes first.
    expect(build.stdout + build.stderr).not.toContain('error');
    expect(build.status).toBe(0);
  }, 120_000);

  afterEach(() => run.clearAway());

  it('shows the circuit closed, open, half-open and closed again, and exits with 0', async () => {
    run = new DemoRun('npm', 'run', '--ignore-scripts', 'demo');
    const exitCode = await run.exitCode();

    expect(run.output).toMatch(
      /✓ states seen: closed → open → half-open → .*closed/,
    );
    expect(run.output).toMatch(/✓ (\d+) orders, \1 charges/);
    expect(exitCode).toBe(0);
    expect(run.servicePids).toHaveLength(4);
    expect(await run.survivors()).toEqual([]);
  }, 90_000);

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'leaves no process behind when npm gets a %s',
    async signal => {
      run = new DemoRun('npm', 'run', '--ignore-scripts', 'demo');
      await run.printed('All is well');
      expect(run.servicePids.filter(isAlive)).toHaveLength(4);

      run.signal(signal);

      expect(await run.exitCode()).not.toBe(0);
      expect(await run.survivors()).toEqual([]);
    },
    60_000,
  );

  it('leaves no process behind when it is killed without a chance to clean up', async () => {
    run = new DemoRun(process.execPath, demoFile);
    await run.printed('All is well');
    expect(run.servicePids.filter(isAlive)).toHaveLength(4);

    run.signal('SIGKILL');

    await run.exitCode();
    expect(await run.survivors()).toEqual([]);
  }, 60_000);
});
