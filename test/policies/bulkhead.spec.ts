import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { Bulkhead, type Place } from '../../lib/policies/bulkhead.js';
import type { BulkheadRules } from '../../lib/state/limit-options.js';
import { VirtualClock } from '../support/virtual-clock.js';

function setUp(rules: Partial<BulkheadRules> = {}) {
  const clock = new VirtualClock();
  const warnings: string[] = [];
  const bulkhead = new Bulkhead(
    { maxConcurrent: 1, maxQueue: 2, maxWait: 100, maxHold: 1_000, ...rules },
    {
      name: 'reports',
      clock,
      captureStack: false,
      report: () => {},
      warn: message => warnings.push(message),
    },
  );
  const enter = (signal?: AbortSignal) => {
    const entry = {
      place: undefined as Place | undefined,
      error: undefined as unknown,
    };
    void Promise.resolve(bulkhead.enter(signal)).then(
      place => (entry.place = place),
      (error: unknown) => (entry.error = error),
    );
    return entry;
  };
  return { clock, warnings, bulkhead, enter };
}

const settled = () => new Promise(resolve => setImmediate(resolve));

describe('a bulkhead', () => {
  it('frees the place of a call that hangs for one beside those who are in', () => {
    const { bulkhead, clock, warnings } = setUp({ maxQueue: 0 });
    bulkhead.tryEnterUncrowded();
    clock.advance(999);
    expect(bulkhead.tryEnterUncrowded()).toBeUndefined();
    clock.advance(1);
    expect(bulkhead.tryEnterUncrowded()).toBeDefined();
    expect([bulkhead.running, warnings.length]).toEqual([1, 1]);
  });

  it('keeps the place of a call that hangs while there are others beside it', () => {
    const { bulkhead, clock, warnings } = setUp({ maxConcurrent: 2 });
    bulkhead.tryEnterUncrowded();
    clock.advance(1_000);
    expect(bulkhead.tryEnterUncrowded()).toBeDefined();
    expect([bulkhead.running, warnings.length]).toEqual([2, 0]);
  });

  it('lets a call that hangs keep its place while there are others', () => {
    const { bulkhead, clock, warnings } = setUp({ maxConcurrent: 3 });
    bulkhead.tryEnter();
    clock.advance(1_000);
    bulkhead.tryEnter();
    expect(bulkhead.running).toBe(2);
    bulkhead.tryEnter();
    expect(warnings).toEqual([]);
    // Full: the one that hangs is in the way, the younger ones are not.
    expect(bulkhead.tryEnter()).toBeDefined();
    expect([bulkhead.running, warnings.length]).toEqual([3, 1]);
  });

  it.each(['aborts', 'comes in', 'waits for too long'])(
    'leaves nothing at the signal of one who %s',
    async end => {
      const { bulkhead, clock, enter } = setUp();
      const caller = new AbortController();
      const place = bulkhead.tryEnter();
      const entry = enter(caller.signal);
      expect(getEventListeners(caller.signal, 'abort')).toHaveLength(1);
      if (end === 'aborts') caller.abort('gone');
      else if (end === 'comes in') place?.release();
      else clock.advance(100);
      await settled();
      expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
      expect(entry.error === 'gone').toBe(end === 'aborts');
    },
  );

  it('gives a place at once while one is free', () => {
    const { bulkhead } = setUp({ maxConcurrent: 2 });
    expect(bulkhead.tryEnter()).toBeDefined();
    expect(bulkhead.tryEnter()).toBeDefined();
    expect(bulkhead.tryEnter()).toBeUndefined();
    expect(bulkhead.running).toBe(2);
  });

  it('lets the first who came in first', async () => {
    const { bulkhead, enter } = setUp();
    const first = bulkhead.tryEnter();
    const second = enter();
    const third = enter();
    expect(bulkhead.waiting).toBe(2);
    first?.release();
    await settled();
    expect(second.place).toBeDefined();
    expect(third.place).toBeUndefined();
    second.place?.release();
    await settled();
    expect(third.place).toBeDefined();
  });

  it('lets nobody overtake those who wait', async () => {
    const { bulkhead, enter } = setUp();
    const first = bulkhead.tryEnter();
    const second = enter();
    first?.release();
    expect(bulkhead.tryEnter()).toBeUndefined();
    await settled();
    expect(second.place).toBeDefined();
    expect(bulkhead.running).toBe(1);
  });

  it('refuses when the queue is full', async () => {
    const { bulkhead, enter } = setUp({ maxQueue: 1 });
    bulkhead.tryEnter();
    enter();
    const refused = enter();
    await settled();
    expect(refused.error).toMatchObject({
      code: 'BULKHEAD_FULL',
      circuit: 'reports',
      retryAfter: null,
    });
    expect(bulkhead.waiting).toBe(1);
  });

  it('refuses at once without a queue', async () => {
    const { bulkhead, enter } = setUp({ maxQueue: 0 });
    bulkhead.tryEnter();
    const refused = enter();
    await settled();
    expect(refused.error).toMatchObject({ code: 'BULKHEAD_FULL' });
  });

  it('refuses whoever has waited for maxWait, and forgets them', async () => {
    const { bulkhead, clock, enter } = setUp();
    bulkhead.tryEnter();
    const waiting = enter();
    clock.advance(99);
    await settled();
    expect(waiting.error).toBeUndefined();
    clock.advance(1);
    await settled();
    expect(waiting.error).toMatchObject({ code: 'BULKHEAD_FULL' });
    expect(bulkhead.waiting).toBe(0);
  });

  it('lets whoever is aborted leave the queue at once, with the reason', async () => {
    const { bulkhead, clock, enter } = setUp();
    bulkhead.tryEnter();
    const abort = new AbortController();
    const waiting = enter(abort.signal);
    abort.abort('gone');
    await settled();
    expect(waiting.error).toBe('gone');
    expect(bulkhead.waiting).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('does not let whoever is aborted already wait', async () => {
    const { bulkhead, clock, enter } = setUp();
    bulkhead.tryEnter();
    const gone = enter(AbortSignal.abort('gone'));
    await settled();
    expect(gone.error).toBe('gone');
    expect(bulkhead.waiting).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('releases a place once, however often it is told', () => {
    const { bulkhead } = setUp({ maxConcurrent: 2 });
    const place = bulkhead.tryEnter();
    bulkhead.tryEnter();
    place?.release();
    place?.release();
    expect(bulkhead.running).toBe(1);
  });

  it('frees a place that was held for maxHold when somebody comes, and says so', () => {
    const { bulkhead, clock, warnings } = setUp();
    const hanging = bulkhead.tryEnter();
    clock.advance(999);
    expect(bulkhead.tryEnter()).toBeUndefined();
    clock.advance(1);
    expect(bulkhead.tryEnter()).toBeDefined();
    expect(warnings).toEqual([expect.stringContaining('"reports"')]);
    hanging?.release();
    expect(bulkhead.running).toBe(1);
  });

  it('frees a place that was held for maxHold for those who wait', async () => {
    const { bulkhead, clock, enter } = setUp({ maxWait: 5_000 });
    bulkhead.tryEnter();
    clock.advance(600);
    const waiting = enter();
    clock.advance(399);
    await settled();
    expect(waiting.place).toBeUndefined();
    clock.advance(1);
    await settled();
    expect(waiting.place).toBeDefined();
  });

  it('has a timer only while somebody waits', async () => {
    const { bulkhead, clock, enter } = setUp();
    const place = bulkhead.tryEnter();
    expect(clock.pending).toBe(0);
    const waiting = enter();
    expect(clock.pending).toBe(2);
    place?.release();
    await settled();
    expect(waiting.place).toBeDefined();
    expect(clock.pending).toBe(0);
  });

  it('lets those who wait in when its rules give more room', async () => {
    const { bulkhead, enter } = setUp();
    bulkhead.tryEnter();
    const waiting = enter();
    bulkhead.configure({
      maxConcurrent: 2,
      maxQueue: 2,
      maxWait: 100,
      maxHold: 1_000,
    });
    await settled();
    expect(waiting.place).toBeDefined();
  });
});
