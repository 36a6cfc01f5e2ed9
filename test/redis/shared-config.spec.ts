import { beforeEach, describe, expect, it } from '@jest/globals';
import type { StoredState } from '../../lib/redis/fleet-store.js';
import {
  SharedConfig,
  type OptionUpdate,
} from '../../lib/redis/shared-config.js';
import type { SharedOptions } from '../../lib/redis/shared-options.js';

let config: SharedConfig;
let inForce: OptionUpdate[];

/** Takes over every update but one that has what does not fit. */
function settle(fits: (update: OptionUpdate) => boolean = () => true): unknown {
  return config.settle(update => {
    if (!fits(update)) throw new Error(JSON.stringify(update.patch));
    return () => void inForce.push(update);
  });
}

function stored(options: SharedOptions, configGen: number): StoredState {
  const known = { state: 'closed', gen: 1, reason: '', attempt: 0 } as const;
  return { ...known, left: 0, ordered: 0, config: options, configGen };
}

beforeEach(() => {
  config = new SharedConfig();
  inForce = [];
});

describe('options that were changed here', () => {
  it('are none at first', () => {
    expect(config.take()).toBeUndefined();
    expect(config.report()).toEqual({});
    expect(settle()).toBeUndefined();
    expect(inForce).toEqual([]);
  });

  it('are told once', () => {
    expect(config.change({ maxKeys: 3, halfOpen: { calls: 2 } })).toBe(true);
    expect(config.take()).toEqual({ maxKeys: '3', 'halfOpen.calls': '2' });
    expect(config.take()).toBeUndefined();
    config.change({ critical: true });
    expect(config.take()).toEqual({ critical: 'true' });
  });

  it('are told without what cannot be sent, which is said', () => {
    expect(config.change({ maxKeys: 3, openDuration: () => 1 })).toBe(false);
    expect(config.take()).toEqual({ maxKeys: '3' });
    expect(config.change({ maxKeys: undefined as never })).toBe(true);
  });

  it('are not told where none of them can be sent', () => {
    config.change({ openDuration: () => 1 });
    config.change({ halfOpen: {} });
    expect(config.take()).toBeUndefined();
    config.change({ maxKeys: 3 });
    expect(config.take()).toEqual({ maxKeys: '3' });
  });

  it('are told again, all of them, where the store may not have them', () => {
    config.change({ maxKeys: 3 });
    config.take();
    config.change({ critical: true });
    config.tellAgain();
    expect(config.take()).toEqual({ maxKeys: '3', critical: 'true' });
  });

  it('are not told again once the store has them', () => {
    config.change({ maxKeys: 3 });
    config.take();
    config.told();
    config.tellAgain();
    config.change({ critical: true });
    expect(config.take()).toEqual({ critical: 'true' });
  });

  it('are still to be told if they came after what the store has', () => {
    config.change({ maxKeys: 3 });
    config.take();
    config.change({ critical: true });
    config.told();
    expect(config.take()).toEqual({ critical: 'true' });
  });

  it('hold here over what the store has, until it has them', () => {
    config.change({ maxKeys: 3 });
    config.take();
    config.adopt(stored({ maxKeys: [5, '9'] }, 5));
    settle();
    expect(inForce).toEqual([]);
    config.told();
    settle();
    expect(inForce).toEqual([{ patch: { maxKeys: 9 }, renewed: [] }]);
  });
});

describe('options that the store has', () => {
  it('are put in force once', () => {
    config.adopt(stored({ maxKeys: [5, '9'] }, 5));
    expect(settle()).toBeUndefined();
    settle();
    expect(inForce).toEqual([{ patch: { maxKeys: 9 }, renewed: [] }]);
  });

  it('are those that have changed', () => {
    config.adopt(stored({ maxKeys: [5, '9'], critical: [5, 'true'] }, 5));
    settle();
    config.adopt(stored({ maxKeys: [6, '8'], critical: [5, 'true'] }, 6));
    settle();
    expect(inForce[1]).toEqual({ patch: { maxKeys: 8 }, renewed: [] });
  });

  it('say of which options nothing stays that was before', () => {
    config.adopt(stored({ 'bulkhead.maxQueue': [5, '9'] }, 5));
    settle();
    config.adopt(
      stored({ bulkhead: [6, '{}'], 'bulkhead.maxConcurrent': [6, '8'] }, 6),
    );
    settle();
    expect(inForce[1]).toEqual({
      patch: { bulkhead: { maxConcurrent: 8 } },
      renewed: ['bulkhead'],
    });
  });

  it('are told to a store that may have lost them, if there are any', () => {
    config.adopt(stored({ maxKeys: [5, '9'] }, 5));
    expect(config.gen).toBe(5);
    expect(config.report()).toEqual({ config: { maxKeys: [5, '9'] } });
  });

  it('stay known, with the latest generation, where it has lost some', () => {
    config.adopt(stored({ maxKeys: [5, '9'] }, 5));
    config.adopt(stored({ critical: [3, 'true'] }, 3));
    expect(config.gen).toBe(5);
    expect(config.report().config).toEqual({
      maxKeys: [5, '9'],
      critical: [3, 'true'],
    });
  });

  it('are fewer than those known here where it has lost some', () => {
    const options = { maxKeys: [5, '9'] } as const;
    config.adopt(stored(options, 5));
    expect(config.isAheadOf(stored(options, 5))).toBe(false);
    expect(config.isAheadOf(stored(options, 6))).toBe(false);
    expect(config.isAheadOf(stored(options, 4))).toBe(true);
    expect(config.isAheadOf(stored({}, 5))).toBe(true);
  });

  it('are known by any name, such as one that every object has', () => {
    const options = { constructor: [5, '9'] } as unknown as SharedOptions;
    config.adopt(stored(options, 5));
    expect(config.report().config).toEqual(options);
    expect(config.isAheadOf(stored(options, 5))).toBe(false);
  });
});

