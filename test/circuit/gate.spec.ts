import { describe, expect, it } from '@jest/globals';
import { of } from 'rxjs';
import { compileCallOptions } from '../../lib/circuit/call-options.js';
import { Circuit } from '../../lib/circuit/circuit.js';
import { invoke } from '../../lib/circuit/invoke.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import type { CircuitEvent } from '../../lib/state/events.js';
import { settled } from '../support/policy-host.js';
import { VirtualClock } from '../support/virtual-clock.js';

const ONE_TOKEN = { rateLimit: { limit: 1, interval: 1_000 } };
const ONE_PLACE = { bulkhead: { maxConcurrent: 1, maxQueue: 5, maxWait: 50 } };
const NO_QUEUE = { bulkhead: { maxConcurrent: 1, maxQueue: 0, maxWait: 50 } };
const OPENS_AT_ONCE: CircuitOptions = {
  consecutiveFailures: 1,
  openDuration: 100,
  openJitter: 0,
  halfOpen: { calls: 5, concurrency: 5 },
};

function setUp(options: CircuitOptions) {
  const clock = new VirtualClock();
  const circuit = new Circuit('shop', options, { clock });
  const events: CircuitEvent[] = [];
  circuit.events$.subscribe(event => void events.push(event));
  return {
    clock,
    circuit,
    events,
    /** A call that ends when the test says so. */
    hold(signal?: AbortSignal) {
      let end!: () => void;
      const work = new Promise<string>(resolve => {
        end = () => resolve('held');
      });
      const answer = circuit
        .execute(() => work, { signal })
        .then(
          value => value,
          (error: { code?: string }) => error.code ?? error,
        );
      return { answer, end };
    },
    sync: () => circuit.executeSync(() => 'value'),
  };
}

/** A call that turns out to be none: each subscription is one. */
function answerWithObservable(circuit: Circuit): void {
  invoke(circuit, compileCallOptions({}), () => of(1), {});
}

const withCode = (code: string) => expect.objectContaining({ code });

describe('limits in shadow mode', () => {
  it.each<[string, CircuitOptions]>([
    ['a rate limit', ONE_TOKEN],
    ['a bulkhead', NO_QUEUE],
  ])('%s refuses nobody, and counts what it would have refused', (_, limit) => {
    const { circuit, events, hold, sync } = setUp({ mode: 'shadow', ...limit });
    void hold();
    expect(sync()).toBe('value');
    expect(circuit.snapshot().totals).toMatchObject({
      calls: 1,
      rejected: 0,
      wouldReject: 1,
    });
    expect(events.map(({ type }) => type)).toEqual(['would-reject', 'success']);
  });

  it('nobody waits in the queue', async () => {
    const { hold } = setUp({ mode: 'shadow', ...ONE_PLACE });
    void hold();
    const second = hold();
    second.end();
    expect(await second.answer).toBe('held');
  });
});

describe('a call in shadow mode', () => {
  it('that would only have waited is no refusal', () => {
    const { circuit, hold, sync } = setUp({ mode: 'shadow', ...ONE_PLACE });
    for (let running = 0; running < 6; running++) void hold();
    expect(circuit.totals.wouldReject).toBe(0);
    sync();
    expect(circuit.totals.wouldReject).toBe(1);
  });

  it('that the limit, the bulkhead and the circuit would refuse, is one refusal', () => {
    const { circuit, events, hold, sync } = setUp({
      mode: 'shadow',
      ...ONE_TOKEN,
      ...NO_QUEUE,
    });
    void hold();
    sync();
    expect(circuit.totals.wouldReject).toBe(1);
    circuit.forceOpen();
    sync();
    expect(circuit.totals.wouldReject).toBe(2);
    expect(
      events
        .filter(({ type }) => type === 'would-reject')
        .map(e => e.generation),
    ).toEqual([0, 1]);
  });

  it('that the limit would refuse, takes no place', () => {
    const { circuit, clock, hold, sync } = setUp({
      mode: 'shadow',
      ...ONE_TOKEN,
      ...NO_QUEUE,
    });
    sync();
    void hold();
    expect(circuit.totals.wouldReject).toBe(1);
    clock.advance(1_000);
    sync();
    expect(circuit.totals.wouldReject).toBe(1);
  });

  it('that the circuit would refuse, takes no token and no place', () => {
    const { circuit, sync } = setUp({ mode: 'shadow', ...ONE_TOKEN });
    circuit.forceOpen();
    sync();
    circuit.reset();
    sync();
    expect(circuit.totals.wouldReject).toBe(1);
  });
});

