import { getEventListeners } from 'node:events';
import { Logger } from '@nestjs/common';
import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import {
  config,
  defer,
  firstValueFrom,
  isObservable,
  lastValueFrom,
  of,
  throwError,
  toArray,
} from 'rxjs';
import { Circuit, CircuitBreakerRegistry } from '../../lib/index.js';
import {
  InjectedFaultError,
  injectFaults,
  VirtualClock,
} from '../../lib/testing/index.js';
import { withCircuitBreaker } from '../../lib/operators/with-circuit-breaker.js';
import { problemsFrom } from '../support/registry-bench.js';

function bench(options = {}) {
  const clock = new VirtualClock();
  const circuit = new Circuit(
    'payments',
    { consecutiveFailures: false, openJitter: 0, ...options },
    { clock, random: () => 0, logger: { warn() {}, error() {} } },
  );
  return { clock, circuit };
}

/** One letter for each of several calls: F for an injected fault. */
async function play(circuit: Circuit, calls: number): Promise<string> {
  let played = '';
  for (let call = 0; call < calls; call++) {
    played += await circuit.execute(async () => '.').catch(() => 'F');
  }
  return played;
}

/** Every way into a circuit, with a dependency that answers `1`, `2`, … */
const DOORS: [
  string,
  (circuit: Circuit, dependency: () => number) => unknown,
][] = [
  ['execute', (circuit, run) => circuit.execute(async () => run())],
  ['executeSync', (circuit, run) => circuit.executeSync(run)],
  ['protect', (circuit, run) => circuit.protect(defer(() => of(run())))],
];

/** The same function behind a circuit, for each kind that it can answer in. */
const WRAPPED: [
  string,
  (circuit: Circuit, run: () => number) => () => unknown,
][] = [
  ['async', (circuit, run) => circuit.wrap(async () => run())],
  ['a promise', (circuit, run) => circuit.wrap(() => Promise.resolve(run()))],
  [
    'an Observable',
    (circuit, run) => circuit.wrap(() => defer(() => of(run()))),
  ],
  ['a value', (circuit, run) => circuit.wrap(() => run())],
  [
    'a declared promise',
    (circuit, run) =>
      circuit.wrap(() => Promise.resolve(run()), { returns: 'promise' }),
  ],
  [
    'a declared Observable',
    (circuit, run) =>
      circuit.wrap(() => defer(() => of(run())), { returns: 'observable' }),
  ],
  [
    'a declared value',
    (circuit, run) => circuit.wrap(run, { returns: 'value' }),
  ],
];

/** What Nest's log is told: each message with its context. */
function listenToLog(): unknown[][] {
  const told: unknown[][] = [];
  const tell = (...args: unknown[]) => void told.push(args);
  Logger.overrideLogger({ log: tell, warn: tell, error: tell });
  return told;
}

afterEach(() => Logger.overrideLogger(true));

/** What a call of a dependency that answers is hit with. */
function thrownBy(circuit: Circuit): Promise<unknown> {
  return circuit.execute(async () => 1).catch((error: unknown) => error);
}

/** Waits for whatever a call answers with; `F` if it was hit. */
async function answerOf(call: () => unknown): Promise<unknown> {
  try {
    const answer = call();
    return await (isObservable(answer) ? lastValueFrom(answer) : answer);
  } catch (error) {
    expect(error).toBeInstanceOf(InjectedFaultError);
    return 'F';
  }
}

