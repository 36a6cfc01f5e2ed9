import { describe, expect, it } from '@jest/globals';
import {
  defer,
  EMPTY,
  isObservable,
  lastValueFrom,
  NEVER,
  Observable,
  of,
  throwError,
} from 'rxjs';
import type { CallOptions } from '../../lib/circuit/call-options.js';
import {
  compileCallOptions,
  type AnswerKind,
} from '../../lib/circuit/call-options.js';
import { Circuit } from '../../lib/circuit/circuit.js';
import { invoke } from '../../lib/circuit/invoke.js';
import { CircuitOpenException } from '../../lib/errors/circuit-open.exception.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import type { CircuitEvent } from '../../lib/state/events.js';
import { passTime } from '../support/pass-time.js';
import { settled } from '../support/policy-host.js';
import { VirtualClock } from '../support/virtual-clock.js';

const RETRY = { attempts: 3, backoff: { initial: 10, jitter: 0 } } as const;
const ONE_PLACE = { bulkhead: { maxConcurrent: 1, maxQueue: 5 } };
const isBad = (value: unknown) => value === 'bad';

function setUp(rules: CircuitOptions = {}) {
  const clock = new VirtualClock();
  const logged: string[] = [];
  const log = (message: string) => void logged.push(message);
  const circuit = new Circuit('shop', rules, {
    clock,
    logger: { warn: log, error: log },
  });
  const events: CircuitEvent[] = [];
  circuit.events$.subscribe(event => void events.push(event));
  return {
    clock,
    circuit,
    events,
    logged,
    totals: () => circuit.snapshot().totals,
    /** Takes the only place. */
    occupy: () => void circuit.execute(() => new Promise(() => {})),
  };
}

/** Answers with one after the other. */
function script(results: string[]): () => Promise<string> {
  let calls = 0;
  return async () => results[calls++]!;
}

function fail(): never {
  throw new Error('down');
}

function answerNotFound(): never {
  throw Object.assign(new Error('not found'), { status: 404 });
}

async function refuse(): Promise<never> {
  throw new CircuitOpenException('elsewhere', null);
}

function substitute(): string {
  return 'fallback';
}

function codeOf({ code }: { code: string }): string {
  return code;
}

function hang<T>(): Promise<T> {
  return new Promise(() => {});
}

describe('a result that counts as a failure', () => {
  it('is tried again', async () => {
    const { circuit, clock, events, totals } = setUp();
    const options = { retry: RETRY, isFailureResult: isBad };
    const answer = circuit.execute(script(['bad', 'bad', 'good']), options);
    await passTime(clock, 100);
    expect(await answer).toBe('good');
    expect(totals()).toMatchObject({ failures: 2, successes: 1, retries: 2 });
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'retry', attempt: 2, error: 'bad' }),
    );
  });

  it('is forgotten when the next attempt is good', async () => {
    const { circuit, clock, totals } = setUp();
    const options = { retry: RETRY, isFailureResult: isBad };
    const answer = circuit.execute(script(['bad', 'good', 'more']), options);
    await passTime(clock, 100);
    expect(await answer).toBe('good');
    expect(totals()).toMatchObject({ calls: 2, retries: 1 });
  });

  it('is returned when there is no further attempt, and asks no fallback', async () => {
    const { circuit, clock, totals } = setUp();
    const answer = circuit.execute(script(['bad', 'bad', 'bad']), {
      retry: RETRY,
      isFailureResult: isBad,
      fallback: substitute,
    });
    await passTime(clock, 100);
    expect(await answer).toBe('bad');
    expect(totals()).toMatchObject({ failures: 3, fallbacks: 0 });
  });

  it('before an error that is none is not tried again', async () => {
    const { circuit, clock, totals } = setUp();
    let calls = 0;
    const answer = circuit.execute(
      async () => {
        if (++calls === 1) return 'bad';
        throw Object.assign(new Error('not found'), { status: 404 });
      },
      { retry: RETRY, isFailureResult: isBad },
    );
    const failed = expect(answer).rejects.toThrow('not found');
    await passTime(clock, 100);
    await failed;
    expect(totals()).toMatchObject({ calls: 2, retries: 1 });
  });

  it.each<[string, (circuit: Circuit, options: CallOptions) => unknown]>([
    [
      'a promise',
      (circuit, options) => {
        const all = { ...options, args: [] };
        return circuit.execute(async () => 'bad', all);
      },
    ],
    [
      'a plain value',
      (circuit, options) => circuit.executeSync(() => 'bad', options),
    ],
    [
      'an Observable',
      (circuit, options) => lastValueFrom(circuit.protect(of('bad'), options)),
    ],
  ])('is not kept by the cache: %s', async (_, call) => {
    const { circuit, totals } = setUp();
    const cache = { freshFor: 100, staleFor: 100, key: () => 'key' };
    const options = { isFailureResult: isBad, cache };
    expect(await call(circuit, options)).toBe('bad');
    expect(await call(circuit, options)).toBe('bad');
    expect(totals()).toMatchObject({ failures: 2, cacheHits: 0 });
  });

  it('in a stream counts once, also among good ones', async () => {
    const { circuit, totals } = setUp();
    const values = of('good', 'bad', 'bad', 'good');
    const answer = circuit.protect(values, { isFailureResult: isBad });
    expect(await lastValueFrom(answer)).toBe('good');
    expect(totals()).toMatchObject({ calls: 1, failures: 1 });
  });

  it('is a success where its judge throws, which is told', async () => {
    const { circuit, totals, logged } = setUp();
    const options = { isFailureResult: fail };
    expect(await circuit.execute(() => 1, options)).toBe(1);
    expect(totals().successes).toBe(1);
    expect(logged).toEqual([expect.stringContaining('isFailureResult threw')]);
  });
});

