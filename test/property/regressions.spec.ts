import { describe, expect, it } from '@jest/globals';
import type { ModelRules } from './model-rules.js';
import type { Command } from './program.js';
import { run } from './run-program.js';

/** One failure opens for no time; the next call is a probe. */
const RULES: ModelRules = {
  mode: 'enforced',
  window: { type: 'time', duration: 60, buckets: 1 },
  minimumCalls: 1,
  failureRateThreshold: false,
  failureCount: false,
  consecutiveFailures: 1,
  slowCallDuration: false,
  slowCallRateThreshold: false,
  openDuration: 20,
  maxOpenDuration: 40,
  openJitter: 0,
  halfOpen: {
    calls: 2,
    concurrency: 1,
    successRateThreshold: 1,
    callDeadline: 10,
    maxDuration: 20,
  },
};

const acquire: Command = { do: 'acquire' };
const fail: Command = { do: 'failure', permit: 0 };
const succeed: Command = { do: 'success', permit: 0 };
const advance = (ms: number): Command => ({ do: 'advance', ms });

describe('programs that once told circuit and model apart', () => {
  it.each<[string, Partial<ModelRules>, Command[]]>([
    [
      'a late failure of an older generation noticed the deadline of a probe',
      {
        halfOpen: { ...RULES.halfOpen, calls: 1 },
      },
      [
        acquire,
        acquire,
        fail,
        advance(20),
        acquire,
        advance(11),
        { do: 'failure', permit: 2 },
      ],
    ],
    [
      'a trip at maxDuration showed entries that were too old by then',
      { halfOpen: { ...RULES.halfOpen, successRateThreshold: 0.2 } },
      [acquire, fail, advance(65), acquire, advance(50), succeed],
    ],
    [
      'reading a half-open circuit aged its window past a lapse that nobody had noticed',
      {},
      [
        advance(30),
        acquire,
        fail,
        advance(31),
        acquire,
        succeed,
        acquire,
        advance(21),
        acquire,
      ],
    ],
    [
      'looking first said no where new rules of half-open had decided',
      { halfOpen: { ...RULES.halfOpen, calls: 3 } },
      [
        acquire,
        fail,
        advance(20),
        acquire,
        succeed,
        { do: 'configure', patch: { halfOpen: { calls: 1 } } },
        acquire,
      ],
    ],
    [
      'looking first said yes where an overdue deadline then refused',
      { halfOpen: { ...RULES.halfOpen, calls: 1 } },
      [acquire, fail, advance(20), acquire, advance(11), acquire],
    ],
    [
      'a late failure of an older probe noticed the deadline of a newer one',
      {},
      [
        acquire,
        fail,
        advance(20),
        acquire,
        { do: 'forceOpen' },
        { do: 'releaseOverride' },
        acquire,
        advance(11),
        { do: 'failure', permit: 1 },
      ],
    ],
    [
      'a streak that had aged out met a lower limit at a call that leaves streaks as they are',
      { consecutiveFailures: false, slowCallDuration: 10 },
      [
        acquire,
        { do: 'call' },
        { do: 'failure', permit: 1 },
        { do: 'configure', patch: { consecutiveFailures: 1 } },
        advance(50),
        { do: 'cancel', permit: 0 },
      ],
    ],
  ])('%s', (_what, patch, commands) => {
    for (const { step, circuit, model } of run({
      rules: { ...RULES, ...patch },
      random: 0,
      commands,
    })) {
      expect({ step, ...circuit }).toEqual({ step, ...model });
    }
  });
});
