import { describe, expect, it } from '@jest/globals';
import { viewCircuit, viewFigures } from '../../lib/dashboard/circuit-view.js';
import type { SharedSnapshot } from '../../lib/state/coordinator.js';
import { CircuitBench } from '../support/circuit-bench.js';

describe('a circuit as the dashboard shows it', () => {
  it('is its snapshot, why it is so, and the rules by which it trips', () => {
    const rules = {
      minimumCalls: 11,
      failureRateThreshold: 0.12,
      failureCount: 13,
      consecutiveFailures: 4,
      slowCallDuration: 1_500,
      slowCallRateThreshold: 0.16,
      openDuration: 17_000,
    };
    const bench = new CircuitBench({ ...rules, critical: true });
    for (let call = 0; call < 4; call++) {
      bench.circuit.tryAcquire()!.failure(new Error(`no ${call}`));
    }
    const { sentence, nextProbe, lastFailures } = bench.circuit.explain();
    expect(viewCircuit(bench.circuit)).toEqual({
      ...bench.circuit.snapshot(),
      state: 'open',
      critical: true,
      sentence,
      rule: 'consecutiveFailures',
      nextProbe: bench.clock.wallTime() + 17_000,
      lastFailures,
      thresholds: rules,
    });
    expect(sentence).toMatch(/^"bench" is open because 4 calls in a row/);
    expect(nextProbe).toBe(bench.clock.wallTime() + 17_000);
    expect(lastFailures.map(({ message }) => message)).toEqual([
      'no 0',
      'no 1',
      'no 2',
      'no 3',
    ]);
  });

  it('that is closed and not critical says so', () => {
    expect(viewCircuit(new CircuitBench().circuit)).toMatchObject({
      state: 'closed',
      critical: false,
      rule: null,
      nextProbe: null,
      lastFailures: [],
    });
  });

  it.each([
    ['the first where it grows', { initial: '16s', multiplier: 2 }, 16_000],
    ['itself where it stays', 5_000, 5_000],
    ['none where a function decides', () => 5, null],
  ])('has a wait, %s', (_, openDuration, expected) => {
    const { circuit } = new CircuitBench({ openDuration });
    expect(viewCircuit(circuit).thresholds.openDuration).toBe(expected);
  });
});

describe('the figures of a circuit', () => {
  it('are what changes with calls, and no more', () => {
    const { circuit } = new CircuitBench({ slowCallDuration: 10 });
    circuit.tryAcquire()!.failure(new Error('no'), 20);
    circuit.tryAcquire()!.success(2);
    circuit.tryAcquire()!.success(2);
    circuit.tryAcquire();
    const { totals, latency } = circuit.snapshot();
    expect(viewFigures(circuit)).toEqual({
      name: 'bench',
      key: null,
      totals: expect.objectContaining({ calls: 3, failures: 1, slow: 1 }),
      inFlight: 1,
      inFlightSlow: 0,
      halfOpen: null,
      window: { calls: 3, failures: 1, slow: 1 },
      latency,
    });
    expect(viewFigures(circuit).totals).toEqual(totals);
  });

  it('have the sentence of a circuit that is not closed, for its wait runs', () => {
    const { circuit, clock } = new CircuitBench({ openDuration: '10s' });
    for (let call = 0; call < 10; call++) {
      circuit.tryAcquire()!.failure(new Error('no'));
    }
    const { sentence } = viewFigures(circuit);
    expect(sentence).toBe(circuit.explain().sentence);
    clock.advance(5_000);
    expect(viewFigures(circuit).sentence).not.toBe(sentence);
    clock.advance(5_000);
    circuit.tryAcquire();
    expect(viewFigures(circuit)).toMatchObject({
      halfOpen: { admitted: 1, inFlight: 1, successes: 0, failures: 0 },
      sentence: circuit.explain().sentence,
    });
  });

  it('have what other instances share with it, where there are any', () => {
    const shared: SharedSnapshot = {
      joined: true,
      state: 'closed',
      generation: 7,
      instances: 3,
      share: 0.25,
      window: { calls: 400, failures: 40, slow: 0 },
    };
    const { circuit } = new CircuitBench();
    expect(viewFigures(circuit)).not.toHaveProperty('shared');
    circuit.machine.coordinate({
      allowsProbe: () => true,
      transitioned() {},
      describe: () => shared,
    });
    expect(viewFigures(circuit).shared).toEqual(shared);
  });
});
