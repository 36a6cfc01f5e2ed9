import { describe, expect, it } from '@jest/globals';
import { firstValueFrom, isObservable, NEVER, of, type Observable } from 'rxjs';
import { Circuit } from '../../lib/circuit/circuit.js';
import { settled } from '../support/policy-host.js';
import { VirtualClock } from '../support/virtual-clock.js';

describe('a wrapped function whose kind of answer is not declared', () => {
  it('spends one token a call when it answers with Observables', async () => {
    const circuit = new Circuit('c', {
      rateLimit: { limit: 4, interval: '1h' },
    });
    const call = circuit.wrap(() => of(1));
    for (let count = 0; count < 4; count++) {
      await expect(firstValueFrom(call())).resolves.toBe(1);
    }
    await expect(firstValueFrom(call())).rejects.toMatchObject({
      code: 'RATE_LIMITED',
    });
  });

  it('waits in the bulkhead once it was seen to answer with promises', async () => {
    const circuit = new Circuit('c', {
      bulkhead: { maxConcurrent: 1, maxQueue: 10, maxWait: '1s' },
    });
    const call = circuit.wrap((id: string) => settled().then(() => id));
    await call('first');
    await expect(
      Promise.all([call('a'), call('b'), call('c')]),
    ).resolves.toEqual(['a', 'b', 'c']);
  });

  it('is not called while a fresh answer is kept', async () => {
    let calls = 0;
    const circuit = new Circuit('c');
    const call = circuit.wrap((_id: string) => Promise.resolve(++calls), {
      cache: { staleFor: '1h', freshFor: '1h', key: (id: string) => id },
    });
    await expect(call('a')).resolves.toBe(1);
    await expect(call('a')).resolves.toBe(1);
    expect(calls).toBe(1);
  });

  it('takes nothing for granted from what a fallback answers', async () => {
    const circuit = new Circuit('c');
    const call = circuit.wrap((): Observable<number> => of(1), {
      fallback: async () => 'a promise',
    });
    circuit.forceOpen();
    call();
    circuit.forceClosed();
    expect(isObservable(call())).toBe(true);
  });

  it('settles a call that answers with something else than before', async () => {
    const circuit = new Circuit('c');
    let answer: unknown = of(1);
    const call = circuit.wrap(() => answer);
    await firstValueFrom(call() as Observable<number>);
    answer = Promise.reject(new Error('down'));
    await expect(call()).rejects.toThrow('down');
    expect(circuit.snapshot().totals).toMatchObject({
      successes: 1,
      failures: 1,
    });
  });
});

describe('a retry that waits', () => {
  it('keeps its backoff when a circuit in shadow mode opens', async () => {
    const clock = new VirtualClock();
    const circuit = new Circuit(
      'c',
      { mode: 'shadow', consecutiveFailures: 2 },
      { clock },
    );
    const times: number[] = [];
    const fail = async () => {
      times.push(clock.now());
      throw new Error('down');
    };
    const answer = circuit
      .execute(fail, {
        retry: { attempts: 2, backoff: { initial: 5_000, jitter: 0 } },
      })
      .catch((error: unknown) => error);
    await settled();
    clock.advance(100);
    await circuit.execute(fail).catch(() => {});
    await settled();
    clock.advance(4_899);
    await settled();
    expect(times).toEqual([0, 100]);
    clock.advance(1);
    await answer;
    expect(times).toEqual([0, 100, 5_000]);
  });
});

const hang = () => new Promise<never>(() => {});

describe("the caller's abort", () => {
  it('is answered by no fallback, whatever errors the rules record', () => {
    const circuit = new Circuit('c', { recordErrors: [() => true] });
    const abort = new AbortController();
    const seen: unknown[] = [];
    circuit
      .protect(NEVER, { signal: abort.signal, fallback: () => of('fallback') })
      .subscribe({
        next: value => seen.push(value),
        error: (error: unknown) => seen.push(error),
      });
    abort.abort('gone');
    expect(seen).toEqual(['gone']);
    expect(circuit.snapshot().totals).toMatchObject({
      ignored: 1,
      fallbacks: 0,
    });
  });

  it('does not excuse a shared call that misses its deadline for others', async () => {
    const clock = new VirtualClock();
    const circuit = new Circuit('c', {}, { clock });
    const cache = { staleFor: '1m', coalesce: true, key: () => 'k' };
    const first = new AbortController();
    const left = circuit
      .execute(hang, { cache, deadline: 1_000, signal: first.signal })
      .catch((error: unknown) => error);
    const stayed = circuit
      .execute(hang, { cache, deadline: 1_000 })
      .catch((error: unknown) => error);
    await settled();
    first.abort('gone');
    await expect(left).resolves.toBe('gone');
    clock.advance(1_000);
    await expect(stayed).resolves.toMatchObject({ code: 'CALL_TIMEOUT' });
    expect(circuit.snapshot().totals).toMatchObject({
      failures: 1,
      ignored: 0,
    });
  });
});
