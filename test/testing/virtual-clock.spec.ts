import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Circuit } from '../../lib/index.js';
import { VirtualClock } from '../../lib/testing/index.js';

describe('VirtualClock', () => {
  it('stands still until it is moved', async () => {
    const clock = new VirtualClock(new Date('2026-05-04T00:00:00Z'));
    await nextTurn();
    expect(clock.now()).toBe(0);
    expect(new Date(clock.wallTime()).toISOString()).toBe(
      '2026-05-04T00:00:00.000Z',
    );
    await clock.advance('1m');
    expect(clock.now()).toBe(60_000);
    expect(new Date(clock.wallTime()).toISOString()).toBe(
      '2026-05-04T00:01:00.000Z',
    );
  });

  it('says the same at first in every run', () => {
    expect(new VirtualClock().wallTime()).toBe(Date.UTC(2030, 0, 1));
  });

  it('runs what falls due at its own instant, in order', async () => {
    const clock = new VirtualClock();
    const ran: [string, number][] = [];
    const note = (what: string) => () => ran.push([what, clock.now()]);
    clock.schedule(200, note('second'));
    clock.schedule(100, note('first'));
    clock.schedule(200, note('third'));
    clock.schedule(301, note('never'));
    await clock.advance(300);
    expect(ran).toEqual([
      ['first', 100],
      ['second', 200],
      ['third', 200],
    ]);
    expect(clock.now()).toBe(300);
    expect(clock.pending).toBe(1);
  });

  it('takes a delay below zero for none: it is not run before what came first', async () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    clock.schedule(0, () => ran.push('first'));
    clock.schedule(-5, () => ran.push('second'));
    await clock.advance(0);
    expect(ran).toEqual(['first', 'second']);
  });

  it('runs nothing that was cancelled', async () => {
    const clock = new VirtualClock();
    let ran = 0;
    clock.schedule(10, () => ran++)();
    await clock.advance(20);
    expect(ran).toBe(0);
  });

  it('waits on the way for what promises bring about', async () => {
    const clock = new VirtualClock();
    const ran: number[] = [];
    const wait = (ms: number) =>
      new Promise<void>(resolve => clock.schedule(ms, resolve));
    const work = async () => {
      for (let step = 0; step < 3; step++) {
        await wait(100);
        await Promise.resolve();
        ran.push(clock.now());
      }
    };
    // Begun in a later microtask than the move.
    void Promise.resolve().then(work);
    await clock.advance('1s');
    expect(ran).toEqual([100, 200, 300]);
  });

  it.each([-1, Number.NaN, Infinity, 'soon', null])(
    'refuses %p as a duration',
    async duration => {
      await expect(
        new VirtualClock().advance(duration as number),
      ).rejects.toThrow(/takes a duration/);
    },
  );

  it('refuses a move while another one goes on', async () => {
    const clock = new VirtualClock();
    const first = clock.advance('1s');
    await expect(clock.advance('1s')).rejects.toThrow(/Await each/);
    await first;
    expect(clock.now()).toBe(1000);
    await clock.advance('1s');
    expect(clock.now()).toBe(2000);
  });

  it('can be moved again after something on the way has thrown', async () => {
    const clock = new VirtualClock();
    clock.schedule(1, () => {
      throw new Error('a broken timer');
    });
    await expect(clock.advance(10)).rejects.toThrow('a broken timer');
    await clock.advance(10);
    expect(clock.now()).toBe(11);
  });

  it('moves until a call with retries and timeouts has been answered', async () => {
    const clock = new VirtualClock();
    const circuit = new Circuit('rates', {}, { clock, random: () => 0 });
    let attempts = 0;
    const answer = circuit.execute(
      async () => {
        if (++attempts < 3) await new Promise(() => {});
        return attempts;
      },
      {
        timeout: '2s',
        retry: { attempts: 3, backoff: { initial: '1s', jitter: 0 } },
      },
    );
    await expect(clock.runUntil(answer)).resolves.toBe(3);
    expect(clock.now()).toBe(2000 + 1000 + 2000 + 2000);
  });

  it('answers with what the promise rejects with', async () => {
    const clock = new VirtualClock();
    const circuit = new Circuit('rates', {}, { clock });
    const answer = circuit.execute(() => new Promise(() => {}), {
      timeout: '2s',
    });
    await expect(clock.runUntil(answer)).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
    });
    expect(clock.now()).toBe(2000);
  });

  it('leaves later timers alone once the promise is settled', async () => {
    const clock = new VirtualClock();
    clock.schedule(5000, () => {});
    await clock.runUntil(Promise.resolve());
    expect(clock.now()).toBe(0);
    expect(clock.pending).toBe(1);
  });

  it('says so when nothing will ever settle the promise', async () => {
    const clock = new VirtualClock();
    await expect(clock.runUntil(new Promise(() => {}))).rejects.toThrow(
      /nothing is scheduled on this clock/,
    );
  });

  it('says so when timers go on for ever', async () => {
    const clock = new VirtualClock();
    const again = () => void clock.schedule(1, again);
    again();
    await expect(clock.runUntil(new Promise(() => {}))).rejects.toThrow(
      /repeats for ever/,
    );
  });

  it('takes an opened circuit to its next probe', async () => {
    const clock = new VirtualClock();
    const circuit = new Circuit(
      'rates',
      { openDuration: '30s', consecutiveFailures: 1, halfOpen: { calls: 1 } },
      { clock, random: () => 0 },
    );
    await expect(
      circuit.execute(() => Promise.reject(new Error('down'))),
    ).rejects.toThrow('down');
    await clock.advance(29_999);
    expect(circuit.wouldAdmit()).toBe(false);
    await clock.advance(1);
    await circuit.execute(async () => 'up');
    expect(circuit.state).toBe('closed');
  });
});
