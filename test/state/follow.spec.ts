import { describe, expect, it } from '@jest/globals';
import type {
  Coordinator,
  ProbeRequest,
  SharedState,
} from '../../lib/state/coordinator.js';
import { CircuitBench } from '../support/circuit-bench.js';

const OPEN: SharedState = {
  state: 'open',
  reason: 'the others say so',
  attempt: 3,
  wait: 500,
};
const HALF_OPEN: SharedState = {
  state: 'half-open',
  reason: 'the wait is over',
  attempt: 3,
};
const CLOSED: SharedState = { state: 'closed', reason: 'well', attempt: 0 };
const FORCED_OPEN: SharedState = {
  state: 'forced-open',
  reason: 'works',
  attempt: 0,
};
const FORCED_CLOSED: SharedState = { ...FORCED_OPEN, state: 'forced-closed' };

/** A view that knows nothing but when a probe may go. */
const silent: Coordinator = { allowsProbe: () => true, transitioned() {} };

/** What an override event says. */
const overrides = ({ events }: CircuitBench) =>
  events.flatMap(event =>
    event.type === 'override' ? [`${event.action}: ${event.reason}`] : [],
  );

describe('following a shared view', () => {
  it('names others as the reason of an opening, and takes their attempt', () => {
    const bench = new CircuitBench();
    bench.circuit.machine.follow(OPEN);
    expect(bench.circuit.explain().rule).toBe('shared');
    expect(bench.circuit.snapshot().attempt).toBe(3);
  });

  it('takes a probing circuit for one, and begins its probes anew if told again', () => {
    const bench = new CircuitBench();
    const { machine } = bench.circuit;
    machine.follow(HALF_OPEN);
    bench.play('S');
    expect(bench.halfOpen).toMatchObject({ successes: 1 });
    machine.follow(HALF_OPEN);
    expect(bench.halfOpen).toMatchObject({ successes: 0 });
    expect(bench.circuit.generation).toBe(2);
    expect(bench.transitions).toEqual(['closed>half-open']);
  });

  it.each<[SharedState, string]>([
    [FORCED_OPEN, 'force-open: works'],
    [FORCED_CLOSED, 'force-closed: works'],
  ])('does what was ordered, once: %p', (order, told) => {
    const bench = new CircuitBench();
    const { machine } = bench.circuit;
    machine.follow(order);
    machine.follow(order);
    expect(bench.state).toBe(order.state);
    expect(overrides(bench)).toEqual([told]);
    expect(bench.circuit.generation).toBe(1);
    expect(bench.circuit.explain().sentence).toContain('(works)');
  });

  it.each([OPEN, HALF_OPEN, CLOSED])(
    'releases what was ordered: %p',
    shared => {
      const bench = new CircuitBench();
      const { machine } = bench.circuit;
      machine.follow(FORCED_CLOSED);
      machine.follow(shared);
      expect(bench.state).toBe(shared.state);
      expect(overrides(bench).at(-1)).toBe(`release: ${shared.reason}`);
    },
  );

  it('does nothing anew where an order is repeated', () => {
    const bench = new CircuitBench();
    const { machine } = bench.circuit;
    const order = { ...FORCED_OPEN, isOrdered: true } as SharedState;
    machine.follow(order);
    machine.follow(order);
    expect(bench.state).toBe('forced-open');
    expect(bench.circuit.generation).toBe(1);
  });

  it('judges its probes itself where the view does not', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    bench.circuit.machine.coordinate(silent);
    bench.tripToHalfOpen().play('SSSSSS');
    expect(bench.state).toBe('closed');
  });

  it('tells no override where none was', () => {
    const bench = new CircuitBench();
    bench.circuit.machine.follow(OPEN);
    bench.circuit.machine.follow(CLOSED);
    expect(overrides(bench)).toEqual([]);
  });

  it('asks for a probe by name, key and generation', () => {
    const bench = new CircuitBench();
    const asked: ProbeRequest[] = [];
    bench.circuit.machine.coordinate({
      ...silent,
      allowsProbe: request => asked.push(request) > 0,
    });
    bench.trip().advance(600_000).acquire();
    expect(asked).toEqual([{ name: 'bench', key: null, generation: 1 }]);
  });

  it('asks nothing that the view does not answer', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    bench.circuit.machine.coordinate(silent);
    bench.tripToHalfOpen().play('S');
    bench.circuit.forceOpen();
    bench.circuit.configure({ minimumCalls: 3 });
    expect(bench.circuit.snapshot().shared).toBeNull();
    expect(bench.logged).toEqual([]);
  });

  it('shows what the view says of itself', () => {
    const bench = new CircuitBench();
    const shared = { joined: false } as never;
    bench.circuit.machine.coordinate({ ...silent, describe: () => shared });
    expect(bench.circuit.snapshot().shared).toBe(shared);
  });

  it('says who threw', () => {
    const bench = new CircuitBench();
    bench.circuit.machine.coordinate({
      ...silent,
      describe() {
        throw new Error('broken view');
      },
    });
    bench.circuit.snapshot();
    expect(JSON.stringify(bench.logged)).toContain('the coordinator');
  });

  it('says that it was a listener who threw', () => {
    const bench = new CircuitBench();
    bench.circuit.machine.emitter.on(['success'], () => {
      throw new Error('broken listener');
    });
    bench.play('S');
    expect(JSON.stringify(bench.logged)).toContain('a listener');
  });

  it('stays with a view that came after the one that leaves', () => {
    const bench = new CircuitBench();
    const { machine } = bench.circuit;
    const leave = machine.coordinate({ ...silent, allowsProbe: () => true });
    machine.coordinate({ ...silent, allowsProbe: () => false });
    leave();
    bench.trip().advance(600_000);
    expect(bench.isRefused()).toBe(true);
  });

  it('counts a probe that is overdue as failed, also where the view judges', () => {
    const bench = new CircuitBench({
      halfOpen: { calls: 3, concurrency: 3, callDeadline: '5s' },
    });
    const { machine } = bench.circuit;
    machine.coordinate({ ...silent, judgesProbes: () => true });
    machine.follow(HALF_OPEN);
    bench.acquire();
    bench.advance(5_001).acquire();
    expect(bench.halfOpen).toMatchObject({ failures: 1, inFlight: 1 });
  });
});

describe('a released override', () => {
  it.each<[(bench: CircuitBench) => void, string]>([
    [({ circuit }) => circuit.forceOpen('works'), 'forced-open>half-open'],
    [({ circuit }) => circuit.forceClosed('works'), 'forced-closed>closed'],
  ])('is told with its action', (force, transition) => {
    const bench = new CircuitBench();
    force(bench);
    bench.circuit.releaseOverride('done');
    expect(overrides(bench).at(-1)).toBe('release: done');
    expect(bench.transitions.at(-1)).toBe(transition);
  });
});
