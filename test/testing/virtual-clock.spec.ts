import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Circuit } from '../../lib/index.js';
import { VirtualClock } from '../../lib/testing/index.js';

afterEach(() => void jest.useRealTimers());

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
    expect(new VirtualClock().now()).toBe(0);
  });

  it('begins at a date, or at milliseconds since the epoch', () => {
    const at = Date.UTC(2026, 4, 4);
    expect(new VirtualClock(new Date(at)).wallTime()).toBe(at);
    expect(new VirtualClock(at).wallTime()).toBe(at);
    expect(new VirtualClock(0).wallTime()).toBe(0);
  });

  it('settles what promises bring about, and time stands still', async () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    clock.schedule(0, () => ran.push('a timer'));
    void (async () => {
      for (let step = 0; step < 20; step++) await Promise.resolve();
      ran.push('a promise');
    })();
    await clock.settle();
    expect(ran).toEqual(['a promise']);
    expect(clock.now()).toBe(0);
    expect(clock.pending).toBe(1);
  });

  it('settles what comes about tick by tick within a turn of the event loop', async () => {
    const clock = new VirtualClock();
    let isDone = false;
    void (async () => {
      for (let step = 0; step < 20; step++) {
        await new Promise<void>(resolve => process.nextTick(resolve));
      }
      isDone = true;
    })();
    await clock.settle();
    expect(isDone).toBe(true);
  });

  it('moves beside the fake timers of a test runner', async () => {
    jest.useFakeTimers();
    const clock = new VirtualClock();
    await clock.advance('1s');
    expect(clock.now()).toBe(1_000);
  }, 2_000);

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
    const ran: string[] = [];
    clock.schedule(10, () => ran.push('cancelled'))();
    const cancel = clock.schedule(10, () => ran.push('once'));
    clock.schedule(10, () => ran.push('another'));
    expect(clock.pending).toBe(2);
    await clock.advance(20);
    cancel();
    await clock.advance(20);
    expect(ran).toEqual(['once', 'another']);
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

  it('counts what is scheduled on the way from there', async () => {
    const clock = new VirtualClock();
    const ran: number[] = [];
    clock.schedule(100, () => {
      clock.schedule(50, () => ran.push(clock.now()));
      clock.schedule(0, () => ran.push(clock.now()));
    });
    await clock.advance(150);
    expect(ran).toEqual([100, 150]);
  });

  it.each([
    [-1, '-1'],
    [Number.NaN, 'NaN'],
    [Infinity, 'Infinity'],
    ['soon', "'soon'"],
    [null, 'null'],
  ])('refuses %p as a duration', async (duration, quoted) => {
    const clock = new VirtualClock();
    await expect(clock.advance(duration as number)).rejects.toThrow(
      new TypeError(
        `VirtualClock.advance(): got ${quoted}, takes a duration: milliseconds, or a string such as '30s'.`,
      ),
    );
    await clock.advance(5);
    expect(clock.now()).toBe(5);
  });

  it('refuses a move while another one goes on', async () => {
    const clock = new VirtualClock();
    const first = clock.advance('1s');
    for (const second of [
      clock.advance('1s'),
      clock.runUntil(Promise.resolve()),
    ]) {
      await expect(second).rejects.toThrow(
        'VirtualClock: time is being moved already. Await each advance() and runUntil() before the next.',
      );
    }
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
      'VirtualClock.runUntil(): the promise is not settled and nothing is scheduled on this clock. It waits for something else, such as a real request, or hangs without a timeout.',
    );
    await clock.advance(1);
    expect(clock.now()).toBe(1);
  });

  it('says so when timers go on for ever', async () => {
    const clock = new VirtualClock();
    const again = () => void clock.schedule(1, again);
    again();
    await expect(clock.runUntil(new Promise(() => {}))).rejects.toThrow(
      'VirtualClock.runUntil(): the promise is not settled after 10000 timers. Something else on this clock repeats for ever: use advance().',
    );
    expect(clock.now()).toBe(10_000);
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
