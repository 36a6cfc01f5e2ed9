import { getEventListeners } from 'node:events';
import { HttpException } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import {
  concat,
  defer,
  EMPTY,
  finalize,
  lastValueFrom,
  NEVER,
  Observable,
  of,
  Subject,
  takeUntil,
  throwError,
} from 'rxjs';
import type { Call } from '../../lib/circuit/call.js';
import {
  compileCallOptions,
  type CallOptions,
} from '../../lib/circuit/call-options.js';
import { Circuit } from '../../lib/circuit/circuit.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import type { CircuitEvent } from '../../lib/state/events.js';
import { passTime } from '../support/pass-time.js';
import { settled } from '../support/policy-host.js';
import { VirtualClock } from '../support/virtual-clock.js';

const RETRY = { attempts: 3, backoff: { initial: 10, jitter: 0 } } as const;
const ONE_PLACE: CircuitOptions = {
  bulkhead: { maxConcurrent: 1, maxQueue: 5 },
};
const OPENS_AT_ONCE: CircuitOptions = {
  consecutiveFailures: 1,
  openDuration: 100,
  openJitter: 0,
};

function setUp(rules: CircuitOptions = {}) {
  const clock = new VirtualClock();
  const circuit = new Circuit('shop', rules, { clock });
  const events: CircuitEvent[] = [];
  circuit.on(['timeout', 'retry'], event => void events.push(event));
  return {
    clock,
    circuit,
    events,
    totals: () => circuit.snapshot().totals,
    /** As the interceptor calls, with what only it knows of a call. */
    protect: <T>(source: Observable<T>, options: CallOptions, call: Call) =>
      circuit.pipeline.protect(compileCallOptions(options), source, call),
    /** Takes the only place; answers what gives it back. */
    occupy: () => {
      let leave!: () => void;
      void circuit.execute(
        () => new Promise<void>(resolve => void (leave = resolve)),
      );
      return leave;
    },
  };
}

const failing = throwError(() => new Error('down'));
function substitute(): string {
  return 'spare';
}

const goneReason = new Error('gone');

/** What a stream has told: its values, and at last its error. */
function listen<T>(stream: Observable<T>) {
  const told: unknown[] = [];
  const subscription = stream.subscribe({
    next: value => void told.push(value),
    error: (error: unknown) => void told.push(error),
  });
  return { told, leave: () => subscription.unsubscribe() };
}

describe('a deadline of a stream', () => {
  it('that passes before there is an attempt is a timeout also without a fallback', async () => {
    const { circuit, clock, totals, occupy } = setUp(ONE_PLACE);
    occupy();
    const { told } = listen(circuit.protect(NEVER, { deadline: 50 }));
    await passTime(clock, 50);
    expect(told).toMatchObject([{ code: 'CALL_TIMEOUT' }]);
    expect(totals()).toMatchObject({ calls: 0, timeouts: 1 });
  });

  it('that passes while it runs is told as one', async () => {
    const { circuit, clock, events, totals } = setUp();
    listen(circuit.protect(NEVER, { deadline: 50 }));
    await passTime(clock, 50);
    expect(events).toMatchObject([{ type: 'timeout', limit: 'deadline' }]);
    expect(totals()).toMatchObject({ failures: 1, timeouts: 1 });
  });
});

describe('the fallback of a stream', () => {
  it('tells that it begins to answer', () => {
    const { protect } = setUp();
    let begun = 0;
    const fallsBack = () => void begun++;
    const { told } = listen(
      protect(failing, { fallback: substitute }, { fallsBack }),
    );
    expect(told).toEqual(['spare']);
    expect(begun).toBe(1);
  });

  it.each<[string, Observable<string>]>([
    ['its first value', concat(of('spare', 'another'), NEVER)],
    ['its end, without a value', EMPTY],
  ])('counts once, with %s', (_what, answers) => {
    const { circuit, totals } = setUp();
    const { leave } = listen(
      circuit.protect(failing, { fallback: () => answers }),
    );
    expect(totals().fallbacks).toBe(1);
    leave();
    expect(totals().fallbacks).toBe(1);
  });

  it('does not count while it has not answered', () => {
    const { circuit, totals } = setUp();
    listen(circuit.protect(failing, { fallback: () => NEVER }));
    expect(totals().fallbacks).toBe(0);
  });

  it('begins nothing where there is none', () => {
    const { protect } = setUp();
    let begun = 0;
    const fallsBack = () => void begun++;
    const { told } = listen(protect(failing, {}, { fallsBack }));
    expect(told).toMatchObject([{ message: 'down' }]);
    expect(begun).toBe(0);
  });

  it('does not begin for a caller who goes in the instant of the failure', () => {
    const { circuit, protect } = setUp();
    const caller = new AbortController();
    circuit.on(['failure'], () => caller.abort(goneReason));
    let begun = 0;
    const { told } = listen(
      protect(
        failing,
        { fallback: () => ++begun },
        { signal: caller.signal, fallsBack: () => void begun++ },
      ),
    );
    expect(told).toEqual([goneReason]);
    expect(begun).toBe(0);
  });
});

