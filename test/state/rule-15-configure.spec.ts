import { describe, expect, it } from '@jest/globals';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { CircuitBench } from '../support/circuit-bench.js';

describe('rule 15: rules that become stricter', () => {
  it('rule 15: let in a call after slow ones: the next outcome trips', () => {
    const bench = new CircuitBench({ minimumCalls: 10 }).play('LL');
    bench.circuit.configure({ minimumCalls: 2 });
    const permit = bench.acquire();
    expect(bench.state).toBe('closed');
    permit.success();
    expect(bench.state).toBe('open');
  });
});

describe('rule 15: configure', () => {
  it('rule 15: does not trip by itself; the next outcome does', () => {
    const bench = new CircuitBench({ consecutiveFailures: 10 }).play('FFFF');
    bench.circuit.configure({ consecutiveFailures: 3 });
    expect(bench.state).toBe('closed');
    expect(bench.isRefused()).toBe(false);
    expect(bench.play('F').state).toBe('open');
  });

  it('rule 15: a lower rate trips at the next success too', () => {
    const bench = new CircuitBench({ minimumCalls: 4 }).play('FSSSS');
    bench.circuit.configure({ failureRateThreshold: 0.1 });
    expect(bench.state).toBe('closed');
    expect(bench.play('S').state).toBe('open');
  });

  it('rule 15: a shorter slowCallDuration counts for calls in flight from the next admission on', () => {
    const bench = new CircuitBench({ minimumCalls: 1 });
    bench.acquire();
    bench.advance(1_000);
    bench.circuit.configure({ slowCallDuration: 500 });
    expect(bench.state).toBe('closed');
    expect(bench.circuit.snapshot().inFlightSlow).toBe(1);
    expect(bench.isRefused()).toBe(true);
  });

  it('rule 15: a longer slowCallDuration frees calls in flight of their slowness', () => {
    const bench = new CircuitBench({ minimumCalls: 1 });
    bench.acquire();
    bench.advance(3_000);
    bench.circuit.configure({ slowCallDuration: '5s' });
    expect(bench.circuit.snapshot().inFlightSlow).toBe(0);
    expect(bench.isRefused()).toBe(false);
    bench.advance(2_001);
    expect(bench.isRefused()).toBe(true);
  });

  it('rule 15: state, window and counters stay', () => {
    const bench = new CircuitBench({ minimumCalls: 50 }).play('SSLFF');
    const before = bench.circuit.snapshot();
    bench.circuit.configure({ minimumCalls: 40, openDuration: '5s' });
    expect(bench.circuit.snapshot()).toEqual(before);
  });

  it('rule 15: emits configured, once', () => {
    const bench = new CircuitBench();
    bench.circuit.configure({ minimumCalls: 7 });
    expect(bench.told).toEqual(['configured']);
  });

  it('rule 15: a streak goes on', () => {
    const bench = new CircuitBench({ consecutiveFailures: 3 }).play('FF');
    bench.circuit.configure({ minimumCalls: 7 });
    expect(bench.play('F').state).toBe('open');
  });

  it('rule 15: an opening keeps the wait that it drew', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 }).trip();
    bench.circuit.configure({ openDuration: '5s' });
    expect(bench.retryAfter).toBe(60_000);
    bench.circuit.reset();
    expect(bench.trip().retryAfter).toBe(5_000);
  });

  it.each<[string, CircuitOptions['window'], number]>([
    ['another size', { size: 50 }, 0],
    ['another type', { type: 'time' }, 0],
    ['the same size', { size: 100 }, 3],
    ['another maxAge', { maxAge: '1h' }, 3],
  ])(
    'rule 15: a count window of %s holds %3$d of three calls',
    (_what, window, calls) => {
      const bench = new CircuitBench().play('SSF');
      bench.circuit.configure(window ? { window } : {});
      expect(bench.window.calls).toBe(calls);
    },
  );

  it.each<[string, CircuitOptions['window'], number]>([
    ['another duration', { type: 'time', duration: '30s', buckets: 60 }, 0],
    ['another number of buckets', { type: 'time', buckets: 30 }, 0],
    ['the same duration and buckets', { type: 'time', duration: 60_000 }, 3],
    ['another type', { type: 'count' }, 0],
  ])(
    'rule 15: a time window of %s holds %3$d of three calls',
    (_what, window, calls) => {
      const bench = new CircuitBench({ window: { type: 'time' } }).play('SSF');
      bench.circuit.configure(window ? { window } : {});
      expect(bench.window.calls).toBe(calls);
    },
  );

  it('rule 15: a new window counts from then on', () => {
    const bench = new CircuitBench().play('FFF');
    bench.circuit.configure({ window: { type: 'time', duration: '10s' } });
    bench.play('SF').advance(5_000).play('S');
    expect(bench.window).toMatchObject({ calls: 3, failures: 1 });
    expect(bench.advance(5_000).window.calls).toBe(1);
  });

  it('rule 15: another maxAge is asked from then on', () => {
    const bench = new CircuitBench().play('F').advance(1_000);
    bench.circuit.configure({ window: { maxAge: 1_000 } });
    expect(bench.window.calls).toBe(1);
    expect(bench.advance(1).window.calls).toBe(0);
  });

  it('rule 15: a new window leaves the tally of half-open alone', () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 });
    bench.tripToHalfOpen().play('SSSSS');
    bench.circuit.configure({ window: { size: 3 } });
    expect(bench.halfOpen?.successes).toBe(5);
    expect(bench.play('S').state).toBe('closed');
  });

  it('rule 15: caps of half-open hold at the next admission', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      halfOpen: { concurrency: 1 },
    });
    bench.tripAndProbe();
    expect(bench.isRefused()).toBe(true);
    bench.circuit.configure({ halfOpen: { concurrency: 2 } });
    expect(bench.isRefused()).toBe(false);
  });

  it('rule 15: merges key by key, nested objects too, and undefined means not given', () => {
    const bench = new CircuitBench({
      minimumCalls: 7,
      halfOpen: { calls: 4, concurrency: 2 },
    });
    bench.circuit.configure({
      minimumCalls: undefined,
      halfOpen: { calls: 5, concurrency: undefined },
    });
    expect(bench.circuit.rules).toMatchObject({
      minimumCalls: 7,
      halfOpen: { calls: 5, concurrency: 2, successRateThreshold: 0.6 },
    });
  });

  it('rule 15: a window of another type replaces one of which parts were changed', () => {
    const bench = new CircuitBench({ window: { type: 'time', buckets: 7 } });
    bench.circuit.configure({ window: { duration: '30s' } as never });
    expect(bench.circuit.rules.window).toEqual({
      type: 'time',
      duration: 30_000,
      buckets: 7,
    });
    bench.circuit.configure({ window: { type: 'count', size: 50 } });
    expect(bench.circuit.rules.window).toMatchObject({
      type: 'count',
      size: 50,
    });
    expect(() =>
      bench.circuit.configure({ window: { duration: '9s' } as never }),
    ).toThrow('window.duration');
  });

  it('rule 15: a window of another type replaces the whole window', () => {
    const bench = new CircuitBench({ window: { size: 5 } });
    bench.circuit.configure({ window: { type: 'time' } });
    expect(bench.circuit.rules.window).toEqual({
      type: 'time',
      duration: 60_000,
      buckets: 60,
    });
  });

  it('rule 15: a bad patch throws, names every bad key and changes nothing', () => {
    const bench = new CircuitBench();
    const before = bench.circuit.rules;
    const patch = { minimumCalls: 0, openDuraton: '5s' } as CircuitOptions;
    expect(() => bench.circuit.configure(patch)).toThrow(
      /minimumCalls[\s\S]*openDuraton[\s\S]*openDuration/,
    );
    expect(bench.circuit.rules).toEqual(before);
    expect(bench.told).toEqual([]);
  });

  it("rule 15: the caller's object is never changed", () => {
    const deepFrozen: CircuitOptions = Object.freeze({
      halfOpen: Object.freeze({ calls: 5 }),
      window: Object.freeze({ size: 10 }),
      openDuration: '5s',
    });
    const bench = new CircuitBench(deepFrozen);
    bench.circuit.configure(deepFrozen);
    expect(deepFrozen.openDuration).toBe('5s');
  });
});
