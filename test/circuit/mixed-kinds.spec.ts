import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { firstValueFrom, of, type Observable } from 'rxjs';
import {
  compileCallOptions,
  type CallOptions,
} from '../../lib/circuit/call-options.js';
import { Circuit } from '../../lib/circuit/circuit.js';
import { invoke } from '../../lib/circuit/invoke.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { settled } from '../support/policy-host.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** A function that answers as it is told, behind a circuit with something that must be done before each call. */
function mixed(options: CircuitOptions, callOptions?: CallOptions) {
  const clock = new VirtualClock();
  const circuit = new Circuit('c', options, { clock });
  const next: { answer: () => unknown } = { answer: () => 'plain' };
  let calls = 0;
  const call = circuit.wrap((_id = 'a') => {
    calls++;
    return next.answer();
  }, callOptions);
  return { circuit, clock, call, next, calls: () => calls };
}

const BULKHEAD: CircuitOptions = {
  bulkhead: { maxConcurrent: 1, maxQueue: 0, maxWait: '1s' },
};
const LIMIT: CircuitOptions = { rateLimit: { limit: 100, interval: '1h' } };

describe.each([
  ['a bulkhead', BULKHEAD, undefined],
  ['a rate limit', LIMIT, undefined],
  ['a cache', {}, { cache: { staleFor: '1h', key: () => 'k' } }],
] as const)(
  'a function of no declared kind behind %s',
  (_what, options, own) => {
    it('that answered with a plain value and now with a promise, is followed to its end', async () => {
      const { circuit, call, next } = mixed(options, own);
      expect(call()).toBe('plain');
      next.answer = () => settled().then(() => 'later');
      const answer = call();
      expect(circuit.snapshot().inFlight).toBe(1);
      await expect(answer).resolves.toBe('later');
      expect(circuit.snapshot()).toMatchObject({
        inFlight: 0,
        totals: { calls: 2, successes: 2, rejected: 0 },
      });
    });

    it('whose promise fails after a plain value, fails', async () => {
      const { circuit, call, next } = mixed(options, own);
      call();
      next.answer = () => Promise.reject(new Error('down'));
      const outcome = (call() as Promise<unknown>).catch(String);
      // A cache answers for the failure; the circuit has seen it all the same.
      await expect(outcome).resolves.toBe(own ? 'plain' : 'Error: down');
      expect(circuit.snapshot().totals).toMatchObject({
        successes: 1,
        failures: 1,
      });
    });

    it('that answered with a plain value and now with an Observable, is followed at each subscription', async () => {
      const { circuit, call, next } = mixed(options, own);
      call();
      next.answer = () => of('streamed');
      const stream = call() as Observable<unknown>;
      expect(circuit.snapshot()).toMatchObject({
        inFlight: 0,
        totals: { calls: 1 },
      });
      await expect(firstValueFrom(stream)).resolves.toBe('streamed');
      expect(circuit.snapshot().totals).toMatchObject({
        calls: 2,
        successes: 2,
      });
    });

    it('that answered with a promise and now with a plain value, answers with a promise, and the next time as it did', async () => {
      const { circuit, call, next } = mixed(options, own);
      next.answer = () => Promise.resolve('later');
      await call();
      next.answer = () => 'plain';
      await expect(call()).resolves.toBe('plain');
      expect(call()).toBe('plain');
      expect(circuit.snapshot().totals).toMatchObject({
        calls: 3,
        successes: 3,
      });
    });

    it('that answered with a promise and now with an Observable, is told to declare its kind', async () => {
      const { circuit, call, next } = mixed(options, own);
      next.answer = () => Promise.resolve('later');
      await call();
      next.answer = () => of(1);
      await expect(call()).rejects.toThrow(
        /returns.*is needed.*a promise before and with an Observable now/s,
      );
      // It is no failure of the dependency.
      expect(circuit.snapshot()).toMatchObject({
        inFlight: 0,
        totals: { failures: 0, ignored: 1 },
      });
      const stream = call() as Observable<unknown>;
      await expect(firstValueFrom(stream)).resolves.toBe(1);
    });

    it('that answered with an Observable and now otherwise, is followed as what it is', async () => {
      const { circuit, call, next } = mixed(options, own);
      next.answer = () => of(1);
      await firstValueFrom(call() as Observable<unknown>);
      next.answer = () => Promise.resolve('later');
      await expect(call()).resolves.toBe('later');
      await expect(call()).resolves.toBe('later');
      expect(circuit.snapshot().totals).toMatchObject({
        calls: 3,
        successes: 3,
      });
    });
  },
);