describe('injected errors', () => {
  it.each([
    ...DOORS.map(
      ([door, call]) =>
        [
          door,
          (circuit: Circuit, run: () => number) => () => call(circuit, run),
        ] as const,
    ),
    ...WRAPPED.map(([kind, wrap]) => [`wrap, ${kind}`, wrap] as const),
  ])(
    'hit the same calls by every door, and leave the answers of the others as they are: %s',
    async (_door, wrap) => {
      const { circuit } = bench();
      const faults = injectFaults(circuit, { errorRate: 0.4, seed: 3 });
      let made = 0;
      const call = wrap(circuit, () => ++made);
      const answers: unknown[] = [];
      for (let each = 0; each < 12; each++) answers.push(await answerOf(call));
      expect(answers.map(answer => (answer === 'F' ? 'F' : '.')).join('')).toBe(
        '.F....F...FF',
      );
      const others = answers.filter(answer => answer !== 'F');
      expect(others).toEqual(others.map((_, index) => index + 1));
      // A call that is hit is not made.
      expect(made).toBe(others.length);
      expect(faults.counts).toEqual({
        calls: 12,
        errors: 12 - others.length,
        hangs: 0,
        delays: 0,
      });
      expect(circuit.totals).toMatchObject({
        calls: 12,
        failures: 12 - others.length,
      });
    },
  );

  it('fail calls in the place of the dependency, which is not called', async () => {
    const { circuit } = bench();
    injectFaults(circuit, { errorRate: 1 });
    const dependency = jest.fn(async () => 'paid');
    const error = await circuit.execute(dependency).catch(thrown => thrown);
    expect(error).toBeInstanceOf(InjectedFaultError);
    expect(error).toMatchObject({
      name: 'InjectedFaultError',
      circuit: 'payments',
      message: 'Injected fault in "payments": the call fails',
    });
    expect(dependency).not.toHaveBeenCalled();
    expect(circuit.totals).toMatchObject({ calls: 1, failures: 1 });
  });

  it('hit the share of the calls that was asked for', async () => {
    const { circuit } = bench({ minimumCalls: 1000, window: { size: 1000 } });
    const faults = injectFaults(circuit, { errorRate: 0.2, seed: 1 });
    await play(circuit, 1000);
    expect(faults.counts.calls).toBe(1000);
    expect(faults.counts.errors).toBeGreaterThan(160);
    expect(faults.counts.errors).toBeLessThan(240);
    expect(circuit.totals.failures).toBe(faults.counts.errors);
  });

  it('hit the same calls again with the same seed, and others with another', async () => {
    const options = { minimumCalls: 1000, window: { size: 1000 } };
    const runs = [];
    for (const seed of [7, 7, 8]) {
      const { circuit } = bench(options);
      injectFaults(circuit, { errorRate: 0.3, seed });
      runs.push(await play(circuit, 50));
    }
    expect(runs[0]).toBe(runs[1]);
    expect(runs[0]).not.toBe(runs[2]);
    expect(runs[0]).toMatch(/F/);
  });

  it('tell a drawn seed, so that the run can be had again', async () => {
    const options = { minimumCalls: 1000, window: { size: 1000 } };
    const first = bench(options);
    const { seed } = injectFaults(first.circuit, { errorRate: 0.5 });
    const second = bench(options);
    injectFaults(second.circuit, { errorRate: 0.5, seed });
    expect(await play(second.circuit, 50)).toBe(await play(first.circuit, 50));
  });

  it.each([
    ['the smallest', 0, 0],
    ['one in between', 0.75, 3_221_225_472],
    ['the largest', 1 - Number.EPSILON, 0xff_ff_ff_ff],
  ])(
    'draw a seed among all that can be given: %s',
    (_which, drawn, expected) => {
      jest.spyOn(Math, 'random').mockReturnValueOnce(drawn);
      const { seed } = injectFaults(bench().circuit, { errorRate: 0.5 });
      expect(seed).toBe(expected);
      injectFaults(bench().circuit, { errorRate: 0.5, seed });
    },
  );

  it('do not hit other calls because a latency is added', async () => {
    const options = { minimumCalls: 1000, window: { size: 1000 } };
    const plain = bench(options);
    injectFaults(plain.circuit, { errorRate: 0.3, seed: 7 });
    const late = bench(options);
    injectFaults(late.circuit, { errorRate: 0.3, latency: 10, seed: 7 });
    const played = play(late.circuit, 50);
    expect(await late.clock.runUntil(played)).toBe(
      await play(plain.circuit, 50),
    );
  });

  it.each([
    ['an error', new RangeError('no funds'), 'no funds'],
    ['a function that makes it', () => new RangeError('made'), 'made'],
  ])('fail with %s', async (_what, error, message) => {
    const { circuit } = bench();
    injectFaults(circuit, { error });
    await expect(circuit.execute(async () => 1)).rejects.toThrow(
      new RangeError(message),
    );
  });

  it('fail with the very error that was given, or with one that is made for each call', async () => {
    const error = new Error('down');
    const same = bench();
    injectFaults(same.circuit, { error });
    expect(await thrownBy(same.circuit)).toBe(error);
    expect(await thrownBy(same.circuit)).toBe(error);
    const made = bench();
    let count = 0;
    injectFaults(made.circuit, { error: () => `down for the ${++count}.` });
    expect(await thrownBy(made.circuit)).toBe('down for the 1.');
    expect(await thrownBy(made.circuit)).toBe('down for the 2.');
  });

  it('with an error of their own hit only the share that was asked for', async () => {
    const { circuit } = bench();
    const faults = injectFaults(circuit, {
      error: new Error('down'),
      errorRate: 0.4,
      seed: 3,
    });
    expect(await play(circuit, 12)).toBe('.F....F...FF');
    expect(faults.counts.errors).toBe(4);
  });

  it('are not drawn for a rate of 0, not even where the number drawn is 0', async () => {
    // Seeds whose first or second number is 0.
    for (const [seed, options, counts] of [
      [2_463_401_483, { latency: 5 }, { errors: 0, hangs: 0, delays: 1 }],
      [
        631_835_670,
        { errorRate: 1, latency: 5, latencyRate: 0 },
        { delays: 0 },
      ],
    ] as const) {
      const { circuit, clock } = bench();
      const faults = injectFaults(circuit, { ...options, seed });
      const answer = circuit.execute(async () => 1).catch(() => {});
      await clock.runUntil(answer);
      expect(faults.counts).toMatchObject({ calls: 1, ...counts });
    }
  });

  it('are classified as errors of the dependency are', async () => {
    const { circuit } = bench();
    injectFaults(circuit, { error: { status: 404 } });
    await expect(circuit.execute(async () => 1)).rejects.toEqual({
      status: 404,
    });
    expect(circuit.totals).toMatchObject({ successes: 1, failures: 0 });
  });

  it('open the circuit, are retried, and are answered for by fallbacks', async () => {
    const { circuit, clock } = bench({ consecutiveFailures: 3 });
    const faults = injectFaults(circuit, { errorRate: 1 });
    const answer = clock.runUntil(
      circuit.execute(async () => 'paid', {
        retry: { attempts: 3 },
        fallback: () => 'queued',
      }),
    );
    await expect(answer).resolves.toBe('queued');
    expect(faults.counts.calls).toBe(3);
    expect(circuit.state).toBe('open');
    await circuit.execute(async () => 'paid', { fallback: () => 'queued' });
    expect(faults.counts.calls).toBe(3);
  });

  it('hit plain values', () => {
    const { circuit } = bench();
    injectFaults(circuit, { errorRate: 1 });
    const dependency = jest.fn(() => 1);
    expect(() => circuit.executeSync(dependency)).toThrow(InjectedFaultError);
    expect(dependency).not.toHaveBeenCalled();
    expect(circuit.totals.failures).toBe(1);
  });

  it('hit each subscription of an Observable', async () => {
    const { circuit } = bench();
    const faults = injectFaults(circuit, { errorRate: 1 });
    const answers = of(1, 2).pipe(withCircuitBreaker(circuit));
    await expect(lastValueFrom(answers)).rejects.toThrow(InjectedFaultError);
    await expect(lastValueFrom(answers)).rejects.toThrow(InjectedFaultError);
    expect(faults.counts).toEqual({ calls: 2, errors: 2, hangs: 0, delays: 0 });
    faults.stop();
    await expect(lastValueFrom(answers.pipe(toArray()))).resolves.toEqual([
      1, 2,
    ]);
  });

  it.each([
    ['a promise', async () => 1],
    ['a promise that fails by itself', () => Promise.reject(new Error('own'))],
  ])(
    'hit a wrapped function of no declared kind that answers by %s, also at its first call',
    async (_what, dependency) => {
      const { circuit } = bench();
      injectFaults(circuit, { errorRate: 1 });
      const called = jest.fn(() => dependency());
      const wrapped = circuit.wrap(() => called());
      await expect(wrapped()).rejects.toThrow(InjectedFaultError);
      await expect(wrapped()).rejects.toThrow(InjectedFaultError);
      // Only the first call can tell what it answers with.
      expect(called).toHaveBeenCalledTimes(1);
      expect(circuit.totals).toMatchObject({ calls: 2, failures: 2 });
    },
  );

  it('hit a wrapped function that answers by an Observable', async () => {
    const { circuit } = bench();
    injectFaults(circuit, { errorRate: 1 });
    const wrapped = circuit.wrap(() => of(1));
    await expect(firstValueFrom(wrapped())).rejects.toThrow(InjectedFaultError);
    await expect(firstValueFrom(wrapped())).rejects.toThrow(InjectedFaultError);
    expect(circuit.totals).toMatchObject({ calls: 2, failures: 2 });
  });

  it('hit a wrapped function that answers at once', () => {
    const { circuit } = bench();
    injectFaults(circuit, { errorRate: 1 });
    const called = jest.fn(() => 1);
    const wrapped = circuit.wrap(() => called());
    expect(wrapped).toThrow(InjectedFaultError);
    expect(wrapped).toThrow(InjectedFaultError);
    // Only the first call can tell what it answers with.
    expect(called).toHaveBeenCalledTimes(1);
    expect(circuit.totals).toMatchObject({ calls: 2, failures: 2 });
  });

  it('hit only the calls that `when` names', async () => {
    const { circuit } = bench();
    const faults = injectFaults(circuit, {
      errorRate: 1,
      when: (tenant: string) => tenant === 'acme',
    });
    const call = (tenant: string) =>
      circuit.execute(async () => tenant, { args: [tenant] });
    await expect(call('zenith')).resolves.toBe('zenith');
    await expect(call('acme')).rejects.toThrow(InjectedFaultError);
    expect(faults.counts.calls).toBe(1);
  });

  it('ask `when` with no arguments where the call names none', async () => {
    const { circuit } = bench();
    injectFaults(circuit, {
      errorRate: 1,
      when: (...args: unknown[]) => args.length === 0,
    });
    await expect(circuit.execute(async () => 1)).rejects.toThrow(
      InjectedFaultError,
    );
    await expect(
      circuit.execute(async () => 1, { args: [undefined] }),
    ).resolves.toBe(1);
  });

  it('hit by every door only the calls that `when` names', async () => {
    const { circuit } = bench();
    const options = { args: ['zenith'] };
    const faults = injectFaults(circuit, {
      errorRate: 1,
      when: (tenant: string) => tenant === 'acme',
    });
    expect(circuit.executeSync(() => 1, options)).toBe(1);
    await expect(lastValueFrom(circuit.protect(of(2), options))).resolves.toBe(
      2,
    );
    for (const [, wrap] of WRAPPED) {
      const wrapped = wrap(circuit, () => 3) as (tenant: string) => unknown;
      // The second time it is known what the function answers with.
      for (let time = 1; time <= 2; time++) {
        expect(await answerOf(() => wrapped('zenith'))).toBe(3);
        expect(await answerOf(() => wrapped('acme'))).toBe('F');
      }
    }
    expect(faults.counts.calls).toBe(2 * WRAPPED.length);
  });

  it('hit no call for which `when` throws, and say so once', async () => {
    const { circuit } = bench();
    const told = listenToLog();
    injectFaults(circuit, {
      errorRate: 1,
      when: () => {
        throw new Error('a broken filter');
      },
    });
    await expect(circuit.execute(async () => 1)).resolves.toBe(1);
    await expect(circuit.execute(async () => 2)).resolves.toBe(2);
    expect(told).toEqual([
      [
        'Faults of "payments": `when` threw, so its calls are left alone: Error: a broken filter',
        'CircuitBreaker',
      ],
    ]);
  });
});

