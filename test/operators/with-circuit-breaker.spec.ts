import { describe, expect, it } from '@jest/globals';
import {
  concat,
  EMPTY,
  map,
  NEVER,
  of,
  range,
  repeat,
  retry,
  share,
  Subject,
  switchMap,
  take,
  takeUntil,
  throwError,
  timer,
  defer,
  type Observable,
} from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { Circuit } from '../../lib/circuit/circuit.js';
import { withCircuitBreaker } from '../../lib/operators/with-circuit-breaker.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { VirtualClock } from '../support/virtual-clock.js';

const OPTIONS: CircuitOptions = {
  consecutiveFailures: 2,
  openDuration: 1_000,
  openJitter: 0,
  halfOpen: { calls: 1 },
};

function setUp(options: CircuitOptions = {}) {
  const clock = new VirtualClock();
  const circuit = new Circuit('stream', { ...OPTIONS, ...options }, { clock });
  const totals = () => circuit.snapshot().totals;
  return { clock, circuit, totals };
}

/** Marbles in the time of RxJS's own scheduler; the circuit reads the same time. */
function marbles(
  run: (
    helpers: Parameters<Parameters<TestScheduler['run']>[0]>[0],
    circuit: Circuit,
  ) => void,
  options: CircuitOptions = {},
): Circuit {
  const scheduler = new TestScheduler((actual, expected) =>
    expect(actual).toEqual(expected),
  );
  const circuit = new Circuit(
    'marbles',
    { ...OPTIONS, ...options },
    {
      clock: {
        now: () => scheduler.now(),
        wallTime: () => scheduler.now(),
        schedule: () => () => {},
      },
    },
  );
  scheduler.run(helpers => run(helpers, circuit));
  return circuit;
}

