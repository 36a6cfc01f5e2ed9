import { describe, expect, it } from '@jest/globals';
import { config } from 'rxjs';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { CircuitBench } from '../support/circuit-bench.js';

const ENDINGS = ['success', 'failure', 'release'] as const;
const boom = () => {
  throw new Error('the predicate is broken');
};

describe('rule 2: permits', () => {
  it.each(
    ENDINGS.flatMap(first => ENDINGS.map(then => [first, then] as const)),
  )(
    'rule 2: a permit that ended with %s does not end again with %s',
    (first, then) => {
      const bench = new CircuitBench();
      const permit = bench.acquire();
      permit[first]();
      const before = bench.circuit.snapshot();
      permit[then]();
      expect(bench.circuit.snapshot()).toEqual(before);
    },
  );

  it('rule 2: a second settling tells no event', () => {
    const bench = new CircuitBench();
    const permit = bench.acquire();
    permit.success();
    permit.failure('down');
    expect(bench.told).toEqual(['success']);
  });

  it.each<[string, CircuitOptions]>([
    ['classifyError', { classifyError: boom }],
    ['an ignoreErrors predicate', { ignoreErrors: [boom] }],
    ['a recordErrors predicate', { recordErrors: [boom] }],
  ])(
    'rule 2: %s that throws changes no result, leaks no permit and is logged once',
    async (_what, options) => {
      const bench = new CircuitBench(options);
      const error = new Error('down');
      const answer = bench.circuit.execute(() => Promise.reject(error));
      await expect(answer).rejects.toBe(error);
      expect(bench.circuit.snapshot().inFlight).toBe(0);
      expect(bench.totals.calls).toBe(1);
      expect(bench.logged).toHaveLength(1);
    },
  );

  it('rule 2: a classifier that throws leaves the error to the default rule', async () => {
    const bench = new CircuitBench({ classifyError: boom });
    await bench.circuit
      .execute(() => Promise.reject(new Error('down')))
      .catch(() => {});
    await bench.circuit
      .execute(() => Promise.reject({ status: 404 }))
      .catch(() => {});
    expect(bench.totals).toMatchObject({ failures: 1, successes: 1 });
  });

  it('rule 2: an isFailureResult that throws does not change the answer and is logged once', async () => {
    const bench = new CircuitBench();
    const answer = bench.circuit.execute(() => Promise.resolve(7), {
      isFailureResult: boom,
    });
    await expect(answer).resolves.toBe(7);
    expect(bench.circuit.snapshot().inFlight).toBe(0);
    expect(bench.totals.calls).toBe(1);
    expect(bench.logged).toHaveLength(1);
  });

  it('rule 2: a classifier that throws frees the place of its probe', async () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      classifyError: boom,
      halfOpen: { concurrency: 1 },
    });
    bench.tripToHalfOpen();
    await bench.circuit
      .execute(() => Promise.reject(new Error('down')))
      .catch(() => {});
    expect(bench.halfOpen).toMatchObject({ inFlight: 0, failures: 1 });
  });

  it('rule 2: a call that throws at once rejects with its error and gives its permit back', async () => {
    const bench = new CircuitBench();
    const error = new Error('at once');
    const answer = bench.circuit.execute(() => {
      throw error;
    });
    await expect(answer).rejects.toBe(error);
    expect(bench.circuit.snapshot().inFlight).toBe(0);
    expect(bench.totals.failures).toBe(1);
  });

  it('rule 2: a listener that throws neither changes a call nor the circuit, and is logged once', async () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    bench.circuit.events$.subscribe(boom);
    await expect(
      bench.circuit.execute(() => Promise.resolve('good')),
    ).resolves.toBe('good');
    expect(bench.totals.successes).toBe(1);
    expect(bench.circuit.snapshot().inFlight).toBe(0);
    expect(bench.logged).toHaveLength(1);
  });

  it('rule 2: a listener that throws does not keep events from the others', () => {
    const bench = new CircuitBench();
    const told: string[] = [];
    bench.circuit.events$.subscribe(boom);
    bench.circuit.events$.subscribe(({ type }) => void told.push(type));
    bench.play('S');
    expect(told).toEqual(['success']);
  });

  it.each(['events$', 'state$'] as const)(
    'rule 2: what a listener of %s throws never reaches the process',
    async source => {
      const reached: unknown[] = [];
      config.onUnhandledError = error => void reached.push(error);
      try {
        const bench = new CircuitBench({ consecutiveFailures: 1 });
        if (source === 'events$') bench.circuit.events$.subscribe(boom);
        else bench.circuit.state$.subscribe(boom);
        bench.trip();
        // RxJS rethrows in a timer of its own; let it run.
        await new Promise(resolve => setTimeout(resolve, 1));
        expect(reached).toEqual([]);
        expect(bench.state).toBe('open');
      } finally {
        config.onUnhandledError = null;
      }
    },
  );

  it('rule 2: a logger that throws changes no result and leaks no permit', async () => {
    const bench = new CircuitBench({ classifyError: boom });
    bench.circuit.events$.subscribe(boom);
    bench.isLoggerBroken = true;
    const error = new Error('down');
    await expect(
      bench.circuit.execute(() => Promise.reject(error)),
    ).rejects.toBe(error);
    expect(bench.circuit.snapshot().inFlight).toBe(0);
    expect(bench.told).toEqual(['failure']);
  });
});