describe('injected latency', () => {
  it('makes calls wait, as slow ones', async () => {
    const { circuit, clock } = bench({ slowCallDuration: '1s' });
    injectFaults(circuit, { latency: '3s' });
    const answer = circuit.execute(async () => clock.now());
    await expect(clock.runUntil(answer)).resolves.toBe(3000);
    expect(circuit.totals.slow).toBe(1);
  });

  it('draws from a range, for a share of the calls', async () => {
    const { circuit, clock } = bench();
    const faults = injectFaults(circuit, {
      latency: { min: 100, max: 200 },
      latencyRate: 0.5,
      seed: 3,
    });
    const waits: number[] = [];
    for (let call = 0; call < 100; call++) {
      const begun = clock.now();
      await clock.runUntil(circuit.execute(async () => {}));
      waits.push(clock.now() - begun);
    }
    const late = waits.filter(wait => wait > 0);
    expect(faults.counts.delays).toBe(late.length);
    expect(late.length).toBeGreaterThan(30);
    expect(late.length).toBeLessThan(70);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...late)).toBeLessThanOrEqual(200);
    expect(Math.max(...late) - Math.min(...late)).toBeGreaterThan(50);
  });

  it('is inside of the timeout', async () => {
    const { circuit, clock } = bench();
    injectFaults(circuit, { latency: '3s' });
    const dependency = jest.fn(async () => 1);
    const answer = circuit.execute(dependency, { timeout: '1s' });
    await expect(clock.runUntil(answer)).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
    });
    expect(clock.now()).toBe(1000);
    await clock.advance('10s');
    expect(dependency).not.toHaveBeenCalled();
  });

  it('makes Observables wait', async () => {
    const { circuit, clock } = bench();
    injectFaults(circuit, { latency: '3s' });
    const answer = firstValueFrom(of(1).pipe(withCircuitBreaker(circuit)));
    await expect(clock.runUntil(answer)).resolves.toBe(1);
    expect(clock.now()).toBe(3000);
  });

  it('comes before an error that is injected, too', async () => {
    const { circuit, clock } = bench();
    const faults = injectFaults(circuit, { latency: '3s', errorRate: 1 });
    const answers = [
      circuit.execute(async () => 1),
      firstValueFrom(of(1).pipe(withCircuitBreaker(circuit))),
    ];
    for (const answer of answers) answer.catch(() => {});
    await clock.advance(2999);
    expect(circuit.inFlight).toBe(2);
    await clock.advance(1);
    for (const answer of answers) {
      await expect(answer).rejects.toThrow(InjectedFaultError);
    }
    expect(faults.counts).toEqual({ calls: 2, errors: 2, hangs: 0, delays: 2 });
  });

  it("ends with the caller's abort, and the call is not made", async () => {
    const { circuit, clock } = bench();
    injectFaults(circuit, { latency: '3s' });
    const caller = new AbortController();
    const dependency = jest.fn(async () => 1);
    const answer = circuit.execute(dependency, { signal: caller.signal });
    answer.catch(() => {});
    await clock.advance('1s');
    caller.abort(new Error('the user has left'));
    await expect(answer).rejects.toThrow('the user has left');
    expect(clock.pending).toBe(0);
    expect(dependency).not.toHaveBeenCalled();
  });

  it.each([
    ...DOORS.filter(([door]) => door === 'executeSync'),
    ...WRAPPED.filter(([kind]) => kind.endsWith('value')).map(
      ([kind, wrap]) =>
        [
          `wrap, ${kind}`,
          (circuit: Circuit, run: () => number) => wrap(circuit, run)(),
        ] as const,
    ),
  ])(
    'is refused for a plain value, which counts as no failure: %s',
    (door, call) => {
      for (const options of [
        { latency: 1 },
        { latency: { min: 0, max: 1 }, latencyRate: 0.001 },
        { hangRate: 0.001 },
        { hangRate: 1 },
        { errorRate: 1, latency: 1 },
      ]) {
        const { circuit } = bench();
        const faults = injectFaults(circuit, options);
        const dependency = jest.fn(() => 1);
        expect(() => call(circuit, dependency)).toThrow(
          /^Injected faults of .*: an option cannot be taken\.\n {2}- latency, hangRate: cannot be had for a function that returns a plain value, because nothing else runs while it does\. Inject errors alone, leave its calls out with `when`, or make the function async$/,
        );
        expect(circuit.totals.failures).toBe(0);
        expect(faults.counts.calls).toBe(0);
        // Of no declared kind, only the call itself can tell.
        expect(dependency).toHaveBeenCalledTimes(
          door === 'wrap, a value' ? 1 : 0,
        );
      }
    },
  );

  it('is refused for a plain value also where that is known from the last answer', () => {
    const { circuit } = bench();
    const wrapped = circuit.wrap(() => 1);
    expect(wrapped()).toBe(1);
    const faults = injectFaults(circuit, { errorRate: 1, latency: 1 });
    for (let time = 1; time <= 2; time++) {
      expect(problemsFrom(wrapped)).toEqual([
        expect.stringMatching(/^latency, hangRate: cannot be had/),
      ]);
    }
    expect(circuit.totals.failures).toBe(0);
    faults.stop();
    expect(wrapped()).toBe(1);
  });

  it('is taken for plain values where no call has to wait', () => {
    const { circuit } = bench();
    injectFaults(circuit, { errorRate: 1, latency: 1, latencyRate: 0 });
    expect(() => circuit.executeSync(() => 1)).toThrow(InjectedFaultError);
  });

  it('leaves plain values alone that `when` does not name', () => {
    const { circuit } = bench();
    injectFaults(circuit, { latency: 1, when: () => false });
    expect(circuit.executeSync(() => 1)).toBe(1);
    expect(circuit.wrap(() => 1)()).toBe(1);
  });
});

