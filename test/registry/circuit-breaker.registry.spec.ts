import { describe, expect, it, jest } from '@jest/globals';
import { InvalidOptionsError } from '../../lib/errors/invalid-options.error.js';
import { UnknownCircuitError } from '../../lib/errors/unknown-circuit.error.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import type { CircuitEvent } from '../../lib/state/events.js';
import { errorFrom, RegistryBench } from '../support/registry-bench.js';

describe('CircuitBreakerRegistry', () => {
  describe('get', () => {
    it('answers one circuit for a name, with its options', () => {
      const { registry } = new RegistryBench({
        circuits: { payments: { openDuration: '5s' } },
      });

      const circuit = registry.get('payments');

      expect(circuit.name).toBe('payments');
      expect(circuit.rules.openDuration).toBe(5_000);
      expect(registry.get('payments')).toBe(circuit);
    });

    it('names the closest declared circuit for one that is not declared', () => {
      const { registry } = new RegistryBench({
        circuits: { typo: {}, inventory: {} },
      });

      const error = errorFrom<UnknownCircuitError>(() => registry.get('tpyo'));

      expect(error).toBeInstanceOf(UnknownCircuitError);
      expect(error).toMatchObject({ circuit: 'tpyo', closest: 'typo' });
      expect(error.message).toContain('Did you mean "typo"?');
      expect(error.message).toContain('Declared: typo, inventory.');
    });

    it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
      'knows nothing of %s unless it is declared',
      name => {
        const { registry } = new RegistryBench();

        expect(() => registry.get(name)).toThrow(UnknownCircuitError);
        expect(registry.find(name)).toBeUndefined();
        expect(registry.getOrCreate(name).name).toBe(name);
        expect(registry.get(name).name).toBe(name);
      },
    );

    it.each([undefined, null, 5, {}])('refuses %p for a name', name => {
      const { registry } = new RegistryBench();

      expect(() => registry.get(name as unknown as string)).toThrow(
        UnknownCircuitError,
      );
    });
  });

  it('finds a declared circuit, and nothing else', () => {
    const { registry } = new RegistryBench({ circuits: { payments: {} } });

    expect(registry.find('payments')).toBe(registry.get('payments'));
    expect(registry.find('payment')).toBeUndefined();
    expect(registry.names()).toEqual(['payments']);
  });

  describe('getOrCreate', () => {
    it('creates a circuit over the defaults, once', () => {
      const { registry } = new RegistryBench({
        defaults: { minimumCalls: 7, preset: 'search' },
      });

      const circuit = registry.getOrCreate('tenant', { openDuration: '5s' });

      expect(circuit.rules).toMatchObject({
        minimumCalls: 7,
        slowCallDuration: 500,
        openDuration: 5_000,
      });
      expect(registry.getOrCreate('tenant')).toBe(circuit);
      expect(registry.get('tenant')).toBe(circuit);
      expect(registry.names()).toEqual(['tenant']);
    });

    it('chooses a preset', () => {
      const { registry } = new RegistryBench();

      expect(
        registry.getOrCreate('a', { preset: 'auth' }).rules.openDuration,
      ).toBe(60_000);
      expect(
        errorFrom(() => registry.getOrCreate('b', { preset: 'auht' })).message,
      ).toContain(
        `preset: got 'auht', but there is no such preset; did you mean "auth"?`,
      );
    });

    it('keeps the options of a declared circuit, and says so once', () => {
      const { registry, warnings } = new RegistryBench({
        circuits: { payments: { openDuration: '5s' } },
      });

      for (let i = 0; i < 3; i++) {
        registry.getOrCreate('payments', { openDuration: '9s' });
      }

      expect(registry.get('payments').rules.openDuration).toBe(5_000);
      expect(warnings).toEqual([
        expect.stringContaining('Circuit "payments": getOrCreate() was given'),
      ]);
    });

    it('says nothing when it is asked with the same options again', () => {
      const { registry, warnings } = new RegistryBench();

      registry.getOrCreate('a', { openDuration: '9s' });
      registry.getOrCreate('a', { openDuration: '9s', mode: undefined });
      registry.getOrCreate('a');

      expect(warnings).toEqual([]);
    });

    it('creates nothing from bad options', () => {
      const { registry } = new RegistryBench();

      for (const options of [{ openDuration: 'x' }, { opneDuration: 1 }, 5]) {
        const error = errorFrom(() =>
          registry.getOrCreate('a', options as object),
        );
        expect(error).toBeInstanceOf(InvalidOptionsError);
        expect(error.message).toContain('Circuit "a"');
        expect(error.message).not.toContain('circuits');
      }
      expect(registry.names()).toEqual([]);
    });

    it('takes a name of 300 characters', () => {
      const { registry } = new RegistryBench();
      const name = 'x'.repeat(300);

      expect(registry.getOrCreate(name).name).toBe(name);
    });

    it.each(['', '  ', 'x'.repeat(301), 5, null, undefined])(
      'refuses %p for a name',
      name => {
        const { registry } = new RegistryBench();

        const error = errorFrom(() => registry.getOrCreate(name as string));
        expect(error.problems).toEqual([
          {
            path: 'circuits',
            message: expect.stringContaining("takes a circuit's name"),
          },
        ]);
        expect(error.message).toMatch(/^(A circuit|Circuit ".*"): /);
        expect(registry.names()).toEqual([]);
      },
    );
  });

  describe('configure', () => {
    it('changes the rules of a circuit, and leaves its state', () => {
      const { registry } = new RegistryBench({ circuits: { a: {}, b: {} } });
      const circuit = registry.get('a');
      circuit.forceOpen();

      registry.configure('a', { halfOpen: { calls: 3 } });

      expect(circuit.rules.halfOpen).toMatchObject({
        calls: 3,
        concurrency: 3,
      });
      expect(circuit.state).toBe('forced-open');
      expect(registry.get('b').rules.halfOpen.calls).toBe(10);
    });

    it('reaches circuits that are made later, and keyed ones', () => {
      const { registry } = new RegistryBench({ circuits: { a: {} } });
      const early = registry.keyed('a', 'early');

      registry.configure('a', { minimumCalls: 3 });
      registry.configure('a', { openDuration: '1s' });

      for (const circuit of [
        registry.get('a'),
        early,
        registry.keyed('a', 'late'),
      ]) {
        expect(circuit.rules).toMatchObject({
          minimumCalls: 3,
          openDuration: 1_000,
        });
      }
    });

    it('is stronger than every other layer, and the last one wins', () => {
      const { registry } = new RegistryBench(
        { circuits: { a: { minimumCalls: 1 } }, env: {} },
        [{ name: 'a', options: { minimumCalls: 2 }, source: 'A.a' }],
        { CIRCUIT_BREAKER_A_MINIMUM_CALLS: '3' },
      );
      expect(registry.get('a').rules.minimumCalls).toBe(3);

      registry.configure('a', { minimumCalls: 4 });
      registry.configure('a', { minimumCalls: 5 });

      expect(registry.get('a').rules.minimumCalls).toBe(5);
    });

    it.each([{ minimumCalls: 0 }, { mimimumCalls: 5 }, null, 5, []])(
      'changes nothing when the patch is bad: %p',
      patch => {
        const { registry } = new RegistryBench({ circuits: { a: {} } });
        const circuits = [registry.get('a'), registry.keyed('a', 'k')];
        const before = circuits.map(({ rules }) => rules);

        expect(() => registry.configure('a', patch as object)).toThrow(
          InvalidOptionsError,
        );

        expect(circuits.map(({ rules }) => rules)).toEqual(before);
        expect(registry.keyed('a', 'new').rules).toEqual(before[0]);
      },
    );

    it('changes no circuit when it does not fit one that was configured by itself', () => {
      const { registry } = new RegistryBench({ circuits: { a: {} } });
      const [circuit, keyed] = [registry.get('a'), registry.keyed('a', 'k')];
      keyed.configure({ window: { type: 'time' } });

      expect(() => registry.configure('a', { window: { size: 5 } })).toThrow(
        InvalidOptionsError,
      );

      expect(circuit.rules.window).toMatchObject({ size: 100 });
      expect(registry.keyed('a', 'new').rules.window).toMatchObject({
        size: 100,
      });
    });

    it('replaces a window of which parts were changed by one of another type', () => {
      const { registry } = new RegistryBench({
        circuits: { a: { window: { type: 'time' } } },
      });
      const circuit = registry.get('a');

      registry.configure('a', { window: { duration: '30s' } as never });
      registry.configure('a', { window: { type: 'count', size: 50 } });

      expect(circuit.rules.window).toMatchObject({ type: 'count', size: 50 });
      expect(registry.keyed('a', 'new').rules).toEqual(circuit.rules);
    });

    it("takes what a circuit of its own would take: a default is nobody's word", () => {
      const { registry } = new RegistryBench({
        circuits: { a: { window: { type: 'time' } } },
      });

      // Fewer milliseconds than the default has buckets.
      registry.configure('a', { window: { type: 'time', duration: 30 } });

      expect(registry.get('a').rules.window).toMatchObject({ buckets: 30 });
      expect(registry.keyed('a', 'k').rules).toEqual(registry.get('a').rules);
    });

    it('gives circuits to come what those that are there have, also of an option that was off and is on', () => {
      const bulkhead = { maxConcurrent: 1, maxQueue: 2 };
      const { registry } = new RegistryBench({ circuits: { a: { bulkhead } } });
      const circuit = registry.get('a');

      registry.configure('a', { bulkhead: false });
      registry.configure('a', { bulkhead: { maxConcurrent: 3 } });

      expect(circuit.rules.bulkhead).toMatchObject({
        maxConcurrent: 3,
        maxQueue: 2,
      });
      expect(registry.keyed('a', 'new').rules).toEqual(circuit.rules);
    });

    it('can begin anew with an option: nothing stays of what it was configured with', () => {
      const { registry } = new RegistryBench({ circuits: { a: {} } });
      const circuits = [registry.get('a'), registry.keyed('a', 'early')];
      registry.configure('a', {
        bulkhead: { maxConcurrent: 1, maxQueue: 2 },
        openDuration: '1s',
      });
      const before = circuits[0]!.rules;
      const bulkhead = { maxConcurrent: 3 };

      const change = registry.preparePatch('a', { bulkhead }, ['bulkhead']);
      expect(circuits.map(({ rules }) => rules)).toEqual([before, before]);
      change();

      circuits.push(registry.keyed('a', 'late'));
      for (const { rules } of circuits) {
        expect(rules.bulkhead).toMatchObject({ maxConcurrent: 3, maxQueue: 0 });
        expect(rules.openDuration).toBe(1_000);
      }
    });

    it('keeps all of two changes where a listener of the first makes the second', () => {
      const { registry } = new RegistryBench({ circuits: { a: {} } });
      const circuits = [registry.get('a'), registry.keyed('a', 'k')];
      const seen: unknown[] = [];
      circuits[0]!.on(['configured'], () => {
        seen.push(circuits.map(({ rules }) => rules.openDuration));
        if (seen.length === 1) registry.configure('a', { failureCount: 3 });
      });

      registry.configure('a', { openDuration: '5s' });

      circuits.push(registry.keyed('a', 'new'));
      for (const { rules } of circuits) {
        expect(rules).toMatchObject({ openDuration: 5_000, failureCount: 3 });
      }
      expect(seen).toEqual([
        [5_000, 5_000],
        [5_000, 5_000],
      ]);
    });

    it('tells of a change once, at each circuit that it changes', () => {
      const { registry } = new RegistryBench({ circuits: { a: {}, b: {} } });
      registry.keyed('a', 'k');
      registry.get('b');
      const told: unknown[] = [];
      registry.on(['configured'], ({ name, key }) => told.push([name, key]));

      registry.configure('a', { openDuration: '5s' });

      expect(told).toEqual([
        ['a', null],
        ['a', 'k'],
      ]);
    });

    it('refuses a name that is not declared', () => {
      const { registry } = new RegistryBench({ circuits: { payments: {} } });

      expect(() => registry.configure('paymnets', {})).toThrow(
        UnknownCircuitError,
      );
    });
  });

  it('shows every declared circuit, keyed ones too, as plain JSON', () => {
    const { registry } = new RegistryBench({ circuits: { a: {}, b: {} } });
    registry.keyed('b', 'k');

    const snapshot = registry.snapshot();

    expect(snapshot.map(({ name, key }) => [name, key])).toEqual([
      ['a', null],
      ['b', null],
      ['b', 'k'],
    ]);
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
  });

  it('is iterable', () => {
    const { registry } = new RegistryBench({ circuits: { a: {}, b: {} } });

    expect([...registry]).toEqual([registry.get('a'), registry.get('b')]);
  });

  describe('events$', () => {
    it('tells the events of all circuits, of those to come too', () => {
      const { registry } = new RegistryBench({ circuits: { a: {}, b: {} } });
      const early = registry.get('a');
      const told: string[] = [];
      registry.events$.subscribe(({ type, name, key }) =>
        told.push(`${name}/${key} ${type}`),
      );

      early.tryAcquire()!.success(1);
      registry.get('b').tryAcquire()!.failure(new Error());
      registry.keyed('b', 'k').tryAcquire()!.success(1);
      registry.getOrCreate('c').tryAcquire()!.success(1);

      expect(told).toEqual([
        'a/null success',
        'b/null failure',
        'b/k success',
        'c/null success',
      ]);
    });

    it('costs nothing after the last subscriber has gone', () => {
      const { registry } = new RegistryBench({ circuits: { a: {} } });
      const on = jest.spyOn(registry.get('a'), 'on');

      const subscription = registry.events$.subscribe();
      expect(on).toHaveBeenCalledTimes(1);
      subscription.unsubscribe();
      registry.getOrCreate('b').tryAcquire()!.success(1);

      const stop = on.mock.results[0]!.value as () => void;
      expect(stop).not.toThrow();
    });

    it('passes over a subscriber that throws', () => {
      const { registry, errors } = new RegistryBench({ circuits: { a: {} } });
      const told: CircuitEvent[] = [];
      registry.events$.subscribe(() => {
        throw new Error('no');
      });
      registry.events$.subscribe(event => told.push(event));

      registry.get('a').tryAcquire()!.success(1);

      expect(told).toHaveLength(1);
      expect(errors).toEqual([expect.stringContaining('threw')]);
    });
  });

  it('tells a listener only the kinds that it asked for, with the circuit', () => {
    const { registry } = new RegistryBench({ circuits: { a: {} } });
    const listener = jest.fn();
    const stop = registry.on(['failure'], listener);
    const circuit = registry.get('a');

    circuit.tryAcquire()!.success(1);
    circuit.tryAcquire()!.failure(new Error());
    stop();
    circuit.tryAcquire()!.failure(new Error());

    expect(listener).toHaveBeenCalledTimes(1);
    expect(listener).toHaveBeenCalledWith(
      expect.objectContaining({ type: 'failure' }),
      circuit,
    );
  });

  it('tells nothing more once it is disposed', () => {
    const { registry } = new RegistryBench({ circuits: { a: {} } });
    const listener = jest.fn();
    registry.on(['success'], listener);
    registry.get('a').on(['success'], listener);

    registry.dispose();
    registry.get('a').tryAcquire()!.success(1);
    registry.getOrCreate('b').tryAcquire()!.success(1);

    expect(listener).not.toHaveBeenCalled();
  });

  describe('declare', () => {
    it('declares a name after the start', () => {
      const { registry } = new RegistryBench();

      const circuit = registry.declare('a', { minimumCalls: 5 }, 'A.a');

      expect(circuit.rules.minimumCalls).toBe(5);
      expect(registry.get('a')).toBe(circuit);
    });

    it('changes nothing when it is repeated', () => {
      const { registry } = new RegistryBench();
      const circuit = registry.declare('a', { minimumCalls: 5 }, 'A.a');
      const configured = jest.fn();
      circuit.on(['configured'], configured);

      expect(registry.declare('a', { minimumCalls: 5 }, 'A.a')).toBe(circuit);
      expect(configured).not.toHaveBeenCalled();
    });

    it('gives its options to a circuit that was made before', () => {
      const { registry } = new RegistryBench({
        circuits: { a: { minimumCalls: 3, maxKeys: 5 } },
      });
      const circuits = [registry.get('a'), registry.keyed('a', 'k')];
      registry.configure('a', { maxKeys: 7 });

      registry.declare('a', { minimumCalls: 5, maxKeys: 6 }, 'A.a');

      for (const { rules } of circuits) {
        expect(rules).toMatchObject({ minimumCalls: 5, maxKeys: 7 });
      }
    });

    it('leaves the rules as they are when it is repeated, and takes what is new', () => {
      const { registry } = new RegistryBench();
      const { rules } = registry.declare('a', { minimumCalls: 5 }, 'A.a');

      expect(registry.declare('a', { minimumCalls: 5 }, 'A.a').rules).toBe(
        rules,
      );
      expect(
        registry.declare('a', { minimumCalls: 5, maxKeys: 3 }, 'A.a').rules,
      ).toMatchObject({ minimumCalls: 5, maxKeys: 3 });
    });

    it('knows each place that says the same', () => {
      const { registry } = new RegistryBench();
      registry.declare('a', { minimumCalls: 5 }, 'A.a');
      registry.declare('a', { minimumCalls: 5 }, 'B.b');

      const { problems } = errorFrom(() =>
        registry.declare('a', { minimumCalls: 6 }, 'C.c'),
      );
      expect(problems.map(({ message }) => message)).toEqual([
        expect.stringContaining('A.a gives 5'),
        expect.stringContaining('B.b gives 5'),
      ]);
    });

    it('knows a place once, however often it says the same', () => {
      const { registry } = new RegistryBench();
      registry.declare('a', { minimumCalls: 5 }, 'A.a');
      registry.declare('a', { minimumCalls: 5 }, 'A.a');

      const { problems } = errorFrom(() =>
        registry.declare('a', { minimumCalls: 6 }, 'C.c'),
      );
      expect(problems).toHaveLength(1);
    });

    it('refuses bad options and forgets them', () => {
      const { registry } = new RegistryBench({ circuits: { a: {} } });

      for (const name of ['a', 'new']) {
        const error = errorFrom(() =>
          registry.declare(name, { minimumCalls: 0 }, 'A.a'),
        );
        expect(error).toBeInstanceOf(InvalidOptionsError);
        expect(error.message).toContain(`Circuit "${name}"`);
        expect(error.message).toContain('A.a: minimumCalls: got 0, takes');
      }
      expect(registry.names()).toEqual(['a']);
      expect(registry.get('a').rules.minimumCalls).toBe(20);
    });

    it('refuses options that disagree with those of another place', () => {
      const { registry } = new RegistryBench();
      registry.declare('a', { minimumCalls: 5 }, 'A.a');

      expect(
        errorFrom(() => registry.declare('a', { minimumCalls: 6 }, 'B.b'))
          .message,
      ).toContain(
        `B.b: minimumCalls: got 6, but A.a gives 5 to the same circuit "a"`,
      );
      expect(registry.get('a').rules.minimumCalls).toBe(5);
    });
  });

  it('warns of options once, also when many circuits have them', () => {
    const { registry, warnings } = new RegistryBench({
      circuits: { a: { minimumCalls: 50, window: { size: 10 } }, b: {} },
    });

    registry.warnOfOptions();
    registry.get('a');
    registry.keyed('a', 'k');
    registry.keyed('a', 'l');

    expect(warnings).toEqual([
      expect.stringMatching(/^Circuit .a.: minimumCalls: 50 calls never fit/),
    ]);
  });

  it('names by a bad symbol what it can, and refuses it', () => {
    const { registry } = new RegistryBench();

    expect(
      errorFrom(() => registry.getOrCreate(Symbol('mine') as never)).message,
    ).toMatch(/^A circuit: .*\s.*got Symbol\(mine\), takes a circuit's name/);
  });

  it('has what was to end with the application end once', () => {
    const { registry } = new RegistryBench();
    const stop = jest.fn();
    registry.endWith(stop);
    expect(stop).not.toHaveBeenCalled();

    registry.dispose();
    registry.dispose();

    expect(stop).toHaveBeenCalledTimes(1);
  });

  it('lets go of no circuit that a listener does not know', () => {
    const { registry } = new RegistryBench({
      circuits: { payments: { maxKeys: 1 } },
    });
    const names: (string | null)[] = [];
    registry.on(['transition'], (_event, { key }) => void names.push(key));
    const first = registry.keyed('payments', 'first');
    registry.keyed('payments', 'second').forceOpen();

    first.forceOpen();

    expect(names).toEqual(['second']);
  });

  it('can be made without an application', () => {
    const registry = new CircuitBreakerRegistry();

    expect(registry.getOrCreate('a').state).toBe('closed');
  });

  it('shares nothing with another registry', () => {
    const one = new RegistryBench({ circuits: { a: {} } }).registry;
    const other = new RegistryBench({ circuits: { a: {} } }).registry;
    one.configure('a', { minimumCalls: 1 });
    one.get('a').forceOpen();
    one.getOrCreate('b');

    expect(other.get('a').state).toBe('closed');
    expect(other.get('a').rules.minimumCalls).toBe(20);
    expect(other.names()).toEqual(['a']);
  });
});