describe("the caller's abort of a stream", () => {
  it.each<[string, CircuitOptions]>([
    ['while it runs', {}],
    ['in the queue', ONE_PLACE],
  ])(
    'ends it with its reason, also where it could be tried again: %s',
    async (when, rules) => {
      const { circuit, clock, occupy, totals } = setUp(rules);
      if (when === 'in the queue') occupy();
      const caller = new AbortController();
      const { signal } = caller;
      const { told } = listen(circuit.protect(NEVER, { retry: RETRY, signal }));
      caller.abort(goneReason);
      await passTime(clock, 50);
      expect(told).toEqual([goneReason]);
      expect(totals().retries).toBe(0);
    },
  );

  it('is no failure where the stream itself ends with its reason, whatever errors the rules record', () => {
    const { circuit, clock, totals } = setUp({ recordErrors: [() => true] });
    const caller = new AbortController();
    const source = new Subject<never>();
    // The source hears of it before the circuit does.
    caller.signal.addEventListener('abort', () => source.error(goneReason));
    let fallbacks = 0;
    const { told } = listen(
      circuit.protect<unknown>(source, {
        signal: caller.signal,
        fallback: () => ++fallbacks,
      }),
    );
    clock.advance(5_000);
    caller.abort(goneReason);
    expect(told).toEqual([goneReason]);
    expect(fallbacks).toBe(0);
    expect(totals()).toMatchObject({ failures: 0, ignored: 1, slow: 1 });
  });

  it('does not excuse an error that the stream had before', () => {
    const { circuit, totals } = setUp();
    const caller = new AbortController();
    const source = new Subject<never>();
    caller.signal.addEventListener('abort', () =>
      source.error(new Error('down')),
    );
    const { signal } = caller;
    const { told } = listen(circuit.protect(source, { signal }));
    caller.abort(goneReason);
    expect(told).toMatchObject([{ message: 'down' }]);
    expect(totals().failures).toBe(1);
  });

  it('is no reason to ignore an error that comes without one', () => {
    const { circuit, totals } = setUp();
    const { signal } = new AbortController();
    const undefinedError = throwError(() => undefined);
    const { told } = listen(circuit.protect(undefinedError, { signal }));
    expect(told).toEqual([undefined]);
    expect(totals()).toMatchObject({ failures: 1, ignored: 0 });
  });

  it.each<[string, CircuitOptions]>([
    ['at once', {}],
    ['through the queue', ONE_PLACE],
  ])(
    'leaves no listener behind when the stream has come in %s and ended',
    async (how, rules) => {
      const { circuit, occupy } = setUp(rules);
      const end = how === 'at once' ? () => {} : occupy();
      const { signal } = new AbortController();
      const options = { signal, timeout: 50, retry: RETRY, deadline: 100 };
      const { told } = listen(circuit.protect(of('value'), options));
      end();
      await settled();
      expect(told).toEqual(['value']);
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    },
  );
});

describe('a stream that waits to be tried again', () => {
  it('is not called before its time, though the circuit moves', async () => {
    const { circuit, clock, events } = setUp({
      mode: 'shadow',
      consecutiveFailures: 1,
    });
    const times: number[] = [];
    const source = defer(() => {
      times.push(clock.now());
      return failing;
    });
    listen(circuit.protect(source, { retry: { ...RETRY, attempts: 2 } }));
    await passTime(clock, 5);
    circuit.reset();
    circuit.forceClosed();
    await passTime(clock, 20);
    expect(times).toEqual([0, 10]);
    expect(events).toMatchObject([{ type: 'retry', attempt: 2, delay: 10 }]);
  });

  it('numbers its attempts from the second', async () => {
    const { circuit, clock, events } = setUp();
    listen(circuit.protect(failing, { retry: RETRY }));
    await passTime(clock, 100);
    expect(events).toMatchObject([{ attempt: 2 }, { attempt: 3 }]);
  });
});

