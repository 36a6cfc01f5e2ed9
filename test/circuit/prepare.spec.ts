import { describe, expect, it } from '@jest/globals';
import { InvalidOptionsError } from '../../lib/errors/invalid-options.error.js';
import { CircuitBench } from '../support/circuit-bench.js';

describe('options in the place of those that a circuit was made with', () => {
  it('are in force when they are put in force', () => {
    const { circuit } = new CircuitBench({ minimumCalls: 3 });

    const follow = circuit.prepare({ openDuration: '5s' });
    expect(circuit.rules).toMatchObject({ minimumCalls: 3 });
    follow();

    expect(circuit.rules).toMatchObject({
      minimumCalls: 20,
      openDuration: 5_000,
    });
  });

  it('lie under what it was configured with', () => {
    const { circuit } = new CircuitBench();
    circuit.configure({ minimumCalls: 3 });

    circuit.prepare({ minimumCalls: 9, failureCount: 2 })();
    expect(circuit.rules).toMatchObject({ minimumCalls: 3, failureCount: 2 });

    circuit.configure({ failureCount: 4 });
    expect(circuit.rules).toMatchObject({ minimumCalls: 3, failureCount: 4 });
  });

  it('stay when it is configured afterwards', () => {
    const { circuit } = new CircuitBench();
    circuit.prepare({ minimumCalls: 9 })();

    circuit.configure({ failureCount: 4 });
    expect(circuit.rules).toMatchObject({ minimumCalls: 9, failureCount: 4 });
  });

  it('are those of the moment, whatever their object says later', () => {
    const options = { minimumCalls: 9 };
    const { circuit } = new CircuitBench();
    circuit.prepare(options)();

    options.minimumCalls = 12;
    circuit.configure({ failureCount: 4 });
    expect(circuit.rules.minimumCalls).toBe(9);
  });

  it('change nothing if they are wrong', () => {
    const { circuit } = new CircuitBench({ minimumCalls: 3 });

    expect(() => circuit.prepare({ minimumCalls: 0 })).toThrow(
      InvalidOptionsError,
    );
    expect(circuit.rules.minimumCalls).toBe(3);
  });

  it('tell nobody if they come to the same rules', () => {
    const bench = new CircuitBench({ minimumCalls: 3 });

    bench.circuit.prepare({ minimumCalls: 3, openJitter: 0 })();
    expect(bench.told).toEqual([]);
    bench.circuit.prepare({ minimumCalls: 4, openJitter: 0 })();

    expect(bench.told).toEqual(['configured']);
  });
});
