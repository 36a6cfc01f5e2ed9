import { Logger } from '@nestjs/common';
import { concat, defer, Observable, throwError } from 'rxjs';
import { listenForAbort } from '../policies/listen-for-abort.js';
import { sleep, sleep$ } from '../policies/sleep.js';
import type { Clock } from '../state/clock.js';
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
export interface Fate {
  readonly end: 'answers' | 'fails' | 'hangs';
  /** Milliseconds before that. */
  readonly delay: number;
}

/** Draws what is done to each attempt, and does it in the dependency's place. */
export class FaultInjector {
  readonly counts: FaultCounts = { calls: 0, errors: 0, hangs: 0, delays: 0 };
  private readonly random: () => number;
  private hasWarned = false;
  private readonly hanging = new Set<(error: unknown) => void>();

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

  /** Whether a call may be hit; where `when` throws it may not. */
  concerns(args: readonly unknown[] | undefined): boolean {
    const { when } = this.rules;
    if (when === undefined) return true;
    try {
      return when(...(args ?? []));
    } catch (error) {
      this.warnOnce(`\`when\` threw, so its calls are left alone: ${error}`);
      return false;
    }
  }

  /** @returns `undefined` for an attempt that is left alone */
  draw(): Fate | undefined {
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
    return fails || delay > 0
      ? { end: fails ? 'fails' : 'answers', delay }
      : undefined;
  }

  /** An attempt that answers at once. */
  value<T>(run: () => T): T {
    if (this.draw()?.end === 'fails') throw this.error();
    return run();
  }

  /** An attempt that answers by a promise; ends with its signal as a good client does. */
  async promise<T>(
    { end, delay }: Fate,
    run: () => T | PromiseLike<T>,
    signal: AbortSignal,
  ): Promise<T> {
    if (end === 'hangs') return this.hang(signal);
    if (delay > 0) await sleep(this.clock, delay, signal, noWaker);
    if (end === 'fails') throw this.error();
    return run();
  }

  /** The same for each subscription. */
  stream<T>(source: Observable<T>): Observable<T> {
    return defer(() => {
      const fate = this.draw();
      if (fate === undefined) return source;
      if (fate.end === 'hangs') return this.hang$();
      const rest =
        fate.end === 'fails' ? throwError(() => this.error()) : source;
      if (fate.delay === 0) return rest;
      return concat(sleep$(this.clock, fate.delay, undefined, noWaker), rest);
    });
  }

  /** Breaks off what hangs, as a dependency that comes back resets its connections. */
  release(): void {
    const error = new InjectedFaultError(this.circuit, 'the hanging is over');
    for (const end of this.hanging) end(error);
  }

  private warnOnce(message: string): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    new Logger('CircuitBreaker').warn(
      `Faults of "${this.circuit}": ${message}`,
    );
  }

  private error(): unknown {
    const { makeError } = this.rules;
    return makeError === undefined
      ? new InjectedFaultError(this.circuit)
      : makeError();
  }

  private hang(signal: AbortSignal): Promise<never> {
    return new Promise((_, reject) => {
      const abort = () => end(signal.reason);
      const end = (error: unknown) => {
        this.hanging.delete(end);
        signal.removeEventListener('abort', abort);
        // The signal's reason, which can be anything.
        // oxlint-disable-next-line prefer-promise-reject-errors
        reject(error);
      };
      if (signal.aborted) return end(signal.reason);
      this.hanging.add(end);
      listenForAbort(signal, abort);
    });
  }

  private hang$(): Observable<never> {
    return new Observable(subscriber => {
      const end = (error: unknown) => subscriber.error(error);
      this.hanging.add(end);
      return () => this.hanging.delete(end);
    });
  }
}

/** Nothing ends an injected delay early. */
function noWaker(): () => void {
  return () => {};
}
