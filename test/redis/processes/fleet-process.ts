import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { CircuitState } from '../../../lib/state/circuit-state.js';
import type { SharedSnapshot } from '../../../lib/state/coordinator.js';

/** What an instance says of itself. */
export interface Look {
  readonly state: CircuitState;
  readonly shared: SharedSnapshot;
  readonly status: { joined: boolean; reason: string | null };
  readonly minimumCalls: number;
  readonly rejected: number;
  /** The longest that a caller was kept by `tryAcquire`, in milliseconds. */
  readonly slowest: number;
  /** The longest that the event loop was held up, in milliseconds. */
  readonly lag: number;
  readonly memory: number;
  readonly transitions: readonly { to: CircuitState; at: number }[];
  readonly logged: readonly string[];
}

/** One real instance. */
export class FleetProcess {
  private readonly child: ChildProcess;
  private asked = 0;
  private readonly waiting = new Map<number, (answer: unknown) => void>();

  constructor(setup: object) {
    this.child = fork(
      join(process.cwd(), 'test/redis/processes/worker.mjs'),
      [JSON.stringify(setup)],
      { execArgv: [] },
    );
    this.child.on('message', (message: { id?: number; answer?: unknown }) => {
      if (message.id !== undefined) {
        this.waiting.get(message.id)?.(message.answer);
        this.waiting.delete(message.id);
      }
    });
  }

  async ready(): Promise<void> {
    await once(this.child, 'message');
  }

  ask(what: string, value?: unknown): Promise<unknown> {
    const id = ++this.asked;
    return new Promise(resolve => {
      this.waiting.set(id, resolve);
      this.child.send({ id, what, value });
    });
  }

  look(): Promise<Look> {
    return this.ask('look') as Promise<Look>;
  }

  /** Ends as a crash does: nothing is said to anybody. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }
}