describe('a call that waits in the bulkhead', () => {
  it.each<[string, CircuitOptions]>([
    ['is switched off', { bulkhead: false }],
    ['refuses nobody any more, in shadow mode', { mode: 'shadow' }],
    ['refuses nobody any more, in a disabled circuit', { mode: 'disabled' }],
  ])('comes in when that %s', async (_what, patch) => {
    const { circuit, clock, hold } = setUp(ONE_PLACE);
    void hold();
    const second = hold();
    circuit.configure(patch);
    second.end();
    expect(await second.answer).toBe('held');
    clock.advance(1_000);
    expect(circuit.snapshot().totals.rejected).toBe(0);
  });

  it('gives its token back when the circuit refuses it in the end, or its caller goes', async () => {
    const { circuit, hold, sync } = setUp({
      rateLimit: { limit: 3, interval: '1h' },
      ...ONE_PLACE,
    });
    const first = hold();
    const refused = hold();
    circuit.forceOpen();
    first.end();
    expect(await refused.answer).toBe('CIRCUIT_OPEN');
    circuit.reset();
    const second = hold();
    const caller = new AbortController();
    const gone = hold(caller.signal);
    caller.abort(new Error('gone'));
    expect(await gone.answer).toMatchObject({ message: 'gone' });
    second.end();
    await second.answer;
    expect(sync()).toBe('value');
    expect(sync).toThrow(withCode('RATE_LIMITED'));
  });

  it('goes on waiting when other rules change', async () => {
    const { circuit, hold } = setUp(ONE_PLACE);
    void hold();
    void hold();
    circuit.configure({ failureCount: 5 });
    await settled();
    expect(circuit.snapshot().inFlight).toBe(1);
  });

  it('gives its token back when there is no place', () => {
    const { circuit, hold, sync } = setUp({
      rateLimit: { limit: 2, interval: '1h' },
      ...NO_QUEUE,
    });
    void hold();
    for (let i = 0; i < 5; i++) expect(sync).toThrow(withCode('BULKHEAD_FULL'));
    expect(circuit.snapshot().totals.rejected).toBe(5);
  });
});

describe('a call that turns out to be none', () => {
  it('gives back its token', () => {
    const { circuit, sync } = setUp(ONE_TOKEN);
    answerWithObservable(circuit);
    expect(sync()).toBe('value');
    expect(sync).toThrow(withCode('RATE_LIMITED'));
  });

  it.each(['shadow', 'disabled'] as const)(
    'gives back no token in a circuit that is in %s mode, and took none for sure',
    mode => {
      const { circuit, sync } = setUp(ONE_TOKEN);
      sync();
      circuit.configure({ mode });
      answerWithObservable(circuit);
      circuit.configure({ mode: 'enforced' });
      expect(sync).toThrow(withCode('RATE_LIMITED'));
    },
  );

  it('because its caller goes at its admission, gives back its token', async () => {
    const { circuit, clock, sync } = setUp({
      ...OPENS_AT_ONCE,
      rateLimit: { limit: 1, interval: '1h' },
    });
    circuit.tryAcquire()?.failure();
    clock.advance(100);
    const caller = new AbortController();
    const forget = circuit.on(['transition'], () => caller.abort('gone'));
    const { signal } = caller;
    await expect(circuit.execute(() => 1, { signal })).rejects.toBe('gone');
    forget();
    expect(sync()).toBe('value');
  });
});

describe('a bulkhead that was off for a while', () => {
  it('knows those who came in before', () => {
    const { circuit, hold, sync } = setUp(NO_QUEUE);
    void hold();
    circuit.configure({ bulkhead: false });
    circuit.configure(NO_QUEUE);
    expect(sync).toThrow(withCode('BULKHEAD_FULL'));
  });
});

describe('limits of a disabled circuit', () => {
  it.each<[string, CircuitOptions]>([
    ['a rate limit', ONE_TOKEN],
    ['a bulkhead', ONE_PLACE],
  ])('%s refuses nobody and counts nothing', (_, limit) => {
    const { circuit, events, hold, sync } = setUp({
      mode: 'disabled',
      ...limit,
    });
    void hold();
    expect([sync(), sync()]).toEqual(['value', 'value']);
    expect(circuit.snapshot().totals).toMatchObject({
      rejected: 0,
      wouldReject: 0,
    });
    expect(events).toEqual([]);
  });
});

