import { describe, expect, it } from '@jest/globals';
import { FigureBook } from '../../lib/registry/figures/figure-book.js';
import { FIGURE_METRICS } from '../../lib/registry/figures/figure-metrics.js';
import { LabelBook } from '../../lib/registry/figures/label-book.js';
import { NameFigures } from '../../lib/registry/figures/name-figures.js';
import {
  forgetTarget,
  sharedByTarget,
} from '../../lib/registry/figures/shared-by-target.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { settled } from '../support/policy-host.js';
import { RegistryBench } from '../support/registry-bench.js';

const START = Date.UTC(2030, 0, 1);

describe('what applications share by their target', () => {
  it('may be forgotten before anything is shared', () => {
    const key = Symbol.for('nestjs-breaker:shared-by-target');
    const shared: unknown = Reflect.get(globalThis, key);
    Reflect.deleteProperty(globalThis, key);
    try {
      expect(() => forgetTarget({})).not.toThrow();
    } finally {
      Reflect.set(globalThis, key, shared);
    }
  });
});

describe('the figures of a name', () => {
  it('are those of no calls before a circuit is added', () => {
    const figures = new NameFigures('a', 'enforced');

    expect([...figures.transitions]).toEqual([]);
    expect(figures).toMatchObject({
      state: 'closed',
      since: 0,
      openedBy: null,
      nextProbe: null,
      inFlight: 0,
    });
  });

  it('sum up the windows of all circuits', () => {
    const { clock, of, keyed } = figuresBench({ slowCallDuration: 10 });
    for (const key of ['a', 'b']) {
      const slow = keyed(key).tryAcquire()!;
      const failing = keyed(key).tryAcquire()!;
      clock.advance(20);
      slow.success();
      keyed(key).tryAcquire()!.success();
      failing.failure(new Error());
    }

    expect(of('a', 'b').window).toEqual({ calls: 6, failures: 2, slow: 4 });
  });

  it('say since when the last one is closed', () => {
    const { clock, of, keyed } = figuresBench();
    keyed('early');
    clock.advance(5_000);
    keyed('late');

    expect(of('early', 'late').since).toBe(START + 5_000);
    expect(of('late', 'early').since).toBe(START + 5_000);
  });

  it('say since when the first one is open, whatever the order', () => {
    const { clock, of, keyed } = figuresBench();
    keyed('early').tryAcquire()!.failure(new Error());
    clock.advance(5_000);
    keyed('late').tryAcquire()!.failure(new Error());

    for (const figures of [of('early', 'late'), of('late', 'early')]) {
      expect(figures).toMatchObject({
        state: 'open',
        since: START,
        openedBy: 'consecutiveFailures',
        nextProbe: START + 60_000,
      });
    }
  });

  it('keep what the first of two in the same instant says', () => {
    const { of, keyed } = figuresBench({ failureCount: 1 });
    keyed('by count').configure({ consecutiveFailures: false });
    keyed('in a row').configure({ failureCount: false });
    for (const key of ['by count', 'in a row']) {
      keyed(key).tryAcquire()!.failure(new Error());
    }

    expect(of('by count', 'in a row').openedBy).toBe('failureCount');
    expect(of('in a row', 'by count').openedBy).toBe('consecutiveFailures');
  });

  it.each([
    ['open', 'forced open'],
    ['forced open', 'half-open'],
    ['half-open', 'forced closed'],
    ['forced closed', 'closed'],
  ])('show one that is %s before one that is %s', (worse, better) => {
    const { clock, of, keyed } = figuresBench();
    keyed('closed');
    keyed('half-open').tryAcquire()!.failure(new Error());
    clock.advance(60_000);
    keyed('half-open').tryAcquire();
    keyed('open').tryAcquire()!.failure(new Error());
    keyed('forced open').forceOpen();
    keyed('forced closed').forceClosed();

    const { state } = keyed(worse);
    expect(state).toBe(worse.replace(' ', '-'));
    expect(of(worse, better).state).toBe(state);
    expect(of(better, worse).state).toBe(state);
  });

  it('are those of the circuit in most trouble, whatever the order', () => {
    const { clock, of, keyed } = figuresBench();
    keyed('closed');
    keyed('forced closed').forceClosed();
    clock.advance(1_000);
    keyed('forced open').forceOpen();

    for (const keys of [
      ['closed', 'forced closed', 'forced open'],
      ['forced open', 'forced closed', 'closed'],
    ]) {
      expect(of(...keys)).toMatchObject({
        state: 'forced-open',
        since: START + 1_000,
        openedBy: 'override',
        nextProbe: null,
      });
    }
    expect(of('closed', 'forced closed')).toMatchObject({
      state: 'forced-closed',
      since: START,
      openedBy: null,
    });
  });
});

