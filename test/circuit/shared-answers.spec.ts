import { describe, expect, it } from '@jest/globals';
import { of, Subject } from 'rxjs';
import { compileCallOptions } from '../../lib/circuit/call-options.js';
import { Circuit } from '../../lib/circuit/circuit.js';
import { settled } from '../support/policy-host.js';
import { VirtualClock } from '../support/virtual-clock.js';

function createStore() {
  const values = new Map<string, unknown>();
  return {
    get: async (key: string) => values.get(key),
    set: async (key: string, value: unknown) => values.set(key, value),
  };
}

const byId = (id: number) => `${id}`;

describe('cached answers on one circuit', () => {
  it.each([
    ['memory', undefined],
    ['a store', createStore()],
  ])(
    'are never those of another function, in %s',
    async (_where, cacheStore) => {
      const circuit = new Circuit('shop', {}, { cacheStore });
      const options = { cache: { staleFor: '1m', key: byId } };
      const one = circuit.wrap(async (id: number) => `one ${id}`, options);
      const two = circuit.wrap(async (id: number): Promise<string> => {
        throw new Error(`down ${id}`);
      }, options);
      await one(1);
      await settled();
      await expect(two(1)).rejects.toThrow('down 1');
    },
  );

  it('are never those of another method, though they share a store and their arguments are equal', async () => {
    const circuit = new Circuit('shop', {}, { cacheStore: createStore() });
    const call = async (method: string) => {
      const cache = { staleFor: '1m', freshFor: '1m' };
      const plan = compileCallOptions({ cache }, method, { method });
      const body = async () => method;
      const answer = await circuit.pipeline.execute(plan, body, { args: [1] });
      await settled();
      return answer;
    };
    expect(await call('Shop.read')).toBe('Shop.read');
    expect(await call('Shop.list')).toBe('Shop.list');
  });

  it.each([
    ['another circuit', { name: 'store', key: 'a' }],
    ['another key', { name: 'shop', key: 'b' }],
  ])('are never those of %s, though they share a store', async (_, other) => {
    const cacheStore = createStore();
    const cache = { staleFor: '1m', freshFor: '1m' };
    const method = 'Shop.read';
    const plan = compileCallOptions({ cache }, method, { method });
    let calls = 0;
    const call = async ({ name, key }: { name: string; key: string }) => {
      const circuit = new Circuit(name, {}, { key, cacheStore });
      await circuit.pipeline.execute(plan, () => ++calls, { args: [1] });
      await settled();
    };
    await call({ name: 'shop', key: 'a' });
    await call(other);
    expect(calls).toBe(2);
    await call(other);
    expect(calls).toBe(2);
  });

  it('go by the arguments alone: none for a call that has none', async () => {
    const circuit = new Circuit('shop');
    const asked: unknown[][] = [];
    const key = (...all: unknown[]) => `${asked.push(all)}`;
    await circuit.execute(() => 1, { cache: { staleFor: '1m', key } });
    expect(asked).toEqual([[]]);
  });

  it('stay with those who wait when the first of them goes', () => {
    const circuit = new Circuit('shop');
    const source = new Subject<number>();
    const cache = { staleFor: '1m', coalesce: true, key: () => 'k' };
    const first = new AbortController();
    const seen: unknown[] = [];
    circuit.protect(source, { cache, signal: first.signal }).subscribe({
      error: (error: unknown) => seen.push(['first', error]),
    });
    circuit
      .protect(source, { cache })
      .subscribe({ next: value => seen.push(['second', value]) });
    first.abort('gone');
    source.next(1);
    expect(seen).toEqual([
      ['first', 'gone'],
      ['second', 1],
    ]);
  });

  it('are judged without the caller who began the call, when that has gone', async () => {
    const clock = new VirtualClock();
    const circuit = new Circuit('shop', {}, { clock });
    const options = {
      cache: { staleFor: '1h', coalesce: true, key: () => 'k' },
      deadline: 100,
    };
    await circuit.execute(() => 'kept', options);
    const first = new AbortController();
    const second = new AbortController();
    const call = (signal: AbortSignal) =>
      circuit
        .execute(() => new Promise<string>(() => {}), { ...options, signal })
        .catch(String);
    const answers = [call(first.signal), call(second.signal)];
    first.abort('gone');
    await settled();
    clock.advance(101);
    expect(await Promise.all(answers)).toEqual(['gone', 'kept']);
    expect(circuit.snapshot().totals).toMatchObject({
      failures: 1,
      timeouts: 1,
    });
  });

  it('fail for the circuit also when the error is named as an abort is', async () => {
    const circuit = new Circuit('shop');
    const options = {
      cache: { staleFor: '1h', coalesce: true, key: () => 'k' },
    };
    await circuit.execute(() => 'kept', options);
    let fail: ((error: unknown) => void) | undefined;
    const work = () =>
      new Promise<string>((_resolve, reject) => {
        fail = reject;
      });
    const first = new AbortController();
    const second = new AbortController();
    const call = (signal: AbortSignal) =>
      circuit.execute(work, { ...options, signal }).catch(String);
    const answers = [call(first.signal), call(second.signal)];
    first.abort('gone');
    await settled();
    fail?.(Object.assign(new Error('cut'), { name: 'AbortError' }));
    expect(await Promise.all(answers)).toEqual(['gone', 'kept']);
    expect(circuit.snapshot().totals).toMatchObject({ failures: 1 });
  });

  it('have nothing to do with a caller who had gone before', () => {
    const circuit = new Circuit('shop');
    const cache = { staleFor: '1m', coalesce: true, key: () => 'k' };
    const seen: unknown[] = [];
    circuit
      .protect(of('theirs'), { cache, signal: AbortSignal.abort('gone') })
      .subscribe({ error: (error: unknown) => seen.push(error) });
    circuit.protect(of('mine'), { cache }).subscribe(value => seen.push(value));
    expect(seen).toEqual(['gone', 'mine']);
  });

  it('count a timeout once for all who share the call', async () => {
    const clock = new VirtualClock();
    const circuit = new Circuit('shop', {}, { clock });
    const call = circuit.wrap(
      async (id: number): Promise<string> => {
        await new Promise(() => {});
        return byId(id);
      },
      {
        timeout: 100,
        cache: { staleFor: '1m', coalesce: true, key: byId },
        fallback: () => 'fallback',
      },
    );
    const answers = [call(1), call(1), call(1)];
    await settled();
    clock.advance(100);
    await expect(Promise.all(answers)).resolves.toEqual(
      answers.map(() => 'fallback'),
    );
    expect(circuit.snapshot().totals).toMatchObject({
      timeouts: 1,
      failures: 1,
      fallbacks: 3,
    });
  });
});