describe('a function of no declared kind', () => {
  it('holds its place in the bulkhead until its promise has settled, whatever it answered before', async () => {
    const { call, next } = mixed(BULKHEAD);
    call();
    let finish: (() => void) | undefined;
    next.answer = () => new Promise<void>(resolve => (finish = resolve));
    const running = call();
    await expect(call()).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
    finish?.();
    await running;
    const another = call();
    finish?.();
    await expect(another).resolves.toBeUndefined();
  });

  it('that has answered with Observables does not begin while there is no place', async () => {
    const { circuit, call, next, calls } = mixed(BULKHEAD);
    next.answer = () => of(1);
    await firstValueFrom(call() as Observable<unknown>);
    void circuit.execute(() => new Promise(() => {}));
    next.answer = () => Promise.resolve('later');
    const answer = call() as Observable<unknown>;
    expect(calls()).toBe(1);
    await expect(firstValueFrom(answer)).rejects.toMatchObject({
      code: 'BULKHEAD_FULL',
    });
    expect(calls()).toBe(1);
  });

  it.each<[string, CircuitOptions]>([
    ['with', BULKHEAD],
    ['without', {}],
  ])(
    'that has answered with Observables fails as one, %s a limit',
    async (_how, options) => {
      const { circuit, call, next } = mixed(options);
      next.answer = () => of(1);
      await firstValueFrom(call() as Observable<unknown>);
      next.answer = () => {
        throw new Error('at once');
      };
      const answer = call() as Observable<unknown>;
      await expect(firstValueFrom(answer)).rejects.toThrow('at once');
      expect(circuit.snapshot().totals).toMatchObject({
        calls: 2,
        failures: 1,
      });
    },
  );

  it('never keeps a promise as an answer', async () => {
    const { call, next, calls } = mixed(
      {},
      { cache: { staleFor: '1h', freshFor: '1h', key: (id: string) => id } },
    );
    call('a');
    next.answer = () => Promise.resolve('later');
    await expect(call('b')).resolves.toBe('later');
    await expect(call('b')).resolves.toBe('later');
    expect(calls()).toBe(2);
  });

  it.each<[string, CircuitOptions]>([
    ['the circuit is open', {}],
    ['there is no place', BULKHEAD],
  ])(
    'with a timeout is answered by its fallback before anything is known of it, when %s',
    async (_what, options) => {
      const { circuit, call, calls } = mixed(options, {
        timeout: '1s',
        fallback: async () => 'spare',
      });
      if (options.bulkhead === undefined) circuit.forceOpen();
      else void circuit.execute(() => new Promise(() => {}));
      await expect(call()).resolves.toBe('spare');
      expect(calls()).toBe(0);
    },
  );

  it('lets go of a signal that it shares with other calls', async () => {
    const circuit = new Circuit('c');
    const { signal } = new AbortController();
    const plan = compileCallOptions({ timeout: '1s' });
    const answers = { last: undefined };
    for (let i = 0; i < 20; i++) {
      const answer = invoke(
        circuit,
        plan,
        () => of(i),
        { answers: { ...answers }, signal },
        undefined,
      ) as Observable<number>;
      await firstValueFrom(answer);
    }
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('with a timeout is refused when it answers at once, and called again the next time', async () => {
    const { call, next, calls } = mixed({}, { timeout: '1s' });
    expect(() => call()).toThrow(
      /cannot be had for a function that returns a plain value/,
    );
    next.answer = () => Promise.resolve('later');
    await expect(call()).resolves.toBe('later');
    expect(calls()).toBe(2);
  });

  it('has the signal of its very first call aborted at the timeout', async () => {
    const clock = new VirtualClock();
    const circuit = new Circuit('c', {}, { clock });
    const signals: AbortSignal[] = [];
    const answer = invoke(
      circuit,
      compileCallOptions({ timeout: '1s' }),
      ({ signal }) => {
        signals.push(signal);
        return new Promise(() => {});
      },
      { answers: { last: undefined } },
      undefined,
    ) as Promise<unknown>;
    const outcome = answer.catch((error: unknown) => error);
    await settled();
    clock.advance(1_001);
    const error = await outcome;
    expect(error).toMatchObject({ code: 'CALL_TIMEOUT' });
    expect(signals[0]?.aborted).toBe(true);
    expect(signals[0]?.reason).toBe(error);
  });
});