describe('injected hangs', () => {
  it('end with the timeout', async () => {
    const { circuit, clock } = bench();
    const faults = injectFaults(circuit, { hangRate: 1 });
    const answer = circuit.execute(async () => 1, { timeout: '2s' });
    await expect(clock.runUntil(answer)).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
    });
    expect(faults.counts.hangs).toBe(1);
    expect(circuit.inFlight).toBe(0);
  });

  it('give back their place in the bulkhead, as a client does that heeds its signal', async () => {
    const { circuit, clock } = bench({ bulkhead: { maxConcurrent: 1 } });
    const faults = injectFaults(circuit, { hangRate: 1 });
    const answer = circuit.execute(async () => 1, { timeout: '2s' });
    await expect(clock.runUntil(answer)).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
    });
    faults.stop();
    await expect(circuit.execute(async () => 2)).resolves.toBe(2);
  });

  it("end with the caller's abort", async () => {
    const { circuit, clock } = bench();
    injectFaults(circuit, { hangRate: 1 });
    const caller = new AbortController();
    const answer = circuit.execute(async () => 1, { signal: caller.signal });
    answer.catch(() => {});
    await clock.advance('1h');
    caller.abort(new Error('the user has left'));
    await expect(answer).rejects.toThrow('the user has left');
  });

  it('leave to errors the calls that do not hang', async () => {
    const { circuit } = bench();
    const faults = injectFaults(circuit, {
      errorRate: 0.5,
      hangRate: 0.5,
      seed: 1,
    });
    for (let call = 0; call < 100; call++) {
      circuit.execute(async () => 1).catch(() => {});
    }
    const { errors, hangs } = faults.counts;
    expect(errors).toBeGreaterThan(30);
    expect(errors).toBeLessThan(70);
    expect(errors + hangs).toBe(100);
    faults.stop();
  });

  it('fail when the faults are stopped', async () => {
    const { circuit, clock } = bench();
    const faults = injectFaults(circuit, {
      hangRate: 1,
      error: new Error('of those that fail'),
      errorRate: 0,
    });
    const answers = [
      circuit.execute(async () => 1),
      firstValueFrom(of(1).pipe(withCircuitBreaker(circuit))),
    ];
    for (const answer of answers) answer.catch(() => {});
    await clock.advance('1h');
    expect(circuit.inFlight).toBe(2);
    faults.stop();
    for (const answer of answers) {
      await expect(answer).rejects.toMatchObject({
        name: 'InjectedFaultError',
        circuit: 'payments',
        message: 'Injected fault in "payments": the hanging is over',
      });
    }
    expect(circuit.inFlight).toBe(0);
    expect(circuit.totals.failures).toBe(2);
  });

  it('let go of the calls that have ended', async () => {
    const { circuit, clock } = bench();
    const faults = injectFaults(circuit, { hangRate: 1 });
    const caller = new AbortController();
    const answers = [
      circuit.execute(async () => 1, { signal: caller.signal }),
      lastValueFrom(circuit.protect(of(1), { timeout: '1s' })),
    ];
    for (const answer of answers) answer.catch(() => {});
    await clock.advance('1s');
    const late: unknown[] = [];
    jest.useFakeTimers();
    config.onStoppedNotification = told => void late.push(told);
    faults.stop();
    // RxJS tells later, by a timer.
    jest.runAllTimers();
    config.onStoppedNotification = null;
    jest.useRealTimers();
    await clock.settle();
    expect(late).toEqual([]);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  });

  it('hang Observables until their timeout', async () => {
    const { circuit, clock } = bench();
    injectFaults(circuit, { hangRate: 1 });
    const answer = firstValueFrom(
      of(1).pipe(withCircuitBreaker(circuit, { timeout: '2s' })),
    );
    await expect(clock.runUntil(answer)).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
    });
  });
});