describe('limits of an enforced circuit', () => {
  it('tell what refused', () => {
    const { circuit, events, hold, sync } = setUp({
      bulkhead: { maxConcurrent: 1 },
    });
    void hold();
    expect(sync).toThrow(withCode('BULKHEAD_FULL'));
    expect(circuit.snapshot().totals).toMatchObject({
      rejected: 1,
      wouldReject: 0,
    });
    expect(events).toMatchObject([
      { type: 'rejected', code: 'BULKHEAD_FULL', retryAfter: null },
    ]);
  });

  it('tell when a token comes', () => {
    const { events, sync } = setUp(ONE_TOKEN);
    sync();
    expect(sync).toThrow(
      expect.objectContaining({ code: 'RATE_LIMITED', retryAfter: 1_000 }),
    );
    expect(events.at(-1)).toMatchObject({
      type: 'rejected',
      code: 'RATE_LIMITED',
      retryAfter: 1_000,
    });
  });

  it('tell it in whole milliseconds, rounded up', () => {
    const { circuit, clock, sync } = setUp({
      ...OPENS_AT_ONCE,
      rateLimit: { limit: 3, interval: 1_000 },
    });
    for (let call = 0; call < 3; call++) sync();
    expect(sync).toThrow(expect.objectContaining({ retryAfter: 334 }));
    circuit.tryAcquire()?.failure();
    clock.advance(0.5);
    expect(sync).toThrow(
      expect.objectContaining({ code: 'CIRCUIT_OPEN', retryAfter: 100 }),
    );
  });

  it('may be made wider, and narrower, while calls run', () => {
    const { circuit, hold, sync } = setUp(NO_QUEUE);
    void hold();
    const widen = (maxConcurrent: number) =>
      circuit.configure({ bulkhead: { maxConcurrent } });
    widen(2);
    expect(sync()).toBe('value');
    widen(1);
    expect(sync).toThrow(withCode('BULKHEAD_FULL'));
  });

  it('keep their tokens and places while other rules change', () => {
    const { circuit, hold, sync } = setUp({
      rateLimit: { limit: 1, interval: 1_000 },
      bulkhead: { maxConcurrent: 1 },
    });
    void hold();
    circuit.configure({ failureCount: 5 });
    expect(sync).toThrow(withCode('RATE_LIMITED'));
    circuit.configure({ rateLimit: false });
    expect(sync).toThrow(withCode('BULKHEAD_FULL'));
    circuit.configure({ bulkhead: false });
    expect(sync()).toBe('value');
  });

  it('come with a configuration', () => {
    const { circuit, sync } = setUp({});
    sync();
    circuit.configure({ rateLimit: { limit: 1, interval: 1_000 } });
    sync();
    expect(sync).toThrow(withCode('RATE_LIMITED'));
  });

  it('are idle when the last place is free', async () => {
    const { circuit, hold } = setUp(ONE_PLACE);
    const gate = circuit.pipeline['gate'];
    expect(gate.isIdle).toBe(true);
    const { end, answer } = hold();
    expect(gate.isIdle).toBe(false);
    end();
    await answer;
    expect(gate.isIdle).toBe(true);
    expect(setUp({}).circuit.pipeline['gate'].isIdle).toBe(true);
  });
});

describe('a listener that hears of new rules', () => {
  it('finds them in force at the limits, too', async () => {
    const { circuit } = setUp({});
    const answers: unknown[] = [];
    circuit.on(['configured'], () => {
      for (let call = 0; call < 3; call++) {
        answers.push(
          circuit
            .execute(async () => 'in')
            .catch(({ code }: { code: string }) => code),
        );
      }
    });

    circuit.configure({ bulkhead: { maxConcurrent: 1 } });

    expect(await Promise.all(answers)).toEqual([
      'in',
      'BULKHEAD_FULL',
      'BULKHEAD_FULL',
    ]);
  });
});

describe('a probe', () => {
  it.each<[string, number]>([
    ['the first, of a circuit that is due', 0],
    ['a further one, in half-open', 1],
  ])('never queues: %s', async (_, probesBefore) => {
    const { circuit, clock, hold } = setUp({ ...OPENS_AT_ONCE, ...ONE_PLACE });
    const held = hold();
    circuit.tryAcquire()?.failure();
    clock.advance(100);
    for (let probe = 0; probe < probesBefore; probe++) circuit.tryAcquire();
    expect(circuit.state).toBe(probesBefore === 0 ? 'open' : 'half-open');
    expect(await hold().answer).toBe('BULKHEAD_FULL');
    held.end();
  });
});

