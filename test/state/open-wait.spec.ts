import { describe, expect, it, jest } from '@jest/globals';
import { openWait } from '../../lib/state/open-wait.js';
import type { CircuitRules } from '../../lib/state/circuit-options.js';

/** The wait of a third opening, and what was reported. */
function waitOf(openDuration: CircuitRules['openDuration']) {
  const report = jest.fn();
  const rules = { openDuration, maxOpenDuration: 600_000, openJitter: 0 };
  const wait = openWait(rules, 3, 0, () => 0, report);
  return { wait, reported: report.mock.calls };
}

describe('the wait that a function answers', () => {
  it.each([
    [0, 0],
    [1_500, 1_500],
    ['2s', 2_000],
  ])('is taken: %p', (answer, wait) => {
    expect(waitOf(() => answer)).toEqual({ wait, reported: [] });
  });

  it.each([[-1], [NaN], ['soon'], [''], [undefined]])(
    'is a minute where it answers %p, which is told',
    answer => {
      expect(waitOf(() => answer as never)).toEqual({
        wait: 60_000,
        reported: [
          [
            'openDuration',
            new TypeError(
              `openDuration(3) answered ${String(answer)}, not a duration: waiting 60000 ms`,
            ),
          ],
        ],
      });
    },
  );
});