describe('withCircuitBreaker', () => {
  it('lets values, completion and errors through as they are', () => {
    marbles(({ cold, expectObservable }, circuit) => {
      expectObservable(cold('--a-b-|').pipe(withCircuitBreaker(circuit))).toBe(
        '--a-b-|',
      );
      expectObservable(cold('--a-#').pipe(withCircuitBreaker(circuit))).toBe(
        '--a-#',
      );
    });
  });

  it('subscribes to the source when it is subscribed, and unsubscribes with it', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }, circuit) => {
      const source = cold('--a--b--c');
      expectObservable(
        source.pipe(withCircuitBreaker(circuit)),
        '---^----!',
      ).toBe('-----a--');
      expectSubscriptions(source.subscriptions).toBe('---^----!');
    });
  });

  it('acquires nothing before it is subscribed', () => {
    const { circuit, totals } = setUp();
    const protectedSource = of(1).pipe(withCircuitBreaker(circuit));
    expect(totals().calls).toBe(0);
    protectedSource.subscribe();
    protectedSource.subscribe();
    expect(totals()).toMatchObject({ calls: 2, successes: 2 });
  });

  it('counts many values as one call, settled at completion', () => {
    const { circuit, totals } = setUp();
    const source = new Subject<number>();
    source.pipe(withCircuitBreaker(circuit)).subscribe();
    source.next(1);
    source.next(2);
    expect(totals().calls).toBe(0);
    expect(circuit.snapshot().inFlight).toBe(1);
    source.complete();
    expect(totals()).toMatchObject({ calls: 1, successes: 1 });
    expect(circuit.snapshot().inFlight).toBe(0);
  });

  it('counts an Observable without values as a success', () => {
    const { circuit, totals } = setUp();
    EMPTY.pipe(withCircuitBreaker(circuit)).subscribe();
    expect(totals()).toMatchObject({ calls: 1, successes: 1 });
  });

  it("settles at the first value with settleOn: 'first', and a later error changes nothing", () => {
    const { circuit, totals } = setUp();
    const source = new Subject<number>();
    source
      .pipe(withCircuitBreaker(circuit, { settleOn: 'first' }))
      .subscribe({ error: () => {} });
    source.next(1);
    expect(totals()).toMatchObject({ calls: 1, successes: 1 });
    source.error(new Error('late'));
    expect(totals()).toMatchObject({ calls: 1, failures: 0 });
  });

  it('counts an error after values as a failure', () => {
    const { circuit, totals } = setUp();
    concat(
      of(1),
      throwError(() => new Error('mid-stream')),
    )
      .pipe(withCircuitBreaker(circuit))
      .subscribe({ error: () => {} });
    expect(totals()).toMatchObject({ calls: 1, failures: 1 });
  });

  it('is neutral when it is unsubscribed before the first value', () => {
    const { circuit, totals } = setUp();
    NEVER.pipe(withCircuitBreaker(circuit)).subscribe().unsubscribe();
    expect(totals()).toMatchObject({ calls: 1, ignored: 1, slow: 0 });
    expect(circuit.snapshot().window.calls).toBe(0);
  });

  it('is slow when it is unsubscribed before the first value and after slowCallDuration', () => {
    const { circuit, clock, totals } = setUp({ slowCallDuration: 100 });
    const subscription = NEVER.pipe(withCircuitBreaker(circuit)).subscribe();
    clock.advance(101);
    subscription.unsubscribe();
    expect(totals()).toMatchObject({ ignored: 1, slow: 1 });
    expect(circuit.snapshot().window).toMatchObject({ calls: 1, slow: 1 });
  });

  it('is a success when it is unsubscribed after the first value', () => {
    const { circuit, totals } = setUp();
    concat(of(1), NEVER).pipe(withCircuitBreaker(circuit), take(1)).subscribe();
    expect(totals()).toMatchObject({ calls: 1, successes: 1 });
  });

  it('is not slow after its first value, however long it streams', () => {
    const { circuit, clock, totals } = setUp({ slowCallDuration: 100 });
    const source = new Subject<number>();
    source.pipe(withCircuitBreaker(circuit)).subscribe();
    clock.advance(50);
    source.next(1);
    clock.advance(10_000);
    expect(circuit.snapshot().inFlightSlow).toBe(0);
    source.complete();
    expect(totals()).toMatchObject({ successes: 1, slow: 0 });
  });

  it('is slow when its first value is late', () => {
    const { circuit, clock, totals } = setUp({ slowCallDuration: 100 });
    const source = new Subject<number>();
    source.pipe(withCircuitBreaker(circuit)).subscribe();
    clock.advance(101);
    source.next(1);
    source.complete();
    expect(totals()).toMatchObject({ successes: 1, slow: 1 });
  });

  it('succeeds as a probe at its first value, and is not overdue afterwards', () => {
    const { circuit, clock } = setUp();
    circuit.tryAcquire()?.failure();
    circuit.tryAcquire()?.failure();
    clock.advance(1_000);
    const source = new Subject<number>();
    source.pipe(withCircuitBreaker(circuit)).subscribe({ error: () => {} });
    expect(circuit.state).toBe('half-open');
    source.next(1);
    expect(circuit.state).toBe('closed');
    clock.advance(60_000);
    source.error(new Error('late'));
    expect(circuit.snapshot().window.failures).toBe(0);
  });

  it('refuses with an error while the circuit is open, and does not touch the source', () => {
    const { circuit } = setUp();
    circuit.forceOpen();
    let subscriptions = 0;
    const errors: unknown[] = [];
    defer(() => {
      subscriptions++;
      return of(1);
    })
      .pipe(withCircuitBreaker(circuit))
      .subscribe({ error: (error: unknown) => errors.push(error) });
    expect(subscriptions).toBe(0);
    expect(errors).toEqual([expect.objectContaining({ code: 'CIRCUIT_OPEN' })]);
  });

  it.each([
    ['an Observable', () => of('a', 'b'), ['a', 'b']],
    ['a plain value', () => 'a', ['a']],
    ['an array, as one value', () => ['a'], [['a']]],
  ])('answers by a fallback that returns %s', (_kind, fallback, expected) => {
    const { circuit, totals } = setUp();
    circuit.forceOpen();
    const values: unknown[] = [];
    NEVER.pipe(withCircuitBreaker<unknown>(circuit, { fallback })).subscribe(
      value => values.push(value),
    );
    expect(values).toEqual(expected);
    expect(totals().fallbacks).toBe(1);
  });

  it('makes each resubscription by retry a call of its own', () => {
    const { circuit, totals } = setUp();
    throwError(() => new Error('down'))
      .pipe(withCircuitBreaker(circuit), retry(4))
      .subscribe({ error: () => {} });
    expect(totals()).toMatchObject({ calls: 2, failures: 2, rejected: 3 });
  });

  it('makes each resubscription by repeat a call of its own', () => {
    const { circuit, totals } = setUp();
    of(1).pipe(withCircuitBreaker(circuit), repeat(3)).subscribe();
    expect(totals()).toMatchObject({ calls: 3, successes: 3 });
  });

  it('is one call behind share, however many subscribe', () => {
    const { circuit, totals } = setUp();
    const source = new Subject<number>();
    const shared = source.pipe(withCircuitBreaker(circuit), share());
    shared.subscribe();
    shared.subscribe();
    source.complete();
    expect(totals().calls).toBe(1);
  });

  it('gives the permit back when switchMap leaves it', () => {
    const { circuit, totals } = setUp();
    const clicks = new Subject<void>();
    clicks
      .pipe(switchMap(() => NEVER.pipe(withCircuitBreaker(circuit))))
      .subscribe();
    clicks.next();
    clicks.next();
    clicks.next();
    expect(totals()).toMatchObject({ calls: 2, ignored: 2 });
    expect(circuit.snapshot().inFlight).toBe(1);
  });

  it('gives the permit back when takeUntil ends it', () => {
    const { circuit } = setUp();
    const end = new Subject<void>();
    NEVER.pipe(withCircuitBreaker(circuit), takeUntil(end)).subscribe();
    end.next();
    expect(circuit.snapshot()).toMatchObject({
      inFlight: 0,
      totals: { ignored: 1 },
    });
  });

  it('stops an endless synchronous source when enough was taken', () => {
    const { circuit, totals } = setUp();
    const values: number[] = [];
    range(0, Infinity)
      .pipe(withCircuitBreaker(circuit), take(3))
      .subscribe(value => values.push(value));
    expect(values).toEqual([0, 1, 2]);
    expect(totals()).toMatchObject({ calls: 1, successes: 1 });
  });

  it('does not count an error that is thrown behind it against the dependency', () => {
    const { circuit, totals } = setUp();
    of(1)
      .pipe(
        withCircuitBreaker(circuit),
        map(() => {
          throw new Error('a bug downstream');
        }),
      )
      .subscribe({ error: () => {} });
    expect(totals()).toMatchObject({ calls: 1, successes: 1, failures: 0 });
  });

  it('trips on Observables that hang, without a timeout', () => {
    const hung = marbles(
      ({ cold, expectObservable }, circuit) => {
        const hanging = (): Observable<string> =>
          cold<string>('-').pipe(withCircuitBreaker(circuit));
        expectObservable(hanging(), '^ 400ms !').toBe('-');
        expectObservable(hanging(), '^ 400ms !').toBe('-');
        expectObservable(timer(200).pipe(switchMap(hanging))).toBe(
          '200ms #',
          undefined,
          expect.objectContaining({ code: 'CIRCUIT_OPEN' }),
        );
      },
      { minimumCalls: 2, slowCallDuration: 100 },
    );
    expect(hung.explain().rule).toBe('slowCallRateThreshold');
  });
});
