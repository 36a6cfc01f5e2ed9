import { describe, expect, it } from '@jest/globals';
import { FleetView } from '../../lib/redis/fleet-view.js';
import type { StoredState } from '../../lib/redis/fleet-store.js';

const OPEN: StoredState = {
  state: 'open',
  gen: 7,
  reason: 'down',
  attempt: 2,
  left: 100,
  ordered: 3,
  config: {},
  configGen: 0,
};

describe('what is known of a circuit in the fleet', () => {
  it('is closed before anything is known, which nobody has ordered', () => {
    const { NONE } = FleetView;
    expect(NONE).toMatchObject({ state: 'closed', gen: 0, isOrdered: false });
    expect(NONE.report(0)).toEqual({
      state: 'closed',
      reason: '',
      attempt: 0,
      left: 0,
      ordered: 0,
    });
  });

  it('is told with the time that is left, in whole milliseconds and never below none', () => {
    const view = FleetView.from(OPEN, 1_000);
    expect([view.left(1_000), view.left(1_050.5), view.left(1_101)]).toEqual([
      100, 49.5, 0,
    ]);
    expect(view.report(1_050.5)).toEqual({
      state: 'open',
      reason: 'down',
      attempt: 2,
      left: 50,
      ordered: 3,
    });
  });

  it('is ordered where its generation began with an order', () => {
    expect(FleetView.from(OPEN, 0).isOrdered).toBe(false);
    expect(FleetView.from({ ...OPEN, ordered: 7 }, 0).isOrdered).toBe(true);
  });

  it('is replaced by a later generation, and by no earlier one', () => {
    const view = FleetView.from(OPEN, 0);
    for (const source of ['answer', 'announcement'] as const) {
      const closed = { ...OPEN, state: 'closed' } as const;
      expect(view.isReplacedBy({ ...closed, gen: 8 }, source)).toBe(true);
      expect(view.isReplacedBy({ ...closed, gen: 6 }, source)).toBe(false);
    }
  });

  it('is replaced within its generation by what the store answers alone', () => {
    const view = FleetView.from(OPEN, 0);
    const closed = { ...OPEN, state: 'closed' } as const;
    expect(view.isReplacedBy(closed, 'answer')).toBe(true);
    expect(view.isReplacedBy(closed, 'announcement')).toBe(false);
    expect(view.isReplacedBy(OPEN, 'answer')).toBe(false);
  });
});
