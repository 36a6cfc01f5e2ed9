import { describe, expect, it } from '@jest/globals';
import { CircuitBench } from '../support/circuit-bench.js';

const QUICK = { consecutiveFailures: 1, minimumCalls: 1 } as const;

describe('rule 14: forced-open', () => {
  it('rule 14: refuses every call until released, however long', () => {
    const bench = new CircuitBench();
    bench.circuit.forceOpen();
    expect(bench.state).toBe('forced-open');
    bench.advance(1e12);
    expect(bench.isRefused()).toBe(true);
    expect(bench.circuit.wouldAdmit()).toBe(false);
    expect(bench.state).toBe('forced-open');
  });

  it('rule 14: counts and publishes rejections', () => {
    const bench = new CircuitBench();
    bench.circuit.forceOpen();
    bench.events.length = 0;
    bench.isRefused();
    expect(bench.totals.rejected).toBe(1);
    expect(bench.told).toEqual(['rejected']);
  });

  it('rule 14: knows no time to come back', async () => {
    const bench = new CircuitBench();
    bench.circuit.forceOpen();
    expect(bench.retryAfter).toBeNull();
    await expect(bench.circuit.execute(() => 1)).rejects.toMatchObject({
      code: 'CIRCUIT_OPEN',
      retryAfter: null,
    });
  });

  it('rule 14: released goes to half-open, with the caps of half-open', () => {
    const bench = new CircuitBench({ halfOpen: { concurrency: 1 } });
    bench.circuit.forceOpen();
    bench.circuit.releaseOverride();
    expect(bench.state).toBe('half-open');
    expect(bench.acquire().isProbe).toBe(true);
    expect(bench.isRefused()).toBe(true);
  });

  it('rule 14: half-open after a release lasts from the release on', () => {
    const bench = new CircuitBench();
    bench.circuit.forceOpen();
    bench.advance(3_600_000);
    bench.circuit.releaseOverride();
    bench.play('S').advance(60_000).play('S');
    expect(bench.state).toBe('half-open');
    bench.advance(1).acquire();
    expect(bench.state).toBe('closed');
  });

  it('rule 14: results do not move it', () => {
    const bench = new CircuitBench(QUICK);
    const [first, second] = bench.acquireMany(2);
    bench.circuit.forceOpen();
    first?.success();
    second?.failure('down');
    expect(bench.state).toBe('forced-open');
    expect(bench.totals).toMatchObject({ successes: 1, failures: 1 });
  });
});

describe('rule 14: forced-closed', () => {
  it('rule 14: admits every call, whatever the results', () => {
    const bench = new CircuitBench(QUICK);
    bench.circuit.forceClosed();
    bench.play('FLFFLFFFFF');
    expect(bench.state).toBe('forced-closed');
    expect(bench.acquire().isProbe).toBe(false);
  });

  it('rule 14: admits also while calls hang', () => {
    const bench = new CircuitBench(QUICK);
    bench.circuit.forceClosed();
    bench.acquireMany(30);
    bench.advance(3_600_000);
    expect(bench.isRefused()).toBe(false);
    expect(bench.state).toBe('forced-closed');
  });

  it('rule 14: admits at once from open', () => {
    const bench = new CircuitBench(QUICK).trip();
    bench.circuit.forceClosed();
    expect(bench.isRefused()).toBe(false);
  });

  it('rule 14: its results count in the totals, and its window stays empty', () => {
    const bench = new CircuitBench(QUICK).play('SS');
    bench.circuit.forceClosed();
    bench.play('SFLI');
    expect(bench.window.calls).toBe(0);
    expect(bench.totals).toMatchObject({
      calls: 6,
      successes: 4,
      failures: 1,
      slow: 1,
      ignored: 1,
    });
  });

  it('rule 14: released goes to closed with a new window and a new streak', () => {
    const bench = new CircuitBench({ consecutiveFailures: 2 }).play('F');
    bench.circuit.forceClosed();
    bench.play('FFF');
    bench.circuit.releaseOverride();
    expect(bench.state).toBe('closed');
    expect(bench.window.calls).toBe(0);
    expect(bench.statesAfter('FF')).toEqual(['closed', 'open']);
  });

  it('rule 14: a call of its time that ends after the release is late', () => {
    const bench = new CircuitBench(QUICK);
    bench.circuit.forceClosed();
    const late = bench.acquire();
    bench.circuit.releaseOverride();
    late.failure('down');
    expect(bench.state).toBe('closed');
  });
});

