import { describe, expect, it } from '@jest/globals';
import type { Subscription } from 'rxjs';
import { CircuitBench } from '../support/circuit-bench.js';

describe('rule 16: simultaneous outcomes', () => {
  it('rule 16: open once and emit once', () => {
    const bench = new CircuitBench({ consecutiveFailures: 5 });
    for (const permit of bench.acquireMany(50)) permit.failure('down');
    expect(bench.transitions).toEqual(['closed>open']);
    expect(bench.circuit.snapshot()).toMatchObject({
      generation: 1,
      attempt: 1,
      totals: { failures: 50 },
      window: { failures: 5 },
    });
  });

  it('rule 16: reopen once', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      halfOpen: { calls: 3, concurrency: 3, successRateThreshold: 1 },
    });
    bench.tripToHalfOpen();
    for (const probe of bench.acquireMany(3)) probe.failure('down');
    expect(bench.transitions).toEqual([
      'closed>open',
      'open>half-open',
      'half-open>open',
    ]);
    expect(bench.circuit.snapshot().attempt).toBe(2);
  });

  it('rule 16: close once', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      halfOpen: { calls: 3, concurrency: 3, successRateThreshold: 0.3 },
    });
    bench.tripToHalfOpen();
    for (const probe of bench.acquireMany(3)) probe.success();
    expect(bench.transitions.slice(2)).toEqual(['half-open>closed']);
  });
});

describe('rule 16: listeners', () => {
  it('rule 16: are told after the state has changed', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    const seen: [string, string, number, number][] = [];
    bench.circuit.events$.subscribe(event => {
      if (event.type !== 'transition') return;
      const { state, generation } = bench.circuit;
      seen.push([event.to, state, event.generation, generation]);
    });
    bench.tripAndProbe();
    expect(seen).toEqual([
      ['open', 'open', 1, 1],
      ['half-open', 'half-open', 2, 2],
    ]);
  });

  it('rule 16: an outcome is told with the generation of its admission', () => {
    const bench = new CircuitBench();
    const late = bench.acquire();
    bench.circuit.reset();
    late.success();
    bench.play('S');
    expect(bench.events.map(({ generation }) => generation)).toEqual([0, 1]);
  });

  it('rule 16: may ask the circuit for a call', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    let refused: boolean | undefined;
    bench.circuit.events$.subscribe(({ type }) => {
      if (type === 'transition') refused = bench.isRefused();
    });
    bench.trip();
    expect(refused).toBe(true);
    expect(bench.totals.rejected).toBe(1);
  });

  it('rule 16: may order the circuit, and everybody is told in order', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    const before: string[] = [];
    const after: string[] = [];
    bench.circuit.events$.subscribe(event => {
      if (event.type === 'transition') before.push(event.to);
      if (event.type === 'transition' && event.to === 'open') {
        bench.circuit.reset();
      }
    });
    bench.circuit.events$.subscribe(event => {
      if (event.type === 'transition') after.push(event.to);
    });
    bench.play('F');
    expect(bench.state).toBe('closed');
    expect(before).toEqual(['open', 'closed']);
    expect(after).toEqual(['open', 'closed']);
  });

  it('rule 16: may make calls that fail in turn', () => {
    const bench = new CircuitBench({ consecutiveFailures: 3 });
    bench.circuit.events$.subscribe(({ type }) => {
      if (type === 'failure') bench.circuit.tryAcquire()?.failure('again');
    });
    bench.play('F');
    expect(bench.state).toBe('open');
    expect(bench.transitions).toEqual(['closed>open']);
    expect(bench.totals.failures).toBe(3);
  });

  it('rule 16: may unsubscribe while it is called', () => {
    const bench = new CircuitBench();
    const told: string[] = [];
    const once: Subscription = bench.circuit.events$.subscribe(({ type }) => {
      told.push(type);
      once.unsubscribe();
    });
    bench.play('SS');
    expect(told).toEqual(['success']);
    expect(bench.told).toEqual(['success', 'success']);
  });

  it('rule 16: may unsubscribe another, who is told no more', () => {
    const bench = new CircuitBench();
    const told: string[] = [];
    let other: Subscription | undefined = undefined as Subscription | undefined;
    bench.circuit.events$.subscribe(() => other?.unsubscribe());
    other = bench.circuit.events$.subscribe(({ type }) => void told.push(type));
    bench.play('SS');
    expect(told).toEqual([]);
  });

  it('rule 16: may subscribe another while it is called', () => {
    const bench = new CircuitBench();
    const told: string[] = [];
    let isFirst = true;
    bench.circuit.events$.subscribe(() => {
      if (isFirst) {
        bench.circuit.events$.subscribe(({ type }) => void told.push(type));
      }
      isFirst = false;
    });
    bench.play('SF');
    expect(told).toContain('failure');
  });

  it('rule 16: state$ tells each state once, from the present one on', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      halfOpen: { calls: 1 },
    });
    const states: string[] = [];
    bench.circuit.state$.subscribe(state => void states.push(state));
    bench.tripAndProbe().success();
    bench.play('S');
    expect(states).toEqual(['closed', 'open', 'half-open', 'closed']);
  });

  it('rule 16: of on() may take off another, who is told no more, and may throw', () => {
    const bench = new CircuitBench();
    const told: string[] = [];
    let takeOff: (() => void) | undefined = undefined as
      (() => void) | undefined;
    bench.circuit.on(['success'], () => {
      takeOff?.();
      throw new Error('the listener is broken');
    });
    takeOff = bench.circuit.on(['success'], () => void told.push('taken off'));
    bench.circuit.on(
      ['success', 'failure'],
      ({ type }) => void told.push(type),
    );
    bench.play('SFL');
    expect(told).toEqual(['success', 'failure', 'success']);
    expect(bench.totals.calls).toBe(3);
  });
});
