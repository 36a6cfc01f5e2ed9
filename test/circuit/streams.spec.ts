import { describe, expect, it } from '@jest/globals';
import { filter, map, take } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { Circuit } from '../../lib/circuit/circuit.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import type { Clock } from '../../lib/state/clock.js';

type Helpers = Parameters<Parameters<TestScheduler['run']>[0]>[0];

/** Marbles in virtual time; each letter of the program does what `does` says. */
function marbles(
  run: (
    helpers: Helpers & {
      play(program: string, does: Readonly<Record<string, () => void>>): void;
      clock: Clock;
    },
  ) => void,
): void {
  const scheduler = new TestScheduler((actual, expected) =>
    expect(actual).toEqual(expected),
  );
  const clock: Clock = {
    now: () => scheduler.now(),
    wallTime: () => scheduler.now(),
    schedule: (delay, fn) => {
      const task = scheduler.schedule(fn, delay);
      return () => task.unsubscribe();
    },
  };
  scheduler.run(helpers =>
    run({
      ...helpers,
      clock,
      play: (program, does) =>
        void helpers.hot(program).subscribe(letter => does[letter]!()),
    }),
  );
}

const OPTIONS = {
  consecutiveFailures: 2,
  openDuration: 5,
  openJitter: 0,
  halfOpen: { calls: 1 },
};

const STATES = { c: 'closed', o: 'open', h: 'half-open', f: 'forced-open' };

/** F fails, S succeeds. */
function callsOf(circuit: Circuit) {
  return {
    F: () => circuit.tryAcquire()?.failure(new Error('down')),
    S: () => circuit.tryAcquire()?.success(),
    X: () => circuit.forceOpen(),
    R: () => circuit.reset(),
  };
}

describe('state$', () => {
  it('tells the state at once, and each one after it', () => {
    marbles(({ play, clock, expectObservable }) => {
      const circuit = new Circuit('a', OPTIONS, { clock });
      play('-F-F-----S---X-R', callsOf(circuit));
      expectObservable(circuit.state$).toBe('c--o-----(hc)f-c', STATES);
    });
  });

  it('begins with the state of the moment for whoever comes late, and ends with them', () => {
    marbles(({ play, clock, expectObservable }) => {
      const circuit = new Circuit('a', OPTIONS, { clock });
      play('-F-F-----S---X-R', callsOf(circuit));
      expectObservable(circuit.state$, '-----^-----!').toBe(
        '-----o---(hc)',
        STATES,
      );
      expectObservable(circuit.state$.pipe(take(2))).toBe('c--(o|)', STATES);
    });
  });

  it('tells two subscribers alike, each until it leaves', () => {
    marbles(({ play, clock, expectObservable }) => {
      const circuit = new Circuit('a', OPTIONS, { clock });
      play('-F-F-----S---X-R', callsOf(circuit));
      const { state$ } = circuit;
      expectObservable(state$, '^-----!').toBe('c--o', STATES);
      expectObservable(state$, '--^----------!').toBe('--co-----(hc)', STATES);
      expectObservable(state$).toBe('c--o-----(hc)f-c', STATES);
    });
  });

  it('does not tell that an open circuit is due: nothing has changed until a call probes', () => {
    marbles(({ play, clock, expectObservable }) => {
      const circuit = new Circuit('a', OPTIONS, { clock });
      play('-F-F--------------', callsOf(circuit));
      expectObservable(circuit.state$).toBe('c--o--------------', STATES);
    });
  });
});

describe('events$', () => {
  const TYPES = { f: 'failure', t: 'transition', s: 'success', r: 'rejected' };

  it('tells every event when it happens', () => {
    marbles(({ play, clock, expectObservable }) => {
      const circuit = new Circuit('a', OPTIONS, { clock });
      play('-F-F---S-----S', callsOf(circuit));
      expectObservable(circuit.events$.pipe(map(({ type }) => type))).toBe(
        '-f-(ft)r-----(tst)',
        TYPES,
      );
    });
  });

  it('tells nothing of what was before, nor after the end of a subscription', () => {
    marbles(({ play, clock, expectObservable }) => {
      const circuit = new Circuit('a', OPTIONS, { clock });
      play('-F-F---S-----S-S', callsOf(circuit));
      const types$ = circuit.events$.pipe(map(({ type }) => type));
      expectObservable(types$, '^-----!').toBe('-f-(ft)', TYPES);
      expectObservable(types$, '----^---------!').toBe(
        '-------r-----(tst)',
        TYPES,
      );
      expectObservable(types$.pipe(take(2))).toBe('-f-(f|)', TYPES);
    });
  });

  it('tells transitions in order, each with where it came from', () => {
    marbles(({ play, clock, expectObservable }) => {
      const circuit = new Circuit('a', OPTIONS, { clock });
      play('-F-F-----S---X-R', callsOf(circuit));
      const transitions$ = circuit.events$.pipe(
        filter(event => event.type === 'transition'),
        map(({ from, to }) => `${from}>${to}`),
      );
      expectObservable(transitions$).toBe('---o-----(hc)f-r', {
        o: 'closed>open',
        h: 'open>half-open',
        c: 'half-open>closed',
        f: 'closed>forced-open',
        r: 'forced-open>closed',
      });
    });
  });

  it('of a registry tells two subscribers alike, a late one from then on', () => {
    marbles(({ play, expectObservable, clock }) => {
      const registry = new CircuitBreakerRegistry(undefined, { clock });
      const a = registry.getOrCreate('a', OPTIONS);
      const b = registry.getOrCreate('b', OPTIONS);
      play('-a-b-a--b', {
        a: () => a.tryAcquire()?.success(),
        b: () => b.tryAcquire()?.success(),
      });
      const names$ = registry.events$.pipe(map(({ name }) => name));
      expectObservable(names$, '^-----!').toBe('-a-b-a');
      expectObservable(names$, '----^').toBe('-----a--b');
      expectObservable(names$.pipe(take(2))).toBe('-a-(b|)');
    });
  });

  it('of a registry tells the transitions of its circuits in the order in which they come', () => {
    marbles(({ play, expectObservable, clock }) => {
      const registry = new CircuitBreakerRegistry(undefined, { clock });
      const fail = (name: string) => () =>
        registry
          .getOrCreate(name, OPTIONS)
          .tryAcquire()
          ?.failure(new Error('down'));
      play('-a-b-a-b-a', { a: fail('a'), b: fail('b') });
      expectObservable(
        registry.events$.pipe(
          filter(event => event.type === 'transition'),
          map(({ name, to }) => `${name} ${to}`),
        ),
      ).toBe('-----a-b--', { a: 'a open', b: 'b open' });
    });
  });

  it('of a registry tells those of all circuits, those that come later too', () => {
    marbles(({ play, expectObservable, clock }) => {
      const registry = new CircuitBreakerRegistry(undefined, { clock });
      const a = registry.getOrCreate('a', OPTIONS);
      play('-a-a---b', {
        a: () => a.tryAcquire()?.success(),
        b: () => registry.getOrCreate('b').tryAcquire()?.success(),
      });
      expectObservable(
        registry.events$.pipe(map(({ name }) => name)),
        '--^-------!',
      ).toBe('---a---b');
    });
  });
});
