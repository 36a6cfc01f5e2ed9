import { describe, expect, it } from '@jest/globals';
import { Circuit } from '../../lib/circuit/circuit.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { CircuitBench } from '../support/circuit-bench.js';

describe('settled: at the edge of the rules', () => {
  it('settled: a call is told attempt 1 and a signal', async () => {
    const { circuit } = new CircuitBench();
    const told = await circuit.execute(({ attempt, signal }) => [
      attempt,
      signal instanceof AbortSignal,
      signal.aborted,
    ]);
    expect(told).toEqual([1, true, false]);
  });

  it("settled: another circuit's rejection is answered by a fallback although it counts as ignored", async () => {
    const other = new CircuitBench({ consecutiveFailures: 1 }).trip();
    const bench = new CircuitBench();
    await expect(
      bench.circuit.execute(() => other.circuit.execute(() => 'live'), {
        fallback: () => 'kept',
      }),
    ).resolves.toBe('kept');
    expect(bench.totals).toMatchObject({ calls: 1, ignored: 1, failures: 0 });
  });

  it('settled: our own rejection is answered by a fallback', async () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 }).trip();
    await expect(
      bench.circuit.execute(() => 'live', { fallback: () => 'kept' }),
    ).resolves.toBe('kept');
    expect(bench.totals.rejected).toBe(1);
  });

  it('settled: wrap of a function that returns a plain value returns a plain value', () => {
    const { circuit } = new CircuitBench();
    expect(circuit.wrap((a: number, b: number) => a + b)(2, 3)).toBe(5);
  });

  it('settled: wrap of a function that returns a promise returns a promise', async () => {
    const { circuit } = new CircuitBench();
    const answer = circuit.wrap(async (a: number) => a + 1)(2);
    expect(answer).toBeInstanceOf(Promise);
    await expect(answer).resolves.toBe(3);
  });

  it('settled: call options are unknown keys for new Circuit', () => {
    const options = { fallback: () => 1 } as CircuitOptions;
    expect(() => new Circuit('edge', options)).toThrow(/fallback/);
  });

  it('settled: executeSync answers with a value and throws what refuses', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    expect(bench.circuit.executeSync(() => 7)).toBe(7);
    bench.trip();
    expect(() => bench.circuit.executeSync(() => 7)).toThrow(
      expect.objectContaining({ code: 'CIRCUIT_OPEN', circuit: 'bench' }),
    );
  });
});