describe('a deadline that passes before there is an attempt', () => {
  it.each<
    [string, (circuit: Circuit, options: CallOptions) => Promise<unknown>]
  >([
    ['a promise', (circuit, options) => circuit.execute(hang, options)],
    [
      'an Observable',
      (circuit, options) => lastValueFrom(circuit.protect(NEVER, options)),
    ],
  ])('is one timeout and no call: %s', async (_, call) => {
    const { circuit, clock, events, totals, occupy } = setUp(ONE_PLACE);
    occupy();
    const answer = call(circuit, { deadline: 50, fallback: codeOf });
    await passTime(clock, 50);
    expect(await answer).toBe('CALL_TIMEOUT');
    expect(totals()).toMatchObject({ calls: 0, timeouts: 1, fallbacks: 1 });
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'timeout', limit: 'deadline' }),
    );
  });
});

describe('a deadline that passes while a further attempt waits for its place', () => {
  it.each<
    [string, (circuit: Circuit, options: CallOptions) => Promise<unknown>]
  >([
    ['a promise', (circuit, options) => circuit.execute(fail, options)],
    [
      'an Observable',
      (circuit, options) =>
        lastValueFrom(circuit.protect(throwError(fail), options)),
    ],
  ])('is a timeout beside the failure: %s', async (_, call) => {
    const { circuit, clock, totals, occupy } = setUp(ONE_PLACE);
    const answer = call(circuit, {
      retry: RETRY,
      deadline: 50,
      fallback: codeOf,
    });
    await settled();
    occupy();
    await passTime(clock, 60);
    expect(await answer).toBe('CALL_TIMEOUT');
    expect(totals()).toMatchObject({ failures: 1, timeouts: 1, retries: 1 });
  });
});

describe('the rules for an error', () => {
  it.each<[string, CallOptions]>([
    ['a fallback', { fallback: substitute }],
    ['a retry', { retry: { ...RETRY, attempts: 1 }, fallback: substitute }],
    [
      'a cache',
      { cache: { staleFor: 100, key: () => 'key' }, fallback: substitute },
    ],
  ])('are asked once for each, beside %s', async (_, options) => {
    let asked = 0;
    const { circuit } = setUp({ classifyError: () => void asked++ });
    const answer = circuit.execute(fail, { ...options, timeout: 100 });
    expect(await answer).toBe('fallback');
    expect(asked).toBe(1);
  });
});

