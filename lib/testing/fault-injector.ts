import { Logger } from '@nestjs/common';
import { concat, defer, throwError, type Observable } from 'rxjs';
import type { CallContext } from '../circuit/call.js';
import { sleep, sleep$, type Waker } from '../policies/sleep.js';
import { systemClock, type Clock } from '../state/clock.js';
import type { FaultRules } from './fault-options.js';
import { InjectedFaultError } from './injected-fault.error.js';
import { seededRandom } from './seeded-random.js';

/** What has been done to the calls so far. */
export interface FaultCounts {
  /** Attempts that could be hit. */
  calls: number;
  errors: number;
  hangs: number;
  /** Those that had to wait. */
  delays: number;
}

/** What becomes of one attempt. */
interface Fate {
  readonly end: 'answers' | 'fails' | 'hangs';
  /** Milliseconds before that. */
  readonly delay: number;
}

/** Draws what is done to each attempt, and does it in the dependency's place. */
export class FaultInjector {
  readonly counts: FaultCounts = { calls: 0, errors: 0, hangs: 0, delays: 0 };
  private readonly random: () => number;
  private isOver = false;
  private hasWarned = false;
  private readonly hanging = new Set<() => void>();

  /**
   * @param circuit its name, for the errors
   * @param clock what delays wait on
   */
  constructor(
    private readonly circuit: string,
    private readonly rules: FaultRules,
    private readonly clock: Clock,
  ) {
    this.random = seededRandom(rules.seed);
  }

  /** Whether attempts may have to wait, which a plain value cannot. */
  get needsWaiting(): boolean {
    const { hangRate, latency, latencyRate } = this.rules;
    return hangRate > 0 || (latency.max > 0 && latencyRate > 0);
  }

  /** Whether an attempt may be hit, by its call's arguments; where `when` throws it may not. */
  concerns(args: readonly unknown[] | undefined): boolean {
    const { when } = this.rules;
    if (this.isOver) return false;
    if (when === undefined) return true;
    try {
      return when(...(args ?? []));
    } catch (error) {
      this.warnOnce(`\`when\` threw, so its calls are left alone: ${error}`);
      return false;
    }
  }

  /** An attempt that answers at once. */
  value<T>(run: () => T): T {
    const { end } = this.draw();
    if (end !== 'answers') throw this.error(end);
    return run();
  }

  /** An attempt that answers by a promise; ends with its signal as a good client does. */
  async promise<T>(
    run: (context: CallContext) => T | PromiseLike<T>,
    context: CallContext,
  ): Promise<T> {
    const { end, delay } = this.draw();
    if (end === 'hangs') {
      await sleep(TIMELESS, Infinity, context.signal, this.untilOver);
    } else if (delay > 0) {
      await sleep(this.clock, delay, context.signal, nobody);
    }
    if (end !== 'answers') throw this.error(end);
    return run(context);
  }

  /** The same for each subscription. */
  stream<T>(source: Observable<T>): Observable<T> {
    return defer(() => {
      const { end, delay } = this.draw();
      const rest =
        end === 'answers' ? source : throwError(() => this.error(end));
      if (end === 'hangs') {
        return concat(
          sleep$(TIMELESS, Infinity, undefined, this.untilOver),
          rest,
        );
      }
      return delay > 0
        ? concat(sleep$(this.clock, delay, undefined, nobody), rest)
        : rest;
    });
  }

  /**
   * Attempts that begin from here on are left alone, also those of earlier calls. What
   * hangs is broken off, as a dependency that comes back resets its connections.
   */
  end(): void {
    this.isOver = true;
    for (const wake of this.hanging) wake();
  }

  private draw(): Fate {
    const { errorRate, hangRate, latencyRate, latency } = this.rules;
    // Always three numbers, so that one rate does not move what another one hits.
    const [share, isLate, spread] = [
      this.random(),
      this.random() < latencyRate,
      this.random(),
    ];
    this.counts.calls++;
    if (share < hangRate) {
      this.counts.hangs++;
      return { end: 'hangs', delay: 0 };
    }
    const fails = share < hangRate + errorRate;
    const delay = isLate
      ? latency.min + spread * (latency.max - latency.min)
      : 0;
    if (fails) this.counts.errors++;
    if (delay > 0) this.counts.delays++;
    return { end: fails ? 'fails' : 'answers', delay };
  }

  private warnOnce(message: string): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    new Logger('CircuitBreaker').warn(
      `Faults of "${this.circuit}": ${message}`,
    );
  }

  private error(end: 'fails' | 'hangs'): unknown {
    const { makeError } = this.rules;
    if (end === 'fails') {
      return makeError === undefined
        ? new InjectedFaultError(this.circuit)
        : makeError();
    }
    return new InjectedFaultError(this.circuit, 'the hanging is over');
  }

  private readonly untilOver: Waker = wake => {
    this.hanging.add(wake);
    return () => this.hanging.delete(wake);
  };
}

/** Nothing falls due on it. */
const TIMELESS: Clock = { ...systemClock, schedule: () => () => {} };

/** Nothing ends an injected delay early. */
function nobody(): () => void {
  return () => {};
}
