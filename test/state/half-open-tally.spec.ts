import { describe, expect, it } from '@jest/globals';
import { Admission, type Settler } from '../../lib/state/admission.js';
import { HalfOpenTally } from '../../lib/state/half-open-tally.js';

const nobody: Settler = { settle() {}, firstValue() {}, withdraw() {} };
const RULES = {
  calls: 4,
  concurrency: 2,
  successRateThreshold: 0.5,
  callDeadline: 100,
  maxDuration: 1_000,
};

/** A tally of probes that succeeded (S) or failed (F). */
function tallyOf(results: string): HalfOpenTally {
  const tally = new HalfOpenTally();
  for (const each of results) {
    const probe = new Admission(nobody, 0, 1, true);
    tally.enter(probe);
    if (each === 'S') tally.succeed(probe);
    else tally.fail(probe);
  }
  return tally;
}

describe('the verdict on probes', () => {
  it.each([
    ['', 'undecided'],
    ['S', 'undecided'],
    ['F', 'undecided'],
    ['SFF', 'undecided'],
    ['SS', 'closes'],
    ['FSFS', 'closes'],
    ['FFF', 'opens'],
    ['FFS', 'undecided'],
    ['FFFFFF', 'opens'],
  ])('after %p is %s', (results, verdict) => {
    expect(tallyOf(results).verdict(RULES, 1_000)).toBe(verdict);
  });

  it.each([
    ['', 'undecided'],
    ['S', 'closes'],
    ['F', 'opens'],
    ['SF', 'closes'],
    ['SFF', 'opens'],
  ])('after %p is %s once the time is up', (results, verdict) => {
    const tally = tallyOf(results);
    expect(tally.verdictSoFar(RULES)).toBe(verdict);
    expect(tally.verdict(RULES, 1_001)).toBe(verdict);
  });
});
