import { describe, expect, it } from '@jest/globals';
import { Subject } from 'rxjs';
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