describe('a stream in a queue with a rate limit', () => {
  const rules: CircuitOptions = {
    ...ONE_PLACE,
    ...OPENS_AT_ONCE,
    rateLimit: { limit: 3, interval: '1h' },
  };

  it('gives back its permit, place and token when it leaves in the instant of its turn', async () => {
    const { circuit, clock, occupy, totals } = setUp(rules);
    const end = occupy();
    let subscriptions = 0;
    const stream = listen(circuit.protect(defer(() => of(++subscriptions))));
    circuit.tryAcquire()?.failure();
    clock.advance(100);
    // Its turn makes it a probe, of which somebody is told before the stream is.
    circuit.on(['transition'], ({ type }) => {
      if (type === 'transition') stream.leave();
    });
    end();
    await settled();
    expect(circuit.state).toBe('half-open');
    expect(subscriptions).toBe(0);
    expect(circuit.snapshot().inFlight).toBe(0);
    expect(circuit.pipeline.isIdle).toBe(true);
    circuit.reset();
    // Two tokens are left of three: one is gone, with the call that was made.
    circuit.executeSync(() => 1);
    circuit.executeSync(() => 1);
    expect(() => circuit.executeSync(() => 1)).toThrow(
      expect.objectContaining({ code: 'RATE_LIMITED' }),
    );
    expect(totals().ignored).toBe(0);
  });

  it('may leave when its turn has come to nothing', async () => {
    const { circuit, occupy, totals } = setUp(rules);
    const end = occupy();
    const stream = listen(circuit.protect(of(1)));
    circuit.on(['rejected'], () => stream.leave());
    circuit.forceOpen();
    end();
    await settled();
    expect(stream.told).toEqual([]);
    expect(totals().rejected).toBe(1);
    expect(circuit.pipeline.isIdle).toBe(true);
  });

  it('keeps its token when it has come to its turn and ends', async () => {
    const { circuit, occupy } = setUp(rules);
    const end = occupy();
    const stream = listen(circuit.protect(of('value')));
    end();
    await settled();
    expect(stream.told).toEqual(['value']);
    circuit.executeSync(() => 1);
    expect(() => circuit.executeSync(() => 1)).toThrow(
      expect.objectContaining({ code: 'RATE_LIMITED' }),
    );
  });
});

describe('a stream in a bulkhead', () => {
  const noQueue: CircuitOptions = {
    bulkhead: { maxConcurrent: 1, maxQueue: 0 },
  };

  it.each([
    ['end', of(1)],
    ['error', throwError(() => new Error('down'))],
  ])('has given it back when its subscriber hears of its %s', (_what, work) => {
    const { circuit } = setUp(noQueue);
    const told: string[] = [];
    const callAgain = () => told.push(circuit.executeSync(() => 'value'));
    circuit.protect(work).subscribe({ error: callAgain, complete: callAgain });
    expect(told).toEqual(['value']);
  });

  it('that leaves the queue leaves it to others', async () => {
    const { circuit, occupy } = setUp({
      bulkhead: { maxConcurrent: 1, maxQueue: 1 },
    });
    const end = occupy();
    listen(circuit.protect(of('first'))).leave();
    const { told } = listen(circuit.protect(of('second')));
    end();
    await settled();
    expect(told).toEqual(['second']);
  });
});

describe('a stream whose work runs on', () => {
  it('holds its place until its own end, though nobody listens any more', () => {
    const { circuit, protect, totals } = setUp(ONE_PLACE);
    const source = new Subject<string>();
    const stream = listen(protect(source, {}, { runsOn: true }));
    stream.leave();
    expect(circuit.snapshot().inFlight).toBe(0);
    expect(circuit.pipeline.isIdle).toBe(false);
    source.next('late');
    expect(circuit.pipeline.isIdle).toBe(true);
    expect(totals()).toMatchObject({ calls: 1, ignored: 1 });
  });

  it('needs no place where there is no bulkhead, and is left like any other', () => {
    const { protect } = setUp();
    const source = new Subject<string>();
    const stream = listen(protect(source, {}, { runsOn: true }));
    expect(source.observed).toBe(true);
    stream.leave();
    expect(source.observed).toBe(false);
  });

  it('is the exception: any other stream gives its place back when it is left', () => {
    const { circuit, protect } = setUp(ONE_PLACE);
    listen(protect(NEVER, {}, {})).leave();
    expect(circuit.pipeline.isIdle).toBe(true);
  });
});

