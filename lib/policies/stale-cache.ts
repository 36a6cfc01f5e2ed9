import type { Observable } from 'rxjs';
import { AbortScope } from './abort-scope.js';
import { isFresh, isUsable, type CacheRules } from './cache-options.js';
import { MemoryShelf, type CacheShelf } from './cache-shelf.js';
import { StoreShelf, type CacheStore } from './cache-store.js';
import { CachedStreams } from './cached-streams.js';
import { Flights } from './flights.js';
import type { PolicyHost } from './policy-host.js';
import { runInScope } from './run-in-scope.js';

/** Where a cached answer comes from: it needed no call, or the call had failed. */
export type CacheHit = 'fresh' | 'stale';

/** One call, as its cache sees it. */
export interface CachedCall<Called> {
  /**
   * Makes the call.
   *
   * @param signal the caller's. With `coalesce` it is the shared call's own, aborted
   *   when the last caller has gone; of an Observable then `undefined`: it is
   *   unsubscribed from
   */
  call(signal: AbortSignal | undefined): Called;
  /** Whether a kept value may answer for what the call failed with; asked after the call. */
  answersFor(error: unknown): boolean;
  /** Whether the value is good enough to be kept. */
  isGood(value: unknown): boolean;
  /** A kept value is about to answer this caller. */
  hit(hit: CacheHit): void;
}

/** A value, and where it comes from. */
interface Answer {
  readonly value: unknown;
  readonly hit: CacheHit | undefined;
}

/**
 * Keeps the last good value of each key. A value that is `freshFor` answers
 * without a call; one that is no older than `staleFor` answers for a call that
 * failed or was refused. `null` and `undefined` are values.
 */
export class StaleCache {
  private readonly memory: MemoryShelf;
  private readonly shelf: CacheShelf;
  private readonly flights = new Flights<Answer>();
  private readonly streams: CachedStreams;

  /** @param store where values are kept; the process's memory without one */
  constructor(
    private readonly rules: CacheRules,
    host: PolicyHost,
    store?: CacheStore,
  ) {
    const { maxEntries, staleFor, deadline } = rules;
    this.memory = new MemoryShelf(maxEntries, host.clock);
    this.shelf =
      store === undefined
        ? this.memory
        : new StoreShelf(store, staleFor, deadline, host);
    this.streams = new CachedStreams(rules, this.shelf);
  }

  /**
   * A promise's way: the call's answer, or the kept one. Rejects at the caller's
   * abort with its reason.
   */
  async run(
    key: string,
    call: CachedCall<PromiseLike<unknown>>,
    caller?: AbortSignal,
  ): Promise<unknown> {
    const answer = this.rules.coalesce
      ? await this.flights.join(key, caller, signal =>
          this.answer(key, call, signal),
        )
      : await this.untilAborted(caller, () => this.answer(key, call, caller));
    if (answer.hit !== undefined) call.hit(answer.hit);
    return answer.value;
  }

  /** A plain value's way; its values are always kept in memory. */
  runSync(key: string, call: CachedCall<unknown>): unknown {
    const fresh = this.memory.find(key);
    if (isFresh(this.rules, fresh)) {
      call.hit('fresh');
      return fresh.value;
    }
    let value: unknown;
    try {
      value = call.call(undefined);
    } catch (error) {
      const stale = call.answersFor(error) ? this.memory.find(key) : undefined;
      if (!isUsable(this.rules, stale)) throw error;
      call.hit('stale');
      return stale.value;
    }
    if (call.isGood(value)) this.memory.keep(key, value);
    return value;
  }

  /**
   * An Observable's way, for each subscription. What is kept are all the values of
   * one that completed, up to a thousand; they answer for one that failed before
   * its first value. An error at the caller's abort, with its reason.
   */
  observe<T>(
    key: string,
    call: CachedCall<Observable<T>>,
    caller?: AbortSignal,
  ): Observable<T> {
    return this.streams.observe(key, call, caller);
  }

  /** A look into a store takes its time, too. */
  private untilAborted(
    caller: AbortSignal | undefined,
    answer: () => Promise<Answer>,
  ): Promise<Answer> {
    return caller === undefined
      ? answer()
      : runInScope(new AbortScope(caller), answer, () => {});
  }

  private async answer(
    key: string,
    call: CachedCall<PromiseLike<unknown>>,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const look = this.shelf.look(key);
    if (this.rules.freshFor !== false) {
      const found = look.find();
      const fresh = found instanceof Promise ? await found : found;
      if (isFresh(this.rules, fresh))
        return { value: fresh.value, hit: 'fresh' };
      signal?.throwIfAborted();
    }
    let value: unknown;
    try {
      value = await call.call(signal);
    } catch (error) {
      const stale = call.answersFor(error) ? await look.find() : undefined;
      if (!isUsable(this.rules, stale)) throw error;
      return { value: stale.value, hit: 'stale' };
    }
    if (call.isGood(value)) this.shelf.keep(key, value);
    return { value, hit: undefined };
  }
}
