import { describe, expect, it } from '@jest/globals';
import { firstValueFrom, NEVER, of, type Observable } from 'rxjs';
import type { Body, Call } from '../../lib/circuit/call.js';
import {
  compileCallOptions,
  type AnswerKind,
  type CallOptions,
} from '../../lib/circuit/call-options.js';
import { Circuit } from '../../lib/circuit/circuit.js';
import { invoke } from '../../lib/circuit/invoke.js';
import type { CacheStore } from '../../lib/policies/cache-store.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { passTime } from '../support/pass-time.js';
import { settled } from '../support/policy-host.js';
import { VirtualClock } from '../support/virtual-clock.js';

const ONE_PLACE: CircuitOptions = {
  bulkhead: { maxConcurrent: 1, maxQueue: 0 },
};
const ONE_TOKEN: CircuitOptions = { rateLimit: { limit: 1, interval: '1h' } };
const LIMITS: [string, CircuitOptions][] = [
  ['nothing around the circuit', {}],
  ['a bulkhead', ONE_PLACE],
];

function setUp(options: CircuitOptions = {}, cacheStore?: CacheStore) {
  const clock = new VirtualClock();
  const circuit = new Circuit('shop', options, { clock, cacheStore });
  return {
    circuit,
    clock,
    totals: () => circuit.snapshot().totals,
    /** A function whose last answer was of a kind. */
    call: (
      body: Body,
      own: CallOptions = {},
      call: Call & { readonly last?: AnswerKind } = {},
    ) =>
      invoke(circuit, compileCallOptions(own), body, {
        answers: { last: call.last },
        ...call,
      }),
  };
}

function hang(): Promise<never> {
  return new Promise(() => {});
}

function answerNotFound(): never {
  throw Object.assign(new Error('not found'), { status: 404 });
}

function fail(): never {
  throw new Error('down');
}

describe.each(LIMITS)(
  'a function of no declared kind that throws at once, behind %s',
  (_what, options) => {
    it('throws as before, as a failure', () => {
      const { circuit, call, totals } = setUp(options);
      expect(() => call(fail)).toThrow('down');
      expect(totals()).toMatchObject({ calls: 1, failures: 1 });
      expect(circuit.pipeline.isIdle).toBe(true);
    });

    it('is answered by its fallback', () => {
      const { call, totals } = setUp(options);
      expect(call(fail, { fallback: () => 'spare' })).toBe('spare');
      expect(totals()).toMatchObject({ failures: 1, fallbacks: 1 });
    });

    it('throws also for who does not say what it answered before', () => {
      const { circuit } = setUp(options);
      const plan = compileCallOptions({});
      expect(() => invoke(circuit, plan, fail, {})).toThrow('down');
    });

    it('rejects once it has answered with promises', async () => {
      const { call, totals } = setUp(options);
      const answer = call(fail, {}, { last: 'promise' });
      await expect(answer).rejects.toThrow('down');
      expect(totals()).toMatchObject({ calls: 1, failures: 1 });
    });

    it('is answered by a promise of its fallback once it has answered with promises', async () => {
      const { call } = setUp(options);
      const own = { fallback: () => 'spare' };
      const answer = call(fail, own, { last: 'promise' });
      await expect(answer).resolves.toBe('spare');
    });
  },
);

describe('an error of a function that is no failure', () => {
  it('is thrown, and answered by no fallback', () => {
    const { call, totals } = setUp();
    const own = { fallback: () => 'spare' };
    expect(() => call(answerNotFound, own)).toThrow('not found');
    expect(totals()).toMatchObject({ successes: 1, fallbacks: 0 });
  });
});