describe('a stream that several share through the cache', () => {
  const cache = { staleFor: '1h', coalesce: true, key: () => 'k' };

  it('is judged without the caller who began it, when that has gone', () => {
    const { circuit, totals } = setUp();
    listen(circuit.protect(of('kept'), { cache }));
    const source = new Subject<string>();
    const caller = new AbortController();
    const first = circuit.protect(source, { cache, signal: caller.signal });
    const gone = listen(first);
    const { told } = listen(circuit.protect(source, { cache }));
    caller.abort('gone');
    source.error(Object.assign(new Error('cut'), { name: 'AbortError' }));
    expect(gone.told).toEqual(['gone']);
    expect(told).toEqual(['kept']);
    expect(totals()).toMatchObject({ failures: 1, ignored: 0 });
  });

  it.each<[string, (circuit: Circuit, call: Call) => Promise<unknown>]>([
    [
      'a stream',
      (circuit, call) =>
        lastValueFrom(
          circuit.pipeline.protect(
            compileCallOptions({ cache }),
            notFound,
            call,
          ),
        ),
    ],
    [
      'a promise',
      (circuit, call) =>
        circuit.pipeline.execute(
          compileCallOptions({ cache }),
          () => lastValueFrom(notFound),
          call,
        ),
    ],
  ])('is judged as what it is at a handler: %s', async (_kind, run) => {
    const { circuit, totals } = setUp();
    await expect(run(circuit, { atHandler: true })).rejects.toThrow('no such');
    expect(totals()).toMatchObject({ ignored: 1, successes: 0 });
    await expect(run(circuit, {})).rejects.toThrow('no such');
    expect(totals()).toMatchObject({ ignored: 1, successes: 1 });
  });
});

const notFound = throwError(() => new HttpException('no such', 404));

describe('a call whose key says that it is not to be cached', () => {
  const cache = {
    staleFor: '1h',
    freshFor: '1h',
    key: () => undefined as never,
  };

  it.each<[string, (circuit: Circuit, body: () => number) => unknown]>([
    ['a promise', (circuit, body) => circuit.execute(body, { cache })],
    ['a plain value', (circuit, body) => circuit.executeSync(body, { cache })],
    [
      'a stream',
      (circuit, body) =>
        lastValueFrom(
          circuit.protect(
            defer(() => of(body())),
            { cache },
          ),
        ),
    ],
  ])('is made each time: %s', async (_kind, call) => {
    const { circuit } = setUp();
    let calls = 0;
    expect(await call(circuit, () => ++calls)).toBe(1);
    expect(await call(circuit, () => ++calls)).toBe(2);
  });
});

describe('an Observable whose subscriber goes while a listener hears of its admission', () => {
  it.each<[string, CallOptions, CircuitOptions]>([
    ['alone', {}, {}],
    ['with a fallback', { fallback: substitute }, {}],
    ['with retries', { retry: RETRY }, {}],
    ['with a bulkhead', {}, ONE_PLACE],
  ])('begins nothing and gives the permit back: %s', (_, options, rules) => {
    const { circuit, clock } = setUp({
      ...OPENS_AT_ONCE,
      ...rules,
      halfOpen: { calls: 1 },
    });
    listen(circuit.protect(failing));
    clock.advance(100);
    const gone = new Subject<void>();
    circuit.on(['transition'], () => gone.next());
    let runs = 0;
    const source = defer(() => {
      runs++;
      return NEVER;
    });

    listen(circuit.protect(source, options).pipe(takeUntil(gone)));

    expect(runs).toBe(0);
    expect(circuit.state).toBe('half-open');
    expect(circuit.inFlight).toBe(0);
    expect(circuit.wouldAdmit()).toBe(true);
    expect(circuit.pipeline.isIdle).toBe(true);
  });
});

describe('an Observable that fails', () => {
  it('is let go of after its error was told, as without a circuit', () => {
    const { circuit } = setUp();
    const order: string[] = [];
    const source = failing.pipe(finalize(() => order.push('let go of')));

    circuit.protect(source).subscribe({ error: () => void order.push('told') });

    expect(order).toEqual(['told', 'let go of']);
  });
});