describe("the caller's abort", () => {
  const reason = new Error('gone');

  it.each<[string, (circuit: Circuit, options: object) => Promise<unknown>]>([
    ['a promise', (circuit, options) => circuit.execute(hang, options)],
    [
      'an Observable',
      (circuit, options) => lastValueFrom(circuit.protect(NEVER, options)),
    ],
  ])('in the queue asks no fallback: %s', async (_, call) => {
    const { circuit, totals, occupy } = setUp(ONE_PLACE);
    occupy();
    const caller = new AbortController();
    const answer = call(circuit, {
      signal: caller.signal,
      fallback: substitute,
    });
    caller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    expect(totals()).toMatchObject({ calls: 0, rejected: 0, fallbacks: 0 });
  });

  it('between the admission and the call makes it none', async () => {
    const { circuit, clock } = setUp({
      ...ONE_PLACE,
      consecutiveFailures: 1,
      openDuration: 100,
      openJitter: 0,
    });
    circuit.tryAcquire()?.failure();
    clock.advance(100);
    const caller = new AbortController();
    circuit.on(['transition'], () => caller.abort(reason));
    let calls = 0;
    const answer = circuit.execute(() => calls++, { signal: caller.signal });
    await expect(answer).rejects.toBe(reason);
    expect(calls).toBe(0);
    expect(circuit.snapshot()).toMatchObject({
      state: 'half-open',
      inFlight: 0,
      totals: { calls: 1 },
    });
    expect(circuit.pipeline.isIdle).toBe(true);
  });

  it('by the function itself answers at once, and holds the place until its work has ended', async () => {
    const { circuit, totals } = setUp(ONE_PLACE);
    const caller = new AbortController();
    let end!: (value: string) => void;
    const body = () => {
      caller.abort(reason);
      return new Promise<string>(resolve => {
        end = resolve;
      });
    };
    const plan = compileCallOptions({});
    const call = { args: [], signal: caller.signal };
    const answer = invoke(circuit, plan, body, call);
    await expect(answer).rejects.toBe(reason);
    await settled();
    expect(circuit.snapshot().inFlight).toBe(0);
    expect(circuit.pipeline.isIdle).toBe(false);
    end('late');
    await settled();
    expect(circuit.pipeline.isIdle).toBe(true);
    expect(totals()).toMatchObject({ calls: 1, ignored: 1, successes: 0 });
  });

  it('of a slow call that answers at once counts as slow', () => {
    const { circuit, clock, totals } = setUp();
    const caller = new AbortController();
    const call = () =>
      circuit.executeSync(
        () => {
          clock.advance(5_000);
          caller.abort(reason);
          throw reason;
        },
        { signal: caller.signal },
      );
    expect(call).toThrow(reason);
    expect(totals()).toMatchObject({ ignored: 1, slow: 1 });
  });

  it('that came before a call leaves the attempts of others alone', async () => {
    const { circuit, totals } = setUp();
    const caller = new AbortController();
    caller.abort(reason);
    const answer = circuit.execute(() => 1, { signal: caller.signal });
    await expect(answer).rejects.toBe(reason);
    expect(totals().calls).toBe(0);
  });

  it('that comes while another error is on its way needs no fallback', async () => {
    const { circuit, clock } = setUp();
    const caller = new AbortController();
    const answer = circuit.execute(hang, {
      timeout: 50,
      signal: caller.signal,
      fallback: codeOf,
    });
    circuit.on(['timeout'], () => queueMicrotask(() => caller.abort(reason)));
    const outcome = answer.catch((error: unknown) => error);
    await passTime(clock, 50);
    expect(await outcome).toBe(reason);
    expect(circuit.snapshot().totals).toMatchObject({
      timeouts: 1,
      failures: 1,
      fallbacks: 0,
    });
  });

  it.each<[string, (circuit: Circuit, options: object) => Promise<unknown>]>([
    ['a promise', (circuit, options) => circuit.execute(refuse, options)],
    [
      'an Observable',
      (circuit, options) =>
        lastValueFrom(circuit.protect(defer(refuse), options)),
    ],
  ])(
    'that comes while a fallback hangs ends the call, of %s',
    async (_kind, call) => {
      const { circuit } = setUp();
      const caller = new AbortController();
      let hasBegun = false;
      const outcome = call(circuit, {
        signal: caller.signal,
        deadline: 1_000,
        fallback: () => {
          hasBegun = true;
          return hang();
        },
      }).catch((error: unknown) => error);
      await settled();
      expect(hasBegun).toBe(true);
      caller.abort(reason);
      expect(await outcome).toBe(reason);
    },
  );

  it.each<[AnswerKind, (circuit: Circuit) => unknown]>([
    ['promise', () => Promise.reject(new Error('down'))],
    ['observable', () => throwError(() => new Error('down'))],
  ])(
    'that comes during a look for a stale answer calls no fallback, of a method that answers with %s',
    async (kind, body) => {
      const circuit = new Circuit(
        'c',
        {},
        {
          clock: new VirtualClock(),
          cacheStore: { get: hang, set: hang },
        },
      );
      const caller = new AbortController();
      let fallbacks = 0;
      const plan = compileCallOptions(
        {
          cache: { staleFor: 1_000, deadline: 1_000 },
          fallback: () => ++fallbacks,
        },
        'Shop.read',
        { method: 'Shop.read' },
      );
      const answer = invoke(
        circuit,
        plan,
        () => body(circuit),
        { args: [], signal: caller.signal },
        kind,
      );
      const outcome = (
        isObservable(answer)
          ? lastValueFrom(answer)
          : (answer as Promise<unknown>)
      ).catch((error: unknown) => error);
      await settled();
      caller.abort(reason);
      expect(await outcome).toBe(reason);
      expect(fallbacks).toBe(0);
    },
  );
});