describe('faults of a name', () => {
  it('hit the calls that `key` sends to its circuits', async () => {
    const registry = new CircuitBreakerRegistry(undefined, {
      clock: new VirtualClock(),
    });
    const search = registry.getOrCreate('search');
    const faults = injectFaults(search, { errorRate: 1 });
    const options = { key: (region: string) => region, args: ['eu'] };
    await expect(search.execute(async () => 1, options)).rejects.toThrow(
      InjectedFaultError,
    );
    const eu = registry.keyed('search', 'eu');
    expect(eu.totals.failures).toBe(1);
    expect(search.totals.calls).toBe(0);
    faults.stop();
    await expect(search.execute(async () => 1, options)).resolves.toBe(1);
    expect(eu.totals.successes).toBe(1);
  });

  it('are apart from those of one of its keys, which come and go on their own', async () => {
    const registry = new CircuitBreakerRegistry(undefined, {
      clock: new VirtualClock(),
    });
    const search = registry.getOrCreate('search');
    const call = (key: string) =>
      search
        .execute(async () => 'found', { key: String, args: [key] })
        .catch(({ message }: Error) => message);
    injectFaults(search, { errorRate: 1, when: (key: string) => key === 'us' });
    await expect(call('eu')).resolves.toBe('found');
    const faults = injectFaults(registry.keyed('search', 'eu'), {
      error: new Error('down in Europe'),
    });
    await expect(call('eu')).resolves.toBe('down in Europe');
    faults.stop();
    await expect(call('eu')).resolves.toBe('found');
    await expect(call('us')).resolves.toMatch(/^Injected fault/);
  });

  it('let an Observable through whose key was let go before it was subscribed', async () => {
    const registry = new CircuitBreakerRegistry(undefined, {
      clock: new VirtualClock(),
    });
    const search = registry.getOrCreate('search', { maxKeys: 1 });
    const find = search.wrap((key: string) => of(key), {
      key: (key: string) => key,
      returns: 'observable',
    });
    injectFaults(search, { errorRate: 1, when: (key: string) => key === 'us' });
    const found = find('eu');
    registry.keyed('search', 'us');
    await expect(firstValueFrom(found)).resolves.toBe('eu');
    expect(registry.keyed('search', 'eu').totals.successes).toBe(1);
  });

  it('let nobody take a circuit for idle whose stream waits for a retry', () => {
    const registry = new CircuitBreakerRegistry(undefined, {
      clock: new VirtualClock(),
    });
    const search = registry.getOrCreate('search', { maxKeys: 1 });
    const find = search.wrap(() => throwError(() => new Error('down')), {
      key: () => 'eu',
      returns: 'observable',
      retry: { attempts: 3, backoff: { initial: '10s' } },
    });
    // It was called before; its circuit is another one when it is subscribed.
    const found = find();
    registry.keyed('search', 'us');
    const eu = registry.keyed('search', 'eu');
    const faults = injectFaults(eu, { errorRate: 1, when: () => false });
    found.subscribe({ error() {} });
    faults.stop();
    expect(eu.pipeline.isIdle).toBe(false);
  });

  it('can be those of one key', async () => {
    const registry = new CircuitBreakerRegistry(undefined, {
      clock: new VirtualClock(),
    });
    registry.getOrCreate('search');
    injectFaults(registry.keyed('search', 'eu'), { errorRate: 1 });
    const answer = registry.failover('search', ['eu', 'us'], async key => key);
    await expect(answer).resolves.toBe('us');
    expect(registry.keyed('search', 'eu').totals.failures).toBe(1);
  });
});