describe('options that do not fit together', () => {
  const ALL: SharedOptions = {
    maxKeys: [1, '1'],
    maxNames: [2, '2'],
    critical: [3, 'true'],
  };

  function settled(fits: (names: string[]) => boolean) {
    config.adopt(stored(ALL, 3));
    const problem = settle(({ patch }) => fits(Object.keys(patch)));
    return { problem: String(problem), patch: inForce[0]?.patch };
  }

  it('are in force without the latest, if that is enough', () => {
    const { problem, patch } = settled(names => !names.includes('critical'));
    expect(patch).toEqual({ maxKeys: 1, maxNames: 2 });
    expect(problem).toBe('Error: {"critical":true,"maxKeys":1,"maxNames":2}');
  });

  it('are in force without an earlier one, if that is enough', () => {
    const { patch } = settled(names => !names.includes('maxNames'));
    expect(patch).toEqual({ maxKeys: 1, critical: true });
  });

  it('are in force without the latest of all that could be left out', () => {
    const { patch } = settled(names => names.length < 3);
    expect(patch).toEqual({ maxKeys: 1, maxNames: 2 });
  });

  it('are in force up to the earliest that fit', () => {
    const { patch } = settled(
      names => names.length === 1 && names[0] === 'maxKeys',
    );
    expect(patch).toEqual({ maxKeys: 1 });
  });

  it('are in force after two that fit nowhere, which takes no others with them', () => {
    const { patch } = settled(
      names => !names.includes('maxKeys') && !names.includes('maxNames'),
    );
    expect(patch).toEqual({ critical: true });
  });

  it('are in force where they were changed, whatever else does not fit', () => {
    config.adopt(stored({ maxKeys: [1, '1'], maxNames: [2, '2'] }, 2));
    settle(isKnown);
    config.adopt(
      stored({ maxKeys: [1, '1'], maxNames: [2, '2'], mode: [3, '"off"'] }, 3),
    );
    config.change({ critical: true });
    inForce = [];
    settle(update => isKnown(update) && !('mode' in update.patch));
    expect(inForce).toEqual([]);
  });

  it('are not in force where nothing fits, and what was stays', () => {
    const { problem, patch } = settled(() => false);
    expect(patch).toBeUndefined();
    expect(problem).toContain('"critical":true');
  });

  it('leave what stands in code where not one of them fits', () => {
    config.adopt(stored({ maxKeys: [1, '1'] }, 1));
    settle();
    config.adopt(stored({ maxKeys: [3, '3'], critical: [4, 'true'] }, 4));
    settle(({ patch }) => Object.keys(patch).length === 0);
    expect(inForce[1]).toEqual({ patch: {}, renewed: ['maxKeys'] });
  });

  it('are in force as soon as another change makes them fit', () => {
    settled(names => !names.includes('critical'));
    config.adopt(stored({ ...ALL, captureStack: [4, 'true'] }, 4));
    expect(settle()).toBeUndefined();
    expect(inForce[1]).toEqual({
      patch: { critical: true, captureStack: true },
      renewed: [],
    });
  });

  it('go together where they are of one change', () => {
    config.adopt(stored({ maxKeys: [1, '1'], critical: [1, 'true'] }, 1));
    const tried: unknown[] = [];
    settle(({ patch }) => {
      tried.push(patch);
      return false;
    });
    expect(tried).toEqual([{ maxKeys: 1, critical: true }]);
  });
});

function isKnown({ patch }: OptionUpdate): boolean {
  return !('maxNames' in patch);
}
