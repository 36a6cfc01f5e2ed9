import { getEventListeners } from 'node:events';
import { describe, expect, it, jest } from '@jest/globals';
import { Flights } from '../../lib/policies/flights.js';
import { settled } from '../support/policy-host.js';

function bench() {
  const flights = new Flights<string>();
  const calls: {
    signal: AbortSignal | undefined;
    resolve(value: string): void;
    reject(error: unknown): void;
  }[] = [];
  const start = (signal: AbortSignal | undefined) =>
    new Promise<string>((resolve, reject) => {
      calls.push({ signal, resolve, reject });
    });
  const join = (caller?: AbortSignal, key = 'a') =>
    flights.join(key, caller, start);
  return { flights, calls, join };
}

describe('Flights', () => {
  it('makes one call for all who want the same at the same time', async () => {
    const { calls, join } = bench();
    const answers = [join(), join(new AbortController().signal), join()];
    expect(calls).toHaveLength(1);
    calls[0]!.resolve('answer');
    await expect(Promise.all(answers)).resolves.toEqual(
      Array(3).fill('answer'),
    );
  });

  it('makes a call for each key', () => {
    const { calls, join } = bench();
    void join(undefined, 'a');
    void join(undefined, 'b');
    expect(calls).toHaveLength(2);
  });

  it('hands the one error to all', async () => {
    const { calls, join } = bench();
    const error = new Error('down');
    const answers = [join(), join(new AbortController().signal)];
    calls[0]!.reject(error);
    for (const answer of answers) await expect(answer).rejects.toBe(error);
  });

  it.each(['resolve', 'reject'] as const)(
    'makes a new call after a %s',
    async settle => {
      const { calls, flights, join } = bench();
      const first = join().catch(() => {});
      calls[0]![settle]('x');
      await first;
      expect(flights.size).toBe(0);
      void join();
      expect(calls).toHaveLength(2);
    },
  );

  it('lets one go without disturbing the others', async () => {
    const { calls, join } = bench();
    const leader = new AbortController();
    const first = join(leader.signal);
    const second = join(new AbortController().signal);
    leader.abort('gone');
    await expect(first).rejects.toBe('gone');
    expect(calls[0]!.signal?.aborted).toBe(false);
    calls[0]!.resolve('answer');
    await expect(second).resolves.toBe('answer');
  });

  it('aborts the call when the last one has gone, with their reason', async () => {
    const { calls, flights, join } = bench();
    const callers = [new AbortController(), new AbortController()];
    const answers = callers.map(({ signal }) => join(signal));
    callers[1]!.abort('second');
    expect(calls[0]!.signal?.aborted).toBe(false);
    callers[0]!.abort('first');
    expect(calls[0]!.signal?.reason).toBe('first');
    await expect(answers[0]).rejects.toBe('first');
    await expect(answers[1]).rejects.toBe('second');
    expect(flights.size).toBe(0);
  });

  it('begins anew for whoever comes after the last one has gone', async () => {
    const { calls, flights, join } = bench();
    const caller = new AbortController();
    const gone = join(caller.signal);
    caller.abort();
    const next = join();
    calls[0]!.reject(new Error('aborted'));
    await expect(gone).rejects.toThrow();
    expect(flights.size).toBe(1);
    calls[1]!.resolve('answer');
    await expect(next).resolves.toBe('answer');
  });

  it('never aborts a call that somebody without a signal waits for', async () => {
    const { calls, join } = bench();
    const caller = new AbortController();
    const gone = join(caller.signal);
    const waiting = join();
    caller.abort('gone');
    await expect(gone).rejects.toBe('gone');
    expect(calls[0]!.signal?.aborted).toBe(false);
    calls[0]!.resolve('answer');
    await expect(waiting).resolves.toBe('answer');
  });

  it('begins nothing for a caller that has gone already', async () => {
    const { calls, join } = bench();
    await expect(join(AbortSignal.abort('gone'))).rejects.toBe('gone');
    expect(calls).toHaveLength(0);
  });

  it.each(['resolve', 'reject'] as const)(
    'leaves no listener behind after a %s, and no rejection unhandled',
    async settle => {
      const { calls, join } = bench();
      const unhandled = jest.fn();
      process.on('unhandledRejection', unhandled);
      const staying = new AbortController();
      const leaving = new AbortController();
      const answers = [join(staying.signal), join(leaving.signal)];
      leaving.abort('gone');
      calls[0]![settle]('down');
      await Promise.allSettled(answers);
      await settled();
      process.off('unhandledRejection', unhandled);
      expect(unhandled).not.toHaveBeenCalled();
      for (const { signal } of [staying, leaving]) {
        expect(getEventListeners(signal, 'abort')).toHaveLength(0);
      }
    },
  );
});