describe('a function of no declared kind, with nothing around the circuit', () => {
  it('answers a plain value at once, also after a promise', () => {
    const { call } = setUp();
    expect(call(() => 'plain', {}, { last: 'promise' })).toBe('plain');
  });

  it("gets its caller's signal, and is the first attempt", () => {
    const { call } = setUp();
    const { signal } = new AbortController();
    const seen: unknown[] = [];
    call(context => seen.push(context.signal, context.attempt), {}, { signal });
    expect(seen).toEqual([signal, 1]);
  });

  it('may answer with an Observable to a caller who can go', async () => {
    const { call } = setUp();
    const { signal } = new AbortController();
    const answer = call(() => of('value'), {}, { signal });
    await expect(firstValueFrom(answer as Observable<string>)).resolves.toBe(
      'value',
    );
  });

  it('may answer with an Observable that its caller ends', () => {
    const { call } = setUp();
    const caller = new AbortController();
    const { signal } = caller;
    const answer = call(() => NEVER, {}, { signal }) as Observable<never>;
    const told: unknown[] = [];
    answer.subscribe({ error: error => told.push(error) });
    caller.abort('gone');
    expect(told).toEqual(['gone']);
  });

  it('is refused by an error to who does not say what it answered before', () => {
    const { circuit } = setUp();
    circuit.forceOpen();
    const plan = compileCallOptions({});
    expect(() => invoke(circuit, plan, () => 1, {})).toThrow(
      expect.objectContaining({ code: 'CIRCUIT_OPEN' }),
    );
  });

  it('that aborts its own caller is one call, which nobody waits for', async () => {
    const { circuit, call, totals } = setUp();
    const caller = new AbortController();
    const body = () => {
      caller.abort('gone');
      return new Promise(() => {});
    };
    const answer = call(body, {}, { signal: caller.signal });
    await expect(answer).rejects.toBe('gone');
    await settled();
    expect(circuit.snapshot().inFlight).toBe(0);
    expect(totals()).toMatchObject({ calls: 1, ignored: 1 });
  });
});