describe('the metrics', () => {
  it('have a rate of slow calls, and 0 without calls', () => {
    const { clock, of, keyed } = figuresBench({ slowCallDuration: 10 });
    keyed('idle');
    const slow = keyed('a').tryAcquire()!;
    clock.advance(20);
    slow.success();
    keyed('a').tryAcquire()!.success();

    expect(points('circuit_breaker.slow_call_rate', of('a'))).toEqual([[0.5]]);
    expect(points('circuit_breaker.slow_call_rate', of('idle'))).toEqual([[0]]);
    expect(points('circuit_breaker.failure_rate', of('idle'))).toEqual([[0]]);
  });

  it('count timeouts and answers of the cache', () => {
    const figures = new NameFigures('a', 'enforced');
    figures.totals.timeouts = 2;
    figures.totals.cacheHits = 3;

    expect(points('circuit_breaker.timeouts', figures)).toEqual([[2]]);
    expect(points('circuit_breaker.cache_hits', figures)).toEqual([[3]]);
  });

  it('have no series of keyed circuits where there are none', () => {
    const figures = new NameFigures('a', 'enforced');

    expect(points('circuit_breaker.keyed_circuits', figures)).toEqual([]);
  });
});

describe('labels', () => {
  it('are names of up to 128 characters, and longer ones cut', () => {
    const labels = new LabelBook(10);

    expect(labels.of('x'.repeat(128))).toBe('x'.repeat(128));
    expect(labels.of('x'.repeat(129))).toBe(`${'x'.repeat(127)}…`);
  });

  it('stay with those who have one when there is no more room', () => {
    const labels = new LabelBook(2);
    const long = 'x'.repeat(127);
    labels.of('a');
    labels.of(`${long}12`);

    expect(labels.of(`${long}34`)).toBe(`${long}…`);
    expect(labels.of('b')).toBe('(other)');
    expect(labels.of('a')).toBe('a');
  });
});

describe('what applications share by their target', () => {
  it('is one for each target, until it is forgotten', () => {
    const target = {};
    const first = sharedByTarget(target, () => ({}));
    expect(sharedByTarget(target, () => ({}))).toBe(first);

    forgetTarget(target);

    expect(sharedByTarget(target, () => ({}))).not.toBe(first);
  });
});

describe('the book of figures', () => {
  it('shares one reading with all who ask in the same instant', async () => {
    const { registry } = new RegistryBench({ circuits: { a: {} } });
    const book = new FigureBook(new LabelBook(10));
    book.open(registry);

    const reading = book.read();
    expect(book.read()).toBe(reading);

    await settled();
    expect(book.read()).not.toBe(reading);
  });

  it('keeps what applications have counted that have ended, one after another', () => {
    const book = new FigureBook(new LabelBook(10));
    const failuresNow = () => {
      const { registry } = new RegistryBench({ circuits: { a: {} } });
      const end = book.open(registry);
      registry.get('a').tryAcquire()!.failure(new Error());
      const sum = book.read()[0]!.totals.failures;
      end();
      return sum;
    };

    expect([failuresNow(), failuresNow(), failuresNow()]).toEqual([1, 2, 3]);
  });

  it('shows no name whose applications have all ended', () => {
    const book = new FigureBook(new LabelBook(10));
    const { registry } = new RegistryBench({ circuits: { gone: {} } });
    book.open(registry)();
    book.open(new RegistryBench({ circuits: { here: {} } }).registry);

    expect(book.read().map(({ name }) => name)).toEqual(['here']);
  });
});

function figuresBench(options: CircuitOptions = {}) {
  const { registry, clock } = new RegistryBench({
    circuits: {
      a: {
        consecutiveFailures: 1,
        openDuration: '1m',
        openJitter: 0,
        ...options,
      },
    },
  });
  const keyed = (key: string) => registry.keyed('a', key);
  const of = (...keys: string[]) => {
    const figures = new NameFigures('a', 'enforced');
    for (const key of keys) figures.add(keyed(key));
    return figures;
  };
  return { registry, clock, keyed, of };
}

function points(metric: string, figures: NameFigures) {
  const { points: pointsOf } = FIGURE_METRICS.find(
    ({ name }) => name === metric,
  )!;
  return [...pointsOf(figures)];
}