describe('a refusal elsewhere that a shared call ends with', () => {
  it('is no timeout', async () => {
    const { circuit, totals } = setUp();
    const cache = { staleFor: 100, coalesce: true, key: () => 'key' };
    const options = { cache, fallback: substitute };
    const answers = [1, 2].map(() => circuit.execute(refuse, options));
    expect(await Promise.all(answers)).toEqual(['fallback', 'fallback']);
    expect(totals()).toMatchObject({ calls: 1, timeouts: 0, fallbacks: 2 });
  });
});

describe('the kind in which an unknown function is refused', () => {
  it.each<[string, () => unknown, (answer: unknown) => boolean]>([
    [
      'promise',
      () => Promise.resolve(1),
      answer => {
        (answer as Promise<unknown>).catch(() => {});
        return answer instanceof Promise;
      },
    ],
    ['Observable', () => of(1), answer => answer instanceof Observable],
  ])('is that of its last answer: %s', async (_, body, isOfKind) => {
    const { circuit } = setUp();
    const wrapped = circuit.wrap(body);
    const first = wrapped();
    await (first instanceof Observable ? lastValueFrom(first) : first);
    circuit.forceOpen();
    expect(isOfKind(wrapped())).toBe(true);
  });

  it('is thrown while nobody knows', () => {
    const { circuit } = setUp();
    circuit.forceOpen();
    expect(circuit.wrap(() => 1)).toThrow(CircuitOpenException);
  });
});

describe('a function that is declared to answer with Observables', () => {
  it('that throws errors at the subscription, as a failure', async () => {
    const { circuit, totals } = setUp();
    const load: () => Observable<never> = fail;
    const answer = circuit.wrap(load, { returns: 'observable' })();
    expect(totals().calls).toBe(0);
    await expect(lastValueFrom(answer)).rejects.toThrow('down');
    expect(totals().failures).toBe(1);
  });

  it('is not called while the circuit is open, and is when a subscriber comes later', async () => {
    const { circuit, totals } = setUp();
    let calls = 0;
    const wrapped = circuit.wrap(
      () => {
        calls++;
        return of('value');
      },
      { returns: 'observable' },
    );
    circuit.forceOpen();
    const answer = wrapped();
    await expect(lastValueFrom(answer)).rejects.toThrow(CircuitOpenException);
    expect(calls).toBe(0);
    circuit.forceClosed();
    expect(await lastValueFrom(answer)).toBe('value');
    expect([calls, totals().successes]).toEqual([1, 1]);
  });

  it('is called at the call while the circuit would admit it', () => {
    const { circuit } = setUp();
    let calls = 0;
    const body = () => {
      calls++;
      return EMPTY;
    };
    circuit.wrap(body, { returns: 'observable' })();
    expect(calls).toBe(1);
  });
});

describe('a plain value', () => {
  const cache = { freshFor: 50, staleFor: 500, key: () => 'key' };

  it('is answered by the cache before the fallback, and that is counted', () => {
    const { circuit, clock, totals } = setUp();
    const options = { cache, fallback: substitute };
    expect(circuit.executeSync(() => 'value', options)).toBe('value');
    clock.advance(100);
    expect(circuit.executeSync<string>(fail, options)).toBe('value');
    clock.advance(1_000);
    expect(circuit.executeSync<string>(fail, options)).toBe('fallback');
    expect(totals()).toMatchObject({ cacheHits: 1, fallbacks: 1 });
  });

  it('of the dependency that is an error is answered by neither', () => {
    const { circuit, clock } = setUp();
    const options = { cache, fallback: substitute };
    circuit.executeSync(() => 'value', options);
    clock.advance(100);
    expect(() => circuit.executeSync(answerNotFound, options)).toThrow(
      'not found',
    );
    expect(() => circuit.executeSync(answerNotFound, {})).toThrow('not found');
  });
});

