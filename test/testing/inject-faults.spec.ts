import { Logger } from '@nestjs/common';
import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import { firstValueFrom, lastValueFrom, of, throwError, toArray } from 'rxjs';
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

describe('injected errors', () => {
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
    const wrapped = circuit.wrap(() => 1);
    expect(wrapped).toThrow(InjectedFaultError);
    expect(wrapped).toThrow(InjectedFaultError);
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

  it('hit no call for which `when` throws, and say so once', async () => {
    const { circuit } = bench();
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    injectFaults(circuit, {
      errorRate: 1,
      when: () => {
        throw new Error('a broken filter');
      },
    });
    await expect(circuit.execute(async () => 1)).resolves.toBe(1);
    await expect(circuit.execute(async () => 2)).resolves.toBe(2);
    expect(warn.mock.calls).toEqual([
      [expect.stringContaining('a broken filter')],
    ]);
    warn.mockRestore();
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
    injectFaults(circuit, { latency: '3s', errorRate: 1 });
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
  });

  it.each([
    ['executeSync', (circuit: Circuit) => circuit.executeSync(() => 1)],
    ['wrap', (circuit: Circuit) => circuit.wrap(() => 1)()],
  ])(
    'is refused for a plain value (%s), which counts as no failure',
    (_door, call) => {
      for (const faults of [{ latency: 1 }, { hangRate: 0.001 }]) {
        const { circuit } = bench();
        injectFaults(circuit, faults);
        expect(problemsFrom(() => call(circuit))).toEqual([
          expect.stringMatching(
            /^latency, hangRate: cannot be had for a function that returns a plain value/,
          ),
        ]);
        expect(circuit.totals.failures).toBe(0);
      }
    },
  );

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
    expect(errors + hangs).toBe(100);
    faults.stop();
  });

  it('fail when the faults are stopped', async () => {
    const { circuit, clock } = bench();
    const faults = injectFaults(circuit, { hangRate: 1 });
    const answers = [
      circuit.execute(async () => 1),
      firstValueFrom(of(1).pipe(withCircuitBreaker(circuit))),
    ];
    for (const answer of answers) answer.catch(() => {});
    await clock.advance('1h');
    expect(circuit.inFlight).toBe(2);
    faults.stop();
    for (const answer of answers) {
      await expect(answer).rejects.toThrow('the hanging is over');
    }
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

  it('makes room for other faults, which are refused before', () => {
    const { circuit } = bench();
    const faults = injectFaults(circuit, { errorRate: 1 });
    expect(() => injectFaults(circuit, { errorRate: 0.5 })).toThrow(
      /the circuit has some already/,
    );
    faults.stop();
    injectFaults(circuit, { errorRate: 0.5 }).stop();
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
    await clock.advance('7d');
    expect(faults.isActive).toBe(true);
  });
});

describe('on a real clock', () => {
  let warn: jest.SpiedFunction<Logger['warn']>;

  beforeEach(() => {
    warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
  });

  afterEach(() => {
    jest.useRealTimers();
    warn.mockRestore();
  });

  it('faults end after ten minutes, and are logged from begin to end', async () => {
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
    expect(warn.mock.calls.map(([message]) => message)).toEqual([
      'Faults of "payments" are injected until 2030-01-01T12:10:00.000Z: 50 % fail, 12.5 % hang, 30 % wait 10 to 20 ms; seed 5.',
      'Faults of "payments" have ended: of 0 attempts 0 failed, 0 hung and 0 waited.',
    ]);
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
    injectFaults(new Circuit('payments'), { errorRate: 1 }).stop();
    jest.runAllTimers();
    expect(warn).toHaveBeenCalledTimes(2);
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
      /NODE_ENV is "production".*allowInProduction: true/,
    );
    await expect(circuit.execute(async () => 1)).resolves.toBe(1);
    injectFaults(circuit, { errorRate: 1, allowInProduction: true });
    await expect(circuit.execute(async () => 1)).rejects.toThrow(
      InjectedFaultError,
    );
  });
});

describe('fault options', () => {
  it.each([
    [{}, 'options: hit no call'],
    [{ errorRate: 0 }, 'options: hit no call'],
    [{ latency: 100, latencyRate: 0 }, 'options: hit no call'],
    [{ errorRate: 1.1 }, 'errorRate: got 1.1, takes a share of the calls'],
    [{ errorRate: '20%' }, 'errorRate: got '],
    [{ errorRate: 0.6, hangRate: 0.6 }, 'hangRate: and errorRate come to 1.2'],
    [{ latency: { min: 20, max: 10 } }, 'latency: has a min of 20 ms over'],
    [{ latency: 'slow' }, 'latency: got '],
    [{ latency: '30d' }, 'latency: got '],
    [{ hangRate: -1 }, 'hangRate: got -1'],
    [{ errorRate: 1, seed: 1.5 }, 'seed: got 1.5'],
    [{ errorRate: 1, duration: '0s' }, 'duration: got '],
    [{ errorRate: 1, when: true }, 'when: got true'],
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