describe('stopping', () => {
  it('leaves the circuit as it was', async () => {
    const { circuit } = bench();
    const before = { keys: Reflect.ownKeys(circuit), at: circuit.pipeline };
    const faults = injectFaults(circuit, { errorRate: 1 });
    expect(faults.isActive).toBe(true);
    faults.stop();
    faults.stop();
    expect(faults.isActive).toBe(false);
    expect(Reflect.ownKeys(circuit)).toEqual(before.keys);
    expect(circuit.pipeline).toBe(before.at);
    await expect(circuit.execute(async () => 1)).resolves.toBe(1);
    expect(faults.counts.calls).toBe(0);
  });

  it.each([
    ['fails', { errorRate: 1 }],
    ['hangs', { hangRate: 1 }],
  ])('leaves alone what a call still does that %s', async (_what, options) => {
    const { circuit, clock } = bench();
    const faults = injectFaults(circuit, options);
    const call = { retry: { attempts: 2 } };
    const answers = Promise.all([
      circuit.execute(async () => 1, call),
      firstValueFrom(of(2).pipe(withCircuitBreaker(circuit, call))),
    ]);
    await clock.settle();
    faults.stop();
    await expect(clock.runUntil(answers)).resolves.toEqual([1, 2]);
    expect(faults.counts.calls).toBe(2);
  });

  it('makes room for other faults, which are refused before', () => {
    const { circuit } = bench();
    const faults = injectFaults(circuit, { errorRate: 1 });
    expect(() => injectFaults(circuit, { errorRate: 0.5 })).toThrow(
      'Faults of "payments": the circuit has some already. Stop them first, or give one set of faults.',
    );
    faults.stop();
    injectFaults(circuit, { errorRate: 0.5 }).stop();
  });

  it('again leaves other faults alone that have come since', async () => {
    const { circuit } = bench();
    const faults = injectFaults(circuit, { errorRate: 1 });
    faults.stop();
    const others = injectFaults(circuit, { errorRate: 1 });
    faults.stop();
    expect(others.isActive).toBe(true);
    await expect(circuit.execute(async () => 1)).rejects.toThrow(
      InjectedFaultError,
    );
    expect(faults.counts.calls).toBe(0);
    expect(others.counts.calls).toBe(1);
  });

  it('happens by itself after the duration', async () => {
    const { circuit, clock } = bench();
    const faults = injectFaults(circuit, { errorRate: 1, duration: '5m' });
    await clock.advance(299_999);
    expect(faults.isActive).toBe(true);
    await clock.advance(1);
    expect(faults.isActive).toBe(false);
    await expect(circuit.execute(async () => 1)).resolves.toBe(1);
  });

  it('never happens by itself on a virtual clock without a duration', async () => {
    const { circuit, clock } = bench();
    const faults = injectFaults(circuit, { errorRate: 1 });
    expect(clock.pending).toBe(0);
    await clock.advance('7d');
    expect(faults.isActive).toBe(true);
    faults.stop();
  });

  it('before the duration is over leaves no timer behind', () => {
    const { circuit, clock } = bench();
    const faults = injectFaults(circuit, { errorRate: 1, duration: '5m' });
    expect(clock.pending).toBe(1);
    faults.stop();
    expect(clock.pending).toBe(0);
  });
});

