import { describe, expect, it } from '@jest/globals';
import type { CallPermit } from '../../lib/state/admission.js';
import { CircuitBench } from '../support/circuit-bench.js';

const SLOW_MS = 5_000;

function setUp() {
  const bench = new CircuitBench({ minimumCalls: 50 });
  return {
    bench,
    recorded: () => bench.circuit.machine.record.recorded(),
  };
}

describe('what counted for the rules', () => {
  it('is successes, failures and slow calls', () => {
    const { bench, recorded } = setUp();
    bench.play('SSFL');
    expect(recorded()).toEqual({ calls: 4, failures: 1, slow: 1 });
  });

  it('is a cancelled call only if it was slow by then', () => {
    const { bench, recorded } = setUp();
    const [quick, slow] = bench.acquireMany(2) as CallPermit[];
    quick?.cancel();
    bench.play('I');
    expect(recorded()).toEqual({ calls: 0, failures: 0, slow: 0 });
    bench.advance(SLOW_MS);
    slow?.cancel();
    expect(recorded()).toEqual({ calls: 1, failures: 0, slow: 1 });
  });

  it('is nothing of an older generation', () => {
    const { bench, recorded } = setUp();
    const late = bench.acquireMany(4) as CallPermit[];
    bench.circuit.reset();
    late[0]?.failure('down');
    late[1]?.success();
    late[2]?.success(SLOW_MS);
    bench.advance(SLOW_MS);
    late[3]?.cancel();
    expect(recorded()).toEqual({ calls: 0, failures: 0, slow: 0 });
    bench.play('F');
    expect(recorded()).toEqual({ calls: 1, failures: 1, slow: 0 });
  });
});

describe('the listeners of a circuit', () => {
  it('hear nothing when it is disposed of, also while it tells an event', () => {
    const { circuit } = new CircuitBench();
    const heard: string[] = [];
    circuit.on(['success'], () => {
      heard.push('first');
      circuit.dispose();
    });
    circuit.on(['success'], () => heard.push('second'));
    circuit.tryAcquire()?.success();
    circuit.tryAcquire()?.success();
    expect(heard).toEqual(['first']);
  });
});