describe('rule 14: orders', () => {
  it.each(['forceOpen', 'forceClosed'] as const)(
    'rule 14: the window is empty after %s',
    override => {
      const bench = new CircuitBench().play('SF');
      bench.circuit[override]();
      expect(bench.window).toMatchObject({ calls: 0, failures: 0 });
    },
  );

  it.each<[string, (bench: CircuitBench) => void, string]>([
    ['forceOpen', ({ circuit }) => circuit.forceOpen(), 'closed>forced-open'],
    [
      'forceClosed',
      ({ circuit }) => circuit.forceClosed(),
      'closed>forced-closed',
    ],
    [
      'releaseOverride of forced-open',
      ({ circuit }) => circuit.releaseOverride(),
      'forced-open>half-open',
    ],
    [
      'releaseOverride of forced-closed',
      ({ circuit }) => circuit.releaseOverride(),
      'forced-closed>closed',
    ],
    [
      'reset of forced-open',
      ({ circuit }) => circuit.reset(),
      'forced-open>closed',
    ],
    [
      'reset of forced-closed',
      ({ circuit }) => circuit.reset(),
      'forced-closed>closed',
    ],
    [
      'forceClosed over forced-open',
      ({ circuit }) => circuit.forceClosed(),
      'forced-open>forced-closed',
    ],
  ])(
    'rule 14: %s emits override and transition, once each',
    (_what, order, transition) => {
      const bench = new CircuitBench();
      const [from] = transition.split('>');
      if (from === 'forced-open') bench.circuit.forceOpen();
      if (from === 'forced-closed') bench.circuit.forceClosed();
      bench.events.length = 0;
      order(bench);
      expect(bench.told.toSorted()).toEqual(['override', 'transition']);
      expect(bench.transitions).toEqual([transition]);
    },
  );

  it.each<['forceOpen' | 'forceClosed' | 'releaseOverride']>([
    ['forceOpen'],
    ['forceClosed'],
    ['releaseOverride'],
  ])('rule 14: repeating %s changes and emits nothing', order => {
    const bench = new CircuitBench();
    bench.circuit[order]();
    const before = bench.circuit.snapshot();
    bench.events.length = 0;
    bench.circuit[order]();
    expect(bench.told).toEqual([]);
    expect(bench.circuit.snapshot()).toEqual(before);
  });

  it.each([
    ['closed', (bench: CircuitBench) => bench],
    ['open', (bench: CircuitBench) => bench.trip()],
    ['half-open', (bench: CircuitBench) => bench.tripToHalfOpen()],
  ])(
    'rule 14: releaseOverride of a circuit that is %s does nothing',
    (_state, put) => {
      const bench = put(new CircuitBench(QUICK));
      const before = bench.circuit.snapshot();
      bench.circuit.releaseOverride();
      expect(bench.circuit.snapshot()).toEqual(before);
    },
  );

  it('rule 14: the reason is told', () => {
    const bench = new CircuitBench();
    bench.circuit.forceOpen('the gateway is being moved');
    const reasons = bench.events.map(event =>
      'reason' in event ? event.reason : undefined,
    );
    expect(reasons).toEqual([
      'the gateway is being moved',
      'the gateway is being moved',
    ]);
    expect(bench.circuit.explain().sentence).toContain(
      'the gateway is being moved',
    );
  });

  it('rule 14: deadlines of probes do not fall due under an override', () => {
    const bench = new CircuitBench({ ...QUICK, halfOpen: { calls: 1 } });
    const probe = bench.tripAndProbe();
    bench.circuit.forceClosed();
    const { failures } = bench.totals;
    bench.advance(3_600_000).play('S');
    expect(bench.totals.failures).toBe(failures);
    probe.success();
    expect(bench.totals.successes).toBe(2);
  });
});

describe('rule 14: reset', () => {
  it.each<[string, (bench: CircuitBench) => void]>([
    ['open', bench => void bench.trip()],
    ['half-open', bench => void bench.tripToHalfOpen()],
    ['forced-open', ({ circuit }) => circuit.forceOpen()],
    ['forced-closed', ({ circuit }) => circuit.forceClosed()],
  ])(
    'rule 14: makes a circuit that is %s closed, with a new window',
    (_state, put) => {
      const bench = new CircuitBench({ consecutiveFailures: 2 });
      put(bench);
      bench.circuit.reset();
      expect(bench.circuit.snapshot()).toMatchObject({
        state: 'closed',
        attempt: 0,
        retryAfter: null,
        halfOpen: null,
        window: { calls: 0, failures: 0 },
      });
      expect(bench.statesAfter('FF')).toEqual(['closed', 'open']);
    },
  );

  it('rule 14: of a closed circuit starts window and streak anew and emits nothing', () => {
    const bench = new CircuitBench({ consecutiveFailures: 2 }).play('SF');
    bench.events.length = 0;
    bench.circuit.reset();
    expect(bench.told).toEqual([]);
    expect(bench.window.calls).toBe(0);
    expect(bench.play('F').state).toBe('closed');
  });

  it.each([
    ['open', 'SLFF'],
    ['closed', 'SLFI'],
  ])('rule 14: of a circuit that is %s keeps the totals', (state, script) => {
    const bench = new CircuitBench({ consecutiveFailures: 2 }).play(script);
    expect(bench.state).toBe(state);
    const before = bench.totals;
    bench.circuit.reset();
    expect(bench.totals).toEqual(before);
  });
});