describe('on a real clock', () => {
  let told: unknown[][];

  beforeEach(() => {
    told = listenToLog();
  });

  afterEach(() => void jest.useRealTimers());

  it('faults end after ten minutes, and are logged from begin to end', () => {
    jest.useFakeTimers({ now: Date.UTC(2030, 0, 1, 12) });
    const circuit = new Circuit('payments', { consecutiveFailures: false });
    const faults = injectFaults(circuit, {
      errorRate: 0.5,
      hangRate: 0.125,
      latency: { min: 10, max: 20 },
      latencyRate: 0.3,
      seed: 5,
    });
    jest.advanceTimersByTime(599_999);
    expect(faults.isActive).toBe(true);
    jest.advanceTimersByTime(1);
    expect(faults.isActive).toBe(false);
    expect(told).toEqual([
      [
        'Faults of "payments" are injected until 2030-01-01T12:10:00.000Z: 50 % fail, 12.5 % hang, 30 % wait 10 to 20 ms; seed 5.',
        'CircuitBreaker',
      ],
      [
        'Faults of "payments" have ended: of 0 attempts 0 failed, 0 hung and 0 waited.',
        'CircuitBreaker',
      ],
    ]);
  });

  it('faults of a key end after a duration of their own, and say what they have done', async () => {
    jest.useFakeTimers({ now: Date.UTC(2030, 0, 1, 12) });
    const circuit = new Circuit(
      'search',
      { consecutiveFailures: false },
      { key: 'eu' },
    );
    const faults = injectFaults(circuit, {
      errorRate: 0.3,
      hangRate: 0.2,
      latency: 5,
      latencyRate: 0.5,
      duration: '90s',
      seed: 12,
    });
    for (let call = 0; call < 20; call++) {
      circuit.execute(async () => 1).catch(() => {});
    }
    jest.advanceTimersByTime(89_999);
    expect(faults.isActive).toBe(true);
    jest.advanceTimersByTime(1);
    expect(faults.isActive).toBe(false);
    const { calls, errors, hangs, delays } = faults.counts;
    expect(new Set([calls, errors, hangs, delays]).size).toBe(4);
    expect(told.map(([message]) => message)).toEqual([
      'Faults of "search" (eu) are injected until 2030-01-01T12:01:30.000Z: 30 % fail, 20 % hang, 50 % wait 5 ms; seed 12.',
      `Faults of "search" (eu) have ended: of 20 attempts ${errors} failed, ${hangs} hung and ${delays} waited.`,
    ]);
  });

  it.each([
    [{ errorRate: 0.0625 }, '6.3 % fail'],
    [{ hangRate: 1 }, '100 % hang'],
    [{ latency: '2s' }, '100 % wait 2000 ms'],
    [
      { errorRate: 0.1, latency: { min: 0, max: 3 } },
      '10 % fail, 100 % wait 0 to 3 ms',
    ],
  ])('what %j does is told, and nothing else', (options, what) => {
    injectFaults(new Circuit('payments'), { ...options, seed: 5 }).stop();
    expect(told[0]![0]).toMatch(/Z: (.*); seed 5\.$/);
    expect(/Z: (.*); seed/.exec(String(told[0]![0]))![1]).toBe(what);
  });

  it('faults do not keep the process from ending', () => {
    const timeouts = jest.spyOn(globalThis, 'setTimeout');
    const faults = injectFaults(new Circuit('payments'), { errorRate: 1 });
    const timer = timeouts.mock.results[0]!.value as NodeJS.Timeout;
    expect(timer.hasRef()).toBe(false);
    faults.stop();
    timeouts.mockRestore();
  });

  it('faults of a stopped game day do not end again', () => {
    jest.useFakeTimers();
    const faults = injectFaults(new Circuit('payments'), { errorRate: 1 });
    faults.stop();
    expect(jest.getTimerCount()).toBe(0);
    faults.stop();
    expect(told).toHaveLength(2);
  });
});

describe('in production', () => {
  const { NODE_ENV } = process.env;

  afterEach(() => {
    process.env['NODE_ENV'] = NODE_ENV;
  });

  it('faults are refused unless that is meant', async () => {
    process.env['NODE_ENV'] = 'production';
    const { circuit } = bench();
    expect(() => injectFaults(circuit, { errorRate: 1 })).toThrow(
      'Faults of "payments": NODE_ENV is "production". If that is meant, as on a staging system, say so with allowInProduction: true.',
    );
    const eu = new Circuit('search', {}, { key: 'eu' });
    expect(() => injectFaults(eu, { errorRate: 1 })).toThrow(
      /^Faults of "search" \(eu\): NODE_ENV/,
    );
    await expect(circuit.execute(async () => 1)).resolves.toBe(1);
    injectFaults(circuit, { errorRate: 1, allowInProduction: true });
    await expect(circuit.execute(async () => 1)).rejects.toThrow(
      InjectedFaultError,
    );
  });
});

