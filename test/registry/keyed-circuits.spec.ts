import { describe, expect, it, jest } from '@jest/globals';
import { defer, of, throwError, type Observable } from 'rxjs';
import {
  compileCallOptions,
  type CallOptions,
} from '../../lib/circuit/call-options.js';
import { Circuit } from '../../lib/circuit/circuit.js';
import { invoke } from '../../lib/circuit/invoke.js';
import { CallTimeoutException } from '../../lib/errors/call-timeout.exception.js';
import { UnknownCircuitError } from '../../lib/errors/unknown-circuit.error.js';
import { settled } from '../support/policy-host.js';
import { RegistryBench } from '../support/registry-bench.js';

const fail = () => Promise.reject(new Error('down'));
const RETRY: CallOptions = {
  retry: { attempts: 2, backoff: { initial: '1s', jitter: 0 } },
};

describe('keyed circuits', () => {
  it('are one for each key, with the options of the name', () => {
    const { registry } = new RegistryBench({
      circuits: { shop: { consecutiveFailures: 1 } },
    });

    const acme = registry.keyed('shop', 'acme');
    acme.tryAcquire()!.failure(new Error());

    expect(acme).toMatchObject({ name: 'shop', key: 'acme', state: 'open' });
    expect(registry.keyed('shop', 'acme')).toBe(acme);
    expect(registry.keyed('shop', 'other').state).toBe('closed');
    expect(registry.get('shop')).toMatchObject({ key: null, state: 'closed' });
  });

  it('share their rules', () => {
    const { registry } = new RegistryBench({ circuits: { shop: {} } });

    expect(registry.keyed('shop', 'a').rules).toBe(
      registry.keyed('shop', 'b').rules,
    );
  });

  it('are found by the option `key` of a call', async () => {
    const { registry } = new RegistryBench({ circuits: { shop: {} } });
    const order = registry
      .get('shop')
      .wrap(async (tenant: string) => `ordered by ${tenant}`, {
        key: (tenant: string) => tenant,
      });

    await expect(order('acme')).resolves.toBe('ordered by acme');

    expect(registry.keyed('shop', 'acme').snapshot().totals.successes).toBe(1);
    expect(registry.get('shop').snapshot().totals.calls).toBe(0);
  });

  it('need a declared name', () => {
    const { registry } = new RegistryBench({ circuits: { shop: {} } });

    expect(() => registry.keyed('shpo', 'acme')).toThrow(UnknownCircuitError);
  });

  it.each([undefined, null, 5, {}])('have no key such as %p', key => {
    const { registry } = new RegistryBench({ circuits: { shop: {} } });

    expect(() => registry.keyed('shop', key as unknown as string)).toThrow(
      /a key is a string/,
    );
  });

  it.each(['', '__proto__', 'constructor', '(overflow)', 'ключ'])(
    'may have the key %p',
    key => {
      const { registry } = new RegistryBench({ circuits: { shop: {} } });

      expect(registry.keyed('shop', key)).toMatchObject({ key });
    },
  );

  describe('beyond maxKeys', () => {
    it('let go of the least recently used one', () => {
      const { registry } = benchOf(2);
      const a = registry.keyed('shop', 'a');
      const b = registry.keyed('shop', 'b');
      registry.keyed('shop', 'a');

      registry.keyed('shop', 'c');

      expect(keysOf(registry)).toEqual(['a', 'c']);
      expect(registry.keyed('shop', 'a')).toBe(a);
      expect(registry.keyed('shop', 'b')).not.toBe(b);
    });

    it.each([
      ['open', 'open'],
      ['half-open', 'half-open'],
      ['forced open', 'forced-open'],
      ['forced closed', 'forced-closed'],
      ['with a call in flight', 'closed'],
    ] as const)('never let go of one that is %s', (what, state) => {
      const { registry, clock } = benchOf(2);
      const kept = registry.keyed('shop', 'kept');
      bring(kept, what, clock);
      registry.keyed('shop', 'idle');

      for (const key of ['c', 'd', 'e']) registry.keyed('shop', key);

      expect(kept.state).toBe(state);
      expect(registry.keyed('shop', 'kept')).toBe(kept);
    });

    it.each([
      [
        'a promise',
        (circuit: Circuit) => void circuit.execute(fail, RETRY).catch(() => {}),
      ],
      [
        'an Observable',
        (circuit: Circuit) =>
          void circuit.protect(defer(fail), RETRY).subscribe({ error() {} }),
      ],
    ])(
      'never let go of one whose call waits for its next attempt, as %s',
      async (_what, call) => {
        const { registry, clock } = new RegistryBench({
          circuits: { shop: { maxKeys: 1 } },
        });
        const waiting = registry.keyed('shop', 'a');
        call(waiting);
        await settled();
        expect(waiting.snapshot()).toMatchObject({
          inFlight: 0,
          totals: { failures: 1, retries: 1 },
        });

        expect(registry.keyed('shop', 'b').key).toBe('(overflow)');
        clock.advance(1_001);
        await settled();

        expect(waiting.snapshot().totals.failures).toBe(2);
        expect(registry.keyed('shop', 'b').key).toBe('b');
      },
    );

    it('share one more circuit while none can go, which is told once', () => {
      const { registry, warnings } = benchOf(2);
      for (const key of ['a', 'b']) registry.keyed('shop', key).forceOpen();

      const shared = registry.keyed('shop', 'c');

      expect(shared.key).toBe('(overflow)');
      expect(registry.keyed('shop', 'd')).toBe(shared);
      expect(warnings).toEqual([
        expect.stringContaining('Circuit "shop" has 2 keyed circuits'),
      ]);
      expect(keysOf(registry)).toEqual(['a', 'b', '(overflow)']);
    });

    it('never let go of one whose stream waits for a cache', async () => {
      const { registry } = benchOf(1);
      const cached = registry.keyed('shop', 'a');
      let find: (() => void) | undefined;
      const look = new Promise<undefined>(resolve => {
        find = () => resolve(undefined);
      });
      const store = { get: () => look, set: async () => {} };
      const circuit = new Circuit('c', {}, { cacheStore: store });
      const plan = compileCallOptions(
        { cache: { staleFor: '1m', freshFor: '1m', deadline: '1m' } },
        'Shop.read',
        { method: 'Shop.read' },
      );
      const stream = invoke(
        circuit,
        plan,
        () => of(1),
        { args: [] },
        'observable',
      ) as Observable<number>;

      expect(circuit.pipeline.isIdle).toBe(true);
      stream.subscribe();
      expect(circuit.pipeline.isIdle).toBe(false);
      find?.();
      await settled();
      expect(circuit.pipeline.isIdle).toBe(true);
      expect(registry.keyed('shop', 'a')).toBe(cached);
    });

    it('show nobody what another one was answered', async () => {
      const { registry } = benchOf(2);
      for (const key of ['a', 'b']) registry.keyed('shop', key).forceOpen();
      const profile = registry
        .get('shop')
        .wrap(async (tenant: string) => `profile of ${tenant}`, {
          key: (tenant: string) => tenant,
          cache: {
            key: () => 'profile',
            freshFor: '1m',
            staleFor: '1m',
            coalesce: true,
          },
        });

      await expect(Promise.all([profile('c'), profile('d')])).resolves.toEqual([
        'profile of c',
        'profile of d',
      ]);
      await expect(profile('e')).resolves.toBe('profile of e');
    });

    it('let go of all that are too many when there may be fewer', () => {
      const { registry } = benchOf(500);
      for (let i = 0; i < 500; i++) registry.keyed('shop', `k${i}`);
      registry.configure('shop', { maxKeys: 10 });

      expect(registry.keyed('shop', 'new').key).toBe('new');
      expect(keysOf(registry)).toHaveLength(10);
    });

    it('count a stream by the circuit that its key has when somebody subscribes', () => {
      const { registry } = benchOf(1);
      const fails = registry
        .get('shop')
        .wrap((_tenant: string) => throwError(() => new Error('down')), {
          key: (tenant: string) => tenant,
          returns: 'observable',
        });
      const stream = fails('a');
      registry.keyed('shop', 'b');

      stream.subscribe({ error() {} });

      expect(registry.totals('shop').failures).toBe(1);
      expect(registry.keyed('shop', 'a').state).toBe('open');
    });

    it('have circuits of their own again once one can go', () => {
      const { registry } = benchOf(1);
      const first = registry.keyed('shop', 'a');
      first.forceOpen();
      expect(registry.keyed('shop', 'b').key).toBe('(overflow)');

      first.reset();

      expect(registry.keyed('shop', 'b').key).toBe('b');
    });

    it('tell listeners nothing of one that was let go', () => {
      const { registry } = benchOf(1);
      const told: (string | null)[] = [];
      registry.events$.subscribe(({ key }) => told.push(key));
      const gone = registry.keyed('shop', 'a');
      const kept = registry.keyed('shop', 'b');

      gone.tryAcquire()!.success(1);
      kept.tryAcquire()!.success(1);

      expect(told).toEqual(['b']);
    });

    it('find room in the end behind many that cannot go', () => {
      const { registry } = benchOf(200);
      for (let i = 0; i < 200; i++) {
        const circuit = registry.keyed('shop', `k${i}`);
        if (i !== 150) circuit.forceOpen();
      }

      const keys = Array.from(
        { length: 10 },
        (_, i) => registry.keyed('shop', `n${i}`).key,
      );

      expect(keys.filter(key => key !== '(overflow)')).toEqual(['n4']);
      expect(keysOf(registry)).not.toContain('k150');
    });

    it('never answer with one that was let go', () => {
      const { registry } = benchOf(2);
      registry.keyed('shop', 'open').forceOpen();
      const gone = registry.keyed('shop', 'a');
      registry.configure('shop', { maxKeys: 1 });

      expect(registry.keyed('shop', 'b').key).toBe('(overflow)');

      expect(registry.keyed('shop', 'a')).not.toBe(gone);
    });

    it('become fewer when maxKeys does', () => {
      const { registry } = benchOf(10);
      for (let i = 0; i < 10; i++) registry.keyed('shop', `k${i}`);

      registry.configure('shop', { maxKeys: 3 });
      registry.keyed('shop', 'new');

      expect(keysOf(registry)).toEqual(['k8', 'k9', 'new']);
    });
  });

  it('are kept while a call that has timed out still holds its place', async () => {
    const { registry, clock } = new RegistryBench({
      circuits: {
        shop: {
          maxKeys: 1,
          consecutiveFailures: 9,
          bulkhead: { maxConcurrent: 1 },
        },
      },
    });
    const kept = registry.keyed('shop', 'kept');
    let end: (() => void) | undefined;
    const call = kept.execute(
      () => new Promise<void>(resolve => (end = resolve)),
      { timeout: '1s' },
    );
    await settled();
    clock.advance(1_000);
    await expect(call).rejects.toThrow(CallTimeoutException);

    expect(registry.keyed('shop', 'other').key).toBe('(overflow)');
    expect(registry.keyed('shop', 'kept')).toBe(kept);

    end!();
    await settled();
    expect(registry.keyed('shop', 'other').key).toBe('other');
  });

  describe('totals of a name', () => {
    it('are the sums of its circuits', () => {
      const { registry } = benchOf(10);
      work(registry.get('shop'));
      for (const key of ['a', 'b']) work(registry.keyed('shop', key));
      registry.keyed('shop', 'b').tryAcquire()!.failure(new Error());

      expect(registry.totals('shop')).toMatchObject({
        calls: 4,
        successes: 3,
        failures: 1,
      });
    });

    it('never go down when a circuit is let go', () => {
      const { registry } = benchOf(1);
      for (const key of ['a', 'b', 'c']) work(registry.keyed('shop', key));

      expect(keysOf(registry)).toEqual(['c']);
      expect(registry.totals('shop').successes).toBe(3);
    });

    it('have what the shared circuit has counted', () => {
      const { registry } = benchOf(1);
      registry.keyed('shop', 'a').forceOpen();
      work(registry.keyed('shop', 'b'));

      expect(registry.totals('shop').successes).toBe(1);
    });

    it('are those of one circuit where there are no keys', () => {
      const { registry } = benchOf(1);
      work(registry.get('shop'));

      expect(registry.totals('shop')).toEqual(
        registry.get('shop').snapshot().totals,
      );
    });

    it('are a copy', () => {
      const { registry } = benchOf(1);
      const before = registry.totals('shop');

      work(registry.get('shop'));

      expect(before.calls).toBe(0);
    });

    it('need a declared name', () => {
      expect(() => benchOf(1).registry.totals('shpo')).toThrow(
        UnknownCircuitError,
      );
    });
  });

  it('look at a few circuits to make room, however many there are', () => {
    const { registry } = benchOf(200);
    for (let i = 0; i < 200; i++) registry.keyed('shop', `k${i}`).forceOpen();
    const state = jest.spyOn(Circuit.prototype, 'state', 'get');

    registry.keyed('shop', 'one more');

    expect(state.mock.calls.length).toBeLessThanOrEqual(32);
    state.mockRestore();
  });
});

function work(circuit: Circuit): void {
  circuit.tryAcquire()!.success(1);
}

function benchOf(maxKeys: number): RegistryBench {
  return new RegistryBench({
    circuits: { shop: { maxKeys, consecutiveFailures: 1 } },
  });
}

function keysOf(registry: RegistryBench['registry']): (string | null)[] {
  return registry
    .snapshot()
    .map(({ key }) => key)
    .filter(key => key !== null);
}

function bring(
  circuit: ReturnType<RegistryBench['registry']['keyed']>,
  what: string,
  clock: RegistryBench['clock'],
): void {
  switch (what) {
    case 'open':
      circuit.tryAcquire()!.failure(new Error());
      break;
    case 'half-open':
      circuit.tryAcquire()!.failure(new Error());
      clock.advance(60_000);
      circuit.tryAcquire()!.success(1);
      break;
    case 'forced open':
      circuit.forceOpen();
      break;
    case 'forced closed':
      circuit.forceClosed();
      break;
    default:
      circuit.tryAcquire();
  }
}
