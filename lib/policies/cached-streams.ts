import {
  catchError,
  defer,
  from,
  of,
  ReplaySubject,
  share,
  switchMap,
  tap,
  throwError,
  type Observable,
} from 'rxjs';
import { AbortScope } from './abort-scope.js';
import { isFresh, isUsable, type CacheRules } from './cache-options.js';
import type { CacheShelf, Kept, Look } from './cache-shelf.js';
import { endWithScope } from './end-with-scope.js';
import type { CachedCall, CacheHit } from './stale-cache.js';

/** A stream of more values than this is not kept, and not joined later. */
const MOST_VALUES = 1_000;

/** One subscription, or several that share one. */
interface Stream<T> {
  values: Observable<T>;
  /** Known when the first value comes. */
  hit: CacheHit | undefined;
}

/** The cache's way for Observables: it keeps all the values of one that completed. */
export class CachedStreams {
  private readonly flights = new Map<string, Stream<unknown>>();

  constructor(
    private readonly rules: CacheRules,
    private readonly shelf: CacheShelf,
  ) {}

  observe<T>(
    key: string,
    call: CachedCall<Observable<T>>,
    caller: AbortSignal | undefined,
  ): Observable<T> {
    return defer(() => {
      if (caller?.aborted === true) return throwError(() => caller.reason);
      const stream = this.rules.coalesce
        ? this.join(key, call)
        : this.begin(key, call, caller);
      let isTold = false;
      const tell = () => {
        if (!isTold && stream.hit !== undefined) call.hit(stream.hit);
        isTold = true;
      };
      const values = stream.values.pipe(tap({ next: tell, complete: tell }));
      return caller === undefined
        ? values
        : values.pipe(endWithScope(new AbortScope(caller)));
    });
  }

  /** The stream that is under way, from its first value on, or a new one. */
  private join<T>(key: string, call: CachedCall<Observable<T>>): Stream<T> {
    // What is kept under one key is of one kind: it comes from one method.
    const joined = this.flights.get(key) as Stream<T> | undefined;
    if (joined !== undefined) return joined;
    // None of its callers may end it for the others.
    const stream = this.begin(key, call, undefined);
    const forget = () => {
      if (this.flights.get(key) === stream) this.flights.delete(key);
    };
    let values = 0;
    stream.values = stream.values.pipe(
      tap({
        // Who comes later than that would miss what is no longer held for them.
        next: () => ++values > MOST_VALUES && forget(),
        complete: forget,
        error: forget,
        unsubscribe: forget,
      }),
      share({ connector: () => new ReplaySubject<T>(MOST_VALUES) }),
    );
    this.flights.set(key, stream as Stream<unknown>);
    return stream;
  }

  private begin<T>(
    key: string,
    call: CachedCall<Observable<T>>,
    caller: AbortSignal | undefined,
  ): Stream<T> {
    const look = this.shelf.look(key);
    const called = this.call(key, call, caller);
    const stream: Stream<T> = { values: called, hit: undefined };
    const replay = (kept: Kept, hit: CacheHit) => {
      stream.hit = hit;
      return from(kept.value as T[]);
    };
    let hasValue = false;
    const orStale = called.pipe(
      tap(() => {
        hasValue = true;
      }),
      catchError((error: unknown) =>
        hasValue || !call.answersFor(error)
          ? throwError(() => error)
          : found(look).pipe(
              switchMap(kept =>
                isUsable(this.rules, kept) && isList(kept)
                  ? replay(kept, 'stale')
                  : throwError(() => error),
              ),
            ),
      ),
    );
    stream.values =
      this.rules.freshFor === false
        ? orStale
        : defer(() => found(look)).pipe(
            switchMap(kept =>
              isFresh(this.rules, kept) && isList(kept)
                ? replay(kept, 'fresh')
                : orStale,
            ),
          );
    return stream;
  }

  /** Makes the call, and keeps what it answers if that is good to the end. */
  private call<T>(
    key: string,
    call: CachedCall<Observable<T>>,
    caller: AbortSignal | undefined,
  ): Observable<T> {
    return defer(() => {
      let values: T[] | undefined = [];
      return call.call(caller).pipe(
        tap({
          next: value => {
            if (values?.length === MOST_VALUES || !call.isGood(value)) {
              values = undefined;
            }
            values?.push(value);
          },
          complete: () => {
            if (values !== undefined) this.shelf.keep(key, values);
          },
        }),
      );
    });
  }
}

function found(look: Look): Observable<Kept | undefined> {
  const kept = look.find();
  return kept instanceof Promise ? from(kept) : of(kept);
}

/** A store may hold what somebody else has put there. */
function isList(kept: Kept): boolean {
  return Array.isArray(kept.value);
}