describe('a call in the queue', () => {
  it('ends with the reason of its abort, and counts as no refusal', async () => {
    const { circuit, hold } = setUp(ONE_PLACE);
    void hold();
    const caller = new AbortController();
    const waiting = hold(caller.signal);
    const reason = new Error('gone');
    caller.abort(reason);
    expect(await waiting.answer).toBe(reason);
    expect(circuit.snapshot().totals.rejected).toBe(0);
  });

  it('gives its place and its token to the next when it goes in the instant of its turn', async () => {
    const { circuit, hold, sync } = setUp({
      ...ONE_PLACE,
      rateLimit: { limit: 4, interval: '1h' },
    });
    const caller = new AbortController();
    const reason = new Error('gone');
    // Told after the place is free, and before the one who waits for it comes in.
    circuit.on(['success'], () => caller.abort(reason));
    const [second, third] = circuit.executeSync(() => [
      hold(caller.signal),
      hold(),
    ]);
    third?.end();
    expect(await third?.answer).toBe('held');
    expect(await second?.answer).toBe(reason);
    expect(circuit.snapshot()).toMatchObject({
      inFlight: 0,
      totals: { calls: 2, rejected: 0 },
    });
    expect(circuit.pipeline['gate'].isIdle).toBe(true);
    // Of four tokens two are spent, and one was given back.
    expect([sync(), sync()]).toEqual(['value', 'value']);
    expect(sync).toThrow(withCode('RATE_LIMITED'));
  });
});

describe('a call whose caller goes in the instant of its turn', () => {
  it('is no refusal, though the circuit has opened', async () => {
    const { circuit, hold } = setUp(ONE_PLACE);
    const caller = new AbortController();
    circuit.on(['success'], () => {
      caller.abort('gone');
      circuit.forceOpen();
    });
    const second = circuit.executeSync(() => hold(caller.signal));
    expect(await second.answer).toBe('gone');
    expect(circuit.totals.rejected).toBe(0);
  });
});

describe('the error of a refusal by the circuit', () => {
  it.each<[string, (circuit: Circuit, clock: VirtualClock) => void]>([
    ['Circuit "shop" is open', () => {}],
    [
      'Circuit "shop" is half-open and all its probes are taken',
      (circuit, clock) => {
        clock.advance(100);
        for (let probe = 0; probe < 5; probe++) circuit.tryAcquire();
      },
    ],
    ['Circuit "shop" is forced open', circuit => circuit.forceOpen()],
  ])('says: %s', (message, prepare) => {
    const { circuit, clock, sync } = setUp(OPENS_AT_ONCE);
    circuit.tryAcquire()?.failure();
    prepare(circuit, clock);
    expect(sync).toThrow(message);
  });
});

describe('the error of a refusal', () => {
  it('is one for all fallbacks, where the first wants to see it', async () => {
    const { circuit } = setUp(OPENS_AT_ONCE);
    circuit.tryAcquire()?.failure();
    const seen: unknown[] = [];
    const see = (error: unknown) => {
      seen.push(error);
      throw new Error('no answer either');
    };

    await circuit
      .execute(() => 1, { fallback: [see, see] })
      .catch((error: Error) => seen.push(error.cause));

    expect(seen).toHaveLength(3);
    expect(seen[0]).toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(new Set(seen).size).toBe(1);
  });
});

describe('the error of a refusal that is wanted late', () => {
  it('tells what is left of the wait by then', async () => {
    const clock = new VirtualClock();
    const circuit = new Circuit(
      'shop',
      { consecutiveFailures: 1, openDuration: '30s', openJitter: 0 },
      { clock },
    );
    await circuit
      .execute(() => Promise.reject(new Error('down')))
      .catch(() => {});
    const seen: unknown[] = [];

    await circuit.execute(() => 1, {
      fallback: [
        async () => {
          clock.advance(20_000);
          throw new Error('slow and down');
        },
        (error: unknown) => void seen.push(error),
      ],
    });

    expect(seen).toMatchObject([{ code: 'CIRCUIT_OPEN', retryAfter: 10_000 }]);
  });
});

describe('a circuit whose wait ends between two looks at the clock', () => {
  it('admits the call', () => {
    const { circuit, clock, sync } = setUp({
      ...OPENS_AT_ONCE,
      ...NO_QUEUE,
    });
    circuit.tryAcquire()?.failure();
    clock.advance(99);
    let looks = 0;
    clock.now = () => (++looks === 1 ? 99 : 100);
    expect(sync()).toBe('value');
    expect(circuit.totals.rejected).toBe(0);
    expect(circuit.inFlight).toBe(0);
  });
});

describe('a refusal before the work is prepared', () => {
  it('is counted once, and admits nobody', () => {
    const { circuit, clock } = setUp(OPENS_AT_ONCE);
    expect(circuit.pipeline.refuseEarly()).toBeUndefined();
    circuit.tryAcquire()?.failure();
    expect(circuit.pipeline.refuseEarly()).toMatchObject({
      code: 'CIRCUIT_OPEN',
    });
    expect(circuit.snapshot().totals).toMatchObject({ calls: 1, rejected: 1 });
    clock.advance(100);
    expect(circuit.pipeline.refuseEarly()).toBeUndefined();
    expect(circuit.snapshot()).toMatchObject({ state: 'open', inFlight: 0 });
  });
});
