import { describe, expect, it } from '@jest/globals';
import type {
  Attempt,
  Door,
  DoorCommand,
  DoorsProgram,
  PlanProgram,
} from './doors-program.js';
import { runDoors } from './run-doors.js';

const PLAIN: PlanProgram = {
  fallback: 'none',
  judgesResults: false,
  settleOn: 'complete',
};
const GOOD: Attempt = { end: 'value', after: 0, hears: false, values: 0 };
const ABORT: DoorCommand = { do: 'abort', call: 0 };
const NARROW = { bulkhead: { maxConcurrent: 1, maxQueue: 0, maxWait: 0 } };

const call = (
  door: Door,
  signal: 'none' | 'live' | 'aborted' = 'none',
  attempt: Partial<Attempt> = {},
): DoorCommand => ({
  do: 'call',
  door,
  plan: 0,
  arg: 0,
  attempts: [{ ...GOOD, ...attempt }],
  signal,
});

describe('programs that once were not answered once, or did not give all back', () => {
  it.each<[string, Partial<DoorsProgram>, Partial<PlanProgram>]>([
    [
      "a fallback was asked for the caller's abort, which came after a refusal",
      {
        circuit: NARROW,
        commands: [
          call('invoke promise'),
          call('invoke promise', 'live'),
          ABORT,
        ],
      },
      { fallback: 'array', deadline: 25 },
    ],
    [
      'a function of unknown kind, called with an aborted signal, kept its permit',
      { commands: [call('invoke unknown promise', 'aborted')] },
      {},
    ],
    [
      'a fresh answer left the attempt that ran already in flight',
      {
        circuit: { bulkhead: { maxConcurrent: 2 } },
        commands: [
          call('invoke unknown promise'),
          { do: 'flush' },
          call('invoke unknown promise', 'none', { end: 'error', after: 5 }),
        ],
      },
      {
        cache: {
          staleFor: 1_000,
          freshFor: 30,
          coalesce: false,
        },
      },
    ],
    [
      'a shared call left the attempt that ran already in flight',
      {
        commands: [
          call('invoke unknown promise', 'none', { after: 10 }),
          call('invoke unknown promise', 'live', { end: 'error', after: 5 }),
        ],
      },
      {
        cache: {
          staleFor: 1_000,
          freshFor: false,
          coalesce: true,
        },
      },
    ],
    [
      'a stream that did not wait for its place kept listening to its caller',
      {
        circuit: NARROW,
        commands: [call('invoke observable', 'live')],
      },
      {},
    ],
  ])('%s', async (_what, program, plan) => {
    const problems = await runDoors({
      circuit: {},
      isHeard: false,
      random: 0,
      commands: [],
      ...program,
      plans: [{ ...PLAIN, ...plan }, PLAIN],
    });
    expect(problems).toEqual([]);
  });
});
