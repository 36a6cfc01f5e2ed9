import { describe, expect, it } from '@jest/globals';
import type { Coordinator, Order } from '../../lib/state/coordinator.js';
import type { SharedState } from '../../lib/state/coordinator.js';
import { CircuitBench } from '../support/circuit-bench.js';

function broken(): never {
  throw new Error('broken');
}

const OPEN: SharedState = {
  state: 'open',
  reason: 'the others say so',
  attempt: 2,
  wait: 500,
};
const HALF_OPEN: SharedState = {
  state: 'half-open',
  reason: 'the wait is over',
  attempt: 2,
};

class Recorder implements Coordinator {
  allows = true;
  judges = false;
  readonly orders: Order[] = [];
  readonly transitions: string[] = [];
  readonly patches: object[] = [];

  allowsProbe(): boolean {
    return this.allows;
  }

  judgesProbes(): boolean {
    return this.judges;
  }

  transitioned({ from, to }: { from: string; to: string }): void {
    this.transitions.push(`${from}>${to}`);
  }

  ordered(order: Order): void {
    this.orders.push(order);
  }

  configured(patch: object): void {
    this.patches.push(patch);
  }
}

describe('a circuit that shares a view', () => {
  it('follows it with a transition and a generation of its own', () => {
    const bench = new CircuitBench();
    const { machine } = bench.circuit;
    machine.follow(OPEN);
    expect(bench.state).toBe('open');
    expect(bench.circuit.generation).toBe(1);
    expect(bench.retryAfter).toBe(500);
    expect(bench.circuit.explain().sentence).toContain('the others say so');
    expect(bench.transitions).toEqual(['closed>open']);
    machine.follow({ state: 'closed', reason: 'well', attempt: 0 });
    expect(bench.transitions).toEqual(['closed>open', 'open>closed']);
  });

  it('takes over only the wait where it is open already', () => {
    const bench = new CircuitBench().trip();
    bench.circuit.machine.follow({ ...OPEN, wait: 7 });
    expect(bench.transitions).toEqual(['closed>open']);
    expect(bench.retryAfter).toBe(7);
  });

  it('tells overrides that it follows as overrides, once', () => {
    const bench = new CircuitBench();
    const { machine } = bench.circuit;
    const order = { state: 'forced-open', reason: 'x', attempt: 0 } as const;
    machine.follow(order);
    machine.follow(order);
    expect(bench.told).toEqual(['override', 'transition']);
    machine.follow({ state: 'closed', reason: 'released', attempt: 0 });
    expect(bench.state).toBe('closed');
    expect(bench.told.slice(2)).toEqual(['override', 'transition']);
  });

  it('begins a new window where it is closed and somebody orders that', () => {
    const bench = new CircuitBench().play('SFF');
    const { circuit } = bench;
    const closed = { state: 'closed', reason: 'reset', attempt: 0 } as const;
    circuit.machine.follow(closed);
    expect(circuit.snapshot()).toMatchObject({
      generation: 0,
      window: { calls: 3 },
    });
    circuit.machine.follow({ ...closed, isOrdered: true });
    expect(circuit.snapshot()).toMatchObject({
      generation: 1,
      window: { calls: 0 },
      totals: { calls: 3 },
    });
    expect(bench.transitions).toEqual([]);
  });

  it('refuses probes that the view does not allow', () => {
    const bench = new CircuitBench();
    const view = new Recorder();
    view.allows = false;
    bench.circuit.machine.coordinate(view);
    bench.trip().advance(600_000);
    expect(bench.isRefused()).toBe(true);
    view.allows = true;
    expect(bench.isRefused()).toBe(false);
  });

  it('leaves the verdict to the view, deadlines of probes to itself', () => {
    const bench = new CircuitBench({ halfOpen: { calls: 2, concurrency: 2 } });
    const view = new Recorder();
    view.judges = true;
    bench.circuit.machine.coordinate(view);
    bench.circuit.machine.follow(HALF_OPEN);
    bench.play('FF').advance(61_000);
    expect(bench.isRefused()).toBe(true);
    expect(bench.state).toBe('half-open');
    expect(bench.halfOpen).toMatchObject({ failures: 2 });
    view.judges = false;
    expect(bench.isRefused()).toBe(true);
    expect(bench.state).toBe('open');
  });

  it('is told of orders, options and transitions until it leaves', () => {
    const bench = new CircuitBench();
    const view = new Recorder();
    const leave = bench.circuit.machine.coordinate(view);
    bench.circuit.releaseOverride();
    bench.circuit.forceOpen('maintenance');
    bench.circuit.releaseOverride('done');
    bench.circuit.reset();
    bench.circuit.configure({ minimumCalls: 3 });
    expect(view.orders).toEqual([
      { action: 'force-open', state: 'forced-open', reason: 'maintenance' },
      { action: 'release', state: 'half-open', reason: 'done' },
      { action: 'reset', state: 'closed', reason: 'it was reset' },
    ]);
    expect(view.patches).toEqual([{ minimumCalls: 3 }]);
    expect(view.transitions).toHaveLength(3);
    leave();
    bench.circuit.forceOpen();
    expect(view.orders).toHaveLength(3);
  });

  it('decides alone if the view throws', () => {
    const bench = new CircuitBench();
    bench.circuit.machine.coordinate({
      allowsProbe: broken,
      judgesProbes: broken,
      transitioned: broken,
      ordered: broken,
      describe: broken,
    });
    bench.trip().advance(600_000);
    bench.play('SSSSSS');
    expect(bench.state).toBe('closed');
    expect(bench.circuit.snapshot().shared).toBeNull();
    expect(() => bench.circuit.forceOpen()).not.toThrow();
  });
});

describe('the counts that a shared view reads', () => {
  it('are those that counted for the rules', () => {
    const bench = new CircuitBench({ slowCallDuration: '1s' });
    const late = bench.acquire();
    bench.circuit.reset();
    bench.play('SSFLI');
    late.failure(new Error('late'), 5_000);
    const { record } = bench.circuit.machine;
    expect(record.recorded()).toEqual({ calls: 4, failures: 1, slow: 1 });
    expect(record.totals.failures).toBe(2);
  });

  it('have calls that were cancelled when they were slow', () => {
    const bench = new CircuitBench({ slowCallDuration: '1s' });
    const permit = bench.circuit.machine.tryAcquire()!;
    bench.advance(2_000);
    permit.cancel();
    const { record } = bench.circuit.machine;
    expect(record.recorded()).toEqual({ calls: 1, failures: 0, slow: 1 });
  });
});