describe('fault options', () => {
  const NO_HIT =
    'options: hit no call; give an errorRate or an error, a latency, or a hangRate';
  const RATE = 'takes a share of the calls, from 0 to 1';
  const LATENCY = `takes a duration from 1 ms to 24 days: milliseconds, or a string such as '2s', or { min, max } of such`;

  it.each([
    [{}, NO_HIT],
    [{ errorRate: 0 }, NO_HIT],
    [{ error: new Error('never'), errorRate: 0 }, NO_HIT],
    [{ latency: 100, latencyRate: 0 }, NO_HIT],
    [{ errorRate: 1.1 }, `errorRate: got 1.1, ${RATE}`],
    [{ errorRate: -0.1 }, `errorRate: got -0.1, ${RATE}`],
    [{ errorRate: '20%' }, `errorRate: got '20%', ${RATE}`],
    [{ hangRate: 1.1 }, `hangRate: got 1.1, ${RATE}`],
    [{ hangRate: -0.1 }, `hangRate: got -0.1, ${RATE}`],
    [{ latency: 1, latencyRate: 1.1 }, `latencyRate: got 1.1, ${RATE}`],
    [{ latency: 1, latencyRate: -0.1 }, `latencyRate: got -0.1, ${RATE}`],
    [
      { errorRate: 0.6, hangRate: 0.6 },
      'hangRate: and errorRate come to 1.2; a call either fails or hangs, so together they are at most 1',
    ],
    [
      { latency: { min: 20, max: 10 } },
      'latency: has a min of 20 ms over its max of 10 ms; exchange them',
    ],
    [{ latency: 'slow' }, `latency: got 'slow', ${LATENCY}`],
    [{ latency: '30d' }, `latency: got '30d', ${LATENCY}`],
    [{ latency: -1 }, `latency: got -1, ${LATENCY}`],
    [{ latency: { min: 1 } }, 'latency'],
    [{ latency: { max: 1 } }, 'latency'],
    [{ latency: { min: -1, max: 1 } }, 'latency'],
    [{ latency: { min: 1, max: '30d' } }, 'latency'],
    [{ latency: { min: 1, max: 2, mean: 1 } }, 'latency'],
    [
      { errorRate: 1, seed: 1.5 },
      'seed: got 1.5, takes a whole number from 0 to 4294967295',
    ],
    [{ errorRate: 1, seed: -1 }, 'seed: got -1, takes a whole number'],
    [{ errorRate: 1, seed: 2 ** 32 }, 'seed: got 4294967296, takes'],
    [
      { errorRate: 1, duration: '0s' },
      `duration: got '0s', takes a duration from 1 ms to 24 days: milliseconds, or a string such as '2s'`,
    ],
    [{ errorRate: 1, duration: '30d' }, `duration: got '30d', takes`],
    [
      { errorRate: 1, when: true },
      'when: got true, takes a function of the arguments of the call that answers true or false',
    ],
    [
      { errorRate: 1, allowInProduction: 'yes' },
      `allowInProduction: got 'yes', takes true or false`,
    ],
    [{ errorRat: 1 }, 'did you mean "errorRate"?'],
  ])('%j are refused', (options, problem) => {
    const { circuit } = bench();
    const before = circuit.pipeline;
    const problems = problemsFrom(() =>
      injectFaults(circuit, options as object),
    );
    expect(problems.join('\n')).toContain(problem);
    expect(circuit.pipeline).toBe(before);
  });

  it('are taken up to their bounds', async () => {
    for (const [options, counts] of [
      [{ errorRate: 1, seed: 0xff_ff_ff_ff }, { errors: 1 }],
      [{ errorRate: 1, seed: 0 }, { errors: 1 }],
      [{ errorRate: 0.5, hangRate: 0.5 }, { delays: 0 }],
      [{ hangRate: 1, errorRate: 0 }, { hangs: 1 }],
      [{ latency: '1ms', latencyRate: 1 }, { delays: 1 }],
      [{ latency: { min: 7, max: 7 } }, { delays: 1 }],
      [{ latency: { min: 0, max: 2 ** 31 - 1 } }, { delays: 1 }],
      [
        { latency: 0, errorRate: 1 },
        { errors: 1, delays: 0 },
      ],
      [
        { latency: { min: 0, max: 0 }, errorRate: 1 },
        { errors: 1, delays: 0 },
      ],
    ] as const) {
      const { circuit, clock } = bench();
      const faults = injectFaults(circuit, options);
      const answer = circuit.execute(async () => 1, { timeout: '24d' });
      answer.catch(() => {});
      await clock.settle();
      expect(faults.counts).toMatchObject({ calls: 1, ...counts });
      faults.stop();
    }
  });

  it('say whose they are', () => {
    const { circuit } = bench();
    expect(() => injectFaults(circuit, { hangRate: 2 })).toThrow(
      /^Faults of "payments": an option cannot be taken/,
    );
  });
});

describe('a dependency that fails by itself', () => {
  it('still does while calls wait', async () => {
    const { circuit, clock } = bench();
    injectFaults(circuit, { latency: 5 });
    const own = new Error('own');
    const answers = [
      circuit.execute(() => Promise.reject(own)),
      firstValueFrom(throwError(() => own).pipe(withCircuitBreaker(circuit))),
    ];
    for (const answer of answers) answer.catch(() => {});
    await clock.advance(5);
    for (const answer of answers) await expect(answer).rejects.toBe(own);
  });
});