describe('a caller who had gone before', () => {
  it('calls no function of no declared kind', () => {
    const { call, totals } = setUp();
    let calls = 0;
    const signal = AbortSignal.abort('gone');
    let thrown: unknown;
    try {
      call(() => ++calls, {}, { signal });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBe('gone');
    expect([calls, totals().calls]).toEqual([0, 0]);
  });

  it('is not counted among those that an open circuit refuses', async () => {
    const { circuit, call, totals } = setUp(ONE_PLACE);
    circuit.forceOpen();
    const signal = AbortSignal.abort('gone');
    const answer = call(() => 1, {}, { signal, last: 'promise' });
    await expect(answer).rejects.toBe('gone');
    expect(totals().rejected).toBe(0);
  });
});

describe('a function of mixed kinds', () => {
  it.each<[string, () => unknown, AnswerKind]>([
    ['a plain value where a timeout was wanted', () => 1, 'value'],
    ['an Observable after a promise', () => of(1), 'promise'],
  ])('is told which call it was: %s', async (_what, body, last) => {
    const { call } = setUp(ONE_PLACE);
    const outcome = new Promise(resolve => {
      resolve(call(body, { timeout: '1s' }, { last }));
    });
    await expect(outcome).rejects.toThrow(/^A call of "shop"/);
  });
});

describe('a plain value where a timeout was wanted', () => {
  it('is a call that has ended', () => {
    const { circuit, call, totals } = setUp();
    const answer = () =>
      call(() => 'plain', { timeout: '1s' }, { last: 'observable' });
    expect(answer).toThrow('timeout');
    expect(totals()).toMatchObject({ calls: 1, successes: 1 });
    expect(circuit.inFlight).toBe(0);
  });
});

describe('the signal of a function that answers with an Observable', () => {
  it("is aborted at its caller's abort while somebody subscribes, and not after", () => {
    for (const [isSubscribed, last] of [
      [true, undefined],
      [false, undefined],
      [true, 'observable'],
      [false, 'observable'],
    ] as const) {
      const { call } = setUp();
      const caller = new AbortController();
      let seen: AbortSignal | undefined;
      const body: Body = ({ signal }) => {
        seen = signal;
        return NEVER;
      };
      const { signal } = caller;
      const known: { last?: AnswerKind } = last === undefined ? {} : { last };
      const answer = call(body, { timeout: '1s' }, { signal, ...known });
      const subscription = (answer as Observable<never>).subscribe({
        error: () => {},
      });
      if (!isSubscribed) subscription.unsubscribe();
      caller.abort('gone');
      expect(seen?.aborted).toBe(isSubscribed);
    }
  });
});

describe('a function that is declared to answer with Observables', () => {
  const own: CallOptions = { returns: 'observable' };

  it('and answers with something else, is followed as what it is', async () => {
    const { call, totals } = setUp();
    expect(call(() => 'plain', own)).toBe('plain');
    await expect(call(async () => 'later', own)).resolves.toBe('later');
    await expect(call(async () => fail(), own)).rejects.toThrow('down');
    expect(totals()).toMatchObject({ calls: 3, successes: 2, failures: 1 });
  });

  it('and answers with something else, gives its place back', async () => {
    const { circuit, call } = setUp(ONE_PLACE);
    call(() => 'plain', own);
    expect(circuit.pipeline.isIdle).toBe(true);
    await call(async () => 'later', own);
    expect(circuit.pipeline.isIdle).toBe(true);
  });

  it('and answers with something else, answers also where there is no room for it any more', () => {
    const { circuit, call, totals } = setUp(ONE_TOKEN);
    circuit.executeSync(() => 1);
    expect(call(() => 'plain', own)).toBe('plain');
    expect(totals()).toMatchObject({ calls: 1, rejected: 1 });
  });

  it('and answers with something else, is known by that', () => {
    const { circuit } = setUp();
    const answers = { last: undefined };
    const plan = compileCallOptions(own);
    invoke(circuit, plan, () => 'plain', { answers });
    expect(answers.last).toBe('value');
    expect(invoke(circuit, plan, () => 'plain', {})).toBe('plain');
  });
});

describe('a function that has answered with Observables, behind limits', () => {
  it.each<[string, CircuitOptions, (circuit: Circuit) => void]>([
    ['the circuit is open', ONE_PLACE, circuit => circuit.forceOpen()],
    ['there is no token', ONE_TOKEN, circuit => circuit.executeSync(() => 1)],
    [
      'there is no place',
      ONE_PLACE,
      circuit => void circuit.execute(() => new Promise(() => {})),
    ],
  ])(
    'is refused when somebody subscribes, not at its call, while %s',
    async (_when, options, prepare) => {
      const { circuit, call, totals } = setUp(options);
      prepare(circuit);
      let calls = 0;
      const answer = call(() => of(++calls), {}, { last: 'observable' });
      expect(totals().rejected).toBe(0);
      await expect(
        firstValueFrom(answer as Observable<number>),
      ).rejects.toBeDefined();
      expect(totals().rejected).toBe(1);
      expect(calls).toBe(0);
    },
  );

  it('is called at its call while there is room, or in shadow mode', () => {
    for (const options of [
      ONE_PLACE,
      ONE_TOKEN,
      { ...ONE_PLACE, ...ONE_TOKEN },
      { ...ONE_TOKEN, mode: 'shadow' } as const,
    ]) {
      const { circuit, call } = setUp(options);
      if (options.mode === 'shadow') circuit.executeSync(() => 1);
      let calls = 0;
      call(() => of(++calls), {}, { last: 'observable' });
      expect(calls).toBe(1);
    }
  });
});

describe('an attempt that runs before its call began', () => {
  it('is the first of those that are made', async () => {
    const { call, clock, totals } = setUp();
    const attempts: number[] = [];
    const body: Body = async ({ attempt }) => {
      attempts.push(attempt);
      if (attempts.length < 3) fail();
      return 'value';
    };
    const answer = call(body, {
      retry: { attempts: 3, backoff: { initial: 10, jitter: 0 } },
    });
    await passTime(clock, 50);
    await expect(answer).resolves.toBe('value');
    expect(attempts).toEqual([1, 2, 3]);
    expect(totals()).toMatchObject({ failures: 2, successes: 1, retries: 2 });
  });

  it('counts also where the cache does not know what the call asks for', async () => {
    const { circuit, call, totals } = setUp();
    const work = settled().then(() => 1);
    const own = { cache: { staleFor: '1h' } };
    const answer = call(() => work, own, { last: 'observable' });
    await expect(answer).rejects.toThrow('cache.key');
    await settled();
    expect(totals()).toMatchObject({ calls: 1, successes: 1 });
    expect(circuit.snapshot().inFlight).toBe(0);
  });
});

describe('an attempt that runs before the cache has answered', () => {
  const own: CallOptions = {
    cache: { staleFor: '1h', freshFor: '1h', key: () => 'k', deadline: '1h' },
  };

  /** Another process has put an answer into the store. */
  async function withKept(
    options: CircuitOptions = {},
    get?: CacheStore['get'],
  ) {
    const values = new Map<string, unknown>();
    const cacheStore: CacheStore = {
      get: async key => values.get(key),
      set: async (key, value) => values.set(key, value),
    };
    const method = { method: 'Shop.read' };
    const plan = compileCallOptions(own, 'Shop.read', method);
    const other = setUp({}, cacheStore);
    await invoke(other.circuit, plan, async () => 'kept', {}, 'promise');
    const store = { ...cacheStore, ...(get && { get }) };
    const { circuit, clock, totals } = setUp(options, store);
    return {
      circuit,
      clock,
      totals,
      call: (body: Body, call: Call = {}) =>
        invoke(circuit, plan, body, { answers: { last: undefined }, ...call }),
    };
  }

  it.each(LIMITS)(
    'counts as what becomes of it, behind %s',
    async (_what, options) => {
      const { circuit, call, totals } = await withKept(options);
      let end!: (value: string) => void;
      const work = new Promise<string>(resolve => {
        end = resolve;
      });
      await expect(call(() => work)).resolves.toBe('kept');
      await settled();
      expect(circuit.snapshot().inFlight).toBe(1);
      end('own');
      await settled();
      expect(totals()).toMatchObject({ calls: 1, successes: 1, cacheHits: 1 });
      expect(circuit.pipeline.isIdle).toBe(true);
    },
  );

  it.each(LIMITS)(
    'may fail, which only the circuit is told, behind %s',
    async (_what, options) => {
      const { circuit, call, totals } = await withKept(options);
      const work = settled().then(fail);
      await expect(call(() => work)).resolves.toBe('kept');
      await settled();
      await settled();
      expect(totals()).toMatchObject({ calls: 1, failures: 1 });
      expect(circuit.pipeline.isIdle).toBe(true);
    },
  );

  it('was slow if its caller goes only after that', async () => {
    const { circuit, call, clock, totals } = await withKept({}, hang);
    const caller = new AbortController();
    const answer = call(hang, { signal: caller.signal });
    clock.advance(circuit.rules.slowCallDuration as number);
    clock.advance(1);
    caller.abort('gone');
    await expect(answer).rejects.toBe('gone');
    await settled();
    expect(totals()).toMatchObject({ ignored: 1, slow: 1 });
  });

  it('has its signal aborted when its caller goes, and holds its place to its own end', async () => {
    const { circuit, call, totals } = await withKept(ONE_PLACE);
    const caller = new AbortController();
    let seen: AbortSignal | undefined;
    let end!: () => void;
    const body: Body = ({ signal }) => {
      seen = signal;
      return new Promise<void>(resolve => {
        end = resolve;
      });
    };
    const answer = call(body, { signal: caller.signal });
    caller.abort('gone');
    await expect(answer).rejects.toBe('gone');
    await settled();
    expect(seen?.reason).toBe('gone');
    expect(circuit.snapshot().inFlight).toBe(0);
    expect(circuit.pipeline.isIdle).toBe(false);
    end();
    await settled();
    expect(circuit.pipeline.isIdle).toBe(true);
    expect(totals()).toMatchObject({ calls: 1, ignored: 1, successes: 0 });
  });
});