describe('a stream that waits for its place', () => {
  it('leaves the queue when it is unsubscribed, and is not called', async () => {
    const { circuit, totals } = setUp(ONE_PLACE);
    let end!: () => void;
    const first = circuit.execute(
      () => new Promise<void>(resolve => void (end = resolve)),
    );
    let subscriptions = 0;
    const source = new Observable(() => void subscriptions++);
    circuit.protect(source).subscribe().unsubscribe();
    end();
    await first;
    await settled();
    expect(subscriptions).toBe(0);
    expect(totals().calls).toBe(1);
    expect(circuit.pipeline.isIdle).toBe(true);
  });

  it('gives back what it gets in the instant in which it leaves', async () => {
    const { circuit, totals } = setUp(ONE_PLACE);
    const subscription = circuit.executeSync(() =>
      circuit.protect(NEVER).subscribe(),
    );
    // The place is its own by now, and it does not know yet.
    subscription.unsubscribe();
    await settled();
    expect(circuit.pipeline.isIdle).toBe(true);
    expect(totals()).toMatchObject({ calls: 1, ignored: 0 });
  });

  it('is not tried again after its first value', async () => {
    const { circuit, clock, totals } = setUp();
    const source = new Observable<string>(subscriber => {
      subscriber.next('value');
      subscriber.error(new Error('down'));
    });
    const answer = lastValueFrom(circuit.protect(source, { retry: RETRY }));
    const failed = expect(answer).rejects.toThrow('down');
    await passTime(clock, 100);
    await failed;
    expect(totals()).toMatchObject({ failures: 1, retries: 0 });
  });

  it('answers by its fallback as often as it is subscribed', async () => {
    const { circuit, totals } = setUp();
    const failing = throwError(() => new Error('down'));
    const answer = circuit.protect<string>(failing, {
      fallback: () => of('one', 'two'),
    });
    expect(await lastValueFrom(answer)).toBe('two');
    expect(await lastValueFrom(answer)).toBe('two');
    expect(totals().fallbacks).toBe(2);
  });
});

describe('what a stream means is judged once', () => {
  it('asks no rule about the abort of its own caller', async () => {
    const { circuit, logged } = setUp({
      recordErrors: [error => (error as { code: string }).code.startsWith('E')],
    });
    const caller = new AbortController();
    circuit.protect(NEVER, { signal: caller.signal }).subscribe({ error() {} });
    caller.abort();
    await settled();

    expect(logged).toEqual([]);
    expect(circuit.snapshot().totals).toMatchObject({ calls: 1, ignored: 1 });
  });

  it('counts a deadline as what its caller was told that it is', async () => {
    let asked = 0;
    const { clock, circuit } = setUp({
      classifyError: () => (asked++ % 2 === 0 ? 'ignored' : 'failure'),
    });
    const seen: unknown[] = [];
    circuit
      .protect(NEVER, { deadline: 20, fallback: () => of('fallback') })
      .subscribe({
        next: value => seen.push(value),
        error: (error: { code: string }) => seen.push(error.code),
      });
    await passTime(clock, 30);

    expect(seen).toEqual(['CALL_TIMEOUT']);
    expect(asked).toBe(1);
    expect(circuit.snapshot().totals).toMatchObject({
      ignored: 1,
      failures: 0,
      timeouts: 1,
    });
  });

  it('spends one token of a limit in shadow mode on a function that turns out to stream', () => {
    const { circuit, totals } = setUp({
      mode: 'shadow',
      rateLimit: { limit: 2, interval: '1h' },
    });
    const stream = circuit.wrap(() => of(1));
    stream().subscribe();
    stream().subscribe();
    expect(totals().wouldReject).toBe(0);
    stream().subscribe();
    expect(totals().wouldReject).toBeGreaterThan(0);
  });

  it('gives back no token of a call that an open circuit let pass in shadow mode without one', async () => {
    const { circuit, totals } = setUp({
      mode: 'shadow',
      consecutiveFailures: 1,
      rateLimit: { limit: 1, interval: '1h' },
    });
    await circuit
      .execute(() => Promise.reject(new Error('down')))
      .catch(() => {});
    circuit
      .wrap(() => of(1))()
      .subscribe();
    circuit.reset();
    const before = totals().wouldReject;
    await circuit.execute(async () => 1);
    expect(totals().wouldReject).toBe(before + 1);
  });
});
