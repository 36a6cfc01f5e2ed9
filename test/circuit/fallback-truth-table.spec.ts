import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { catchError, lastValueFrom, of, defer } from 'rxjs';
import type { CallOptions } from '../../lib/circuit/call-options.js';
import type { ExecuteOptions } from '../../lib/circuit/call-plans.js';
import { Circuit } from '../../lib/circuit/circuit.js';
import type { Fallback } from '../../lib/policies/fallback.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** What a caller got: the kind of answer, in the words of the table. */
type Cell = 'value' | 'error' | 'fallback' | "fallback's error";

interface Outcome {
  readonly circuit?: (circuit: Circuit, clock: VirtualClock) => void;
  readonly call?: (abort: AbortController) => unknown;
  readonly options?: CallOptions;
  readonly asynchronousOnly?: true;
}

class OwnError extends Error {}
class IgnoredError extends Error {}
class FineError extends Error {}

const other = new Circuit('other');
other.forceOpen();

const fail = (error: unknown) => () => {
  throw error;
};

const OUTCOMES: Record<string, Outcome> = {
  'returns a value': {},
  'returns a value that `isFailureResult` calls a failure': {
    options: { isFailureResult: () => true },
  },
  fails: { call: fail(new OwnError()) },
  'fails with an answer of the dependency (404)': {
    call: fail(Object.assign(new OwnError(), { status: 404 })),
  },
  'fails with an error that `classifyError` calls a success': {
    call: fail(new FineError()),
  },
  'fails with an error that `ignoreErrors` matches': {
    call: fail(new IgnoredError()),
  },
  'is refused because the circuit is open': {
    circuit: circuit => circuit.tryAcquire()?.failure(),
  },
  'is refused because the circuit is forced open': {
    circuit: circuit => circuit.forceOpen(),
  },
  'is refused because all probes are taken': {
    circuit: (circuit, clock) => {
      circuit.tryAcquire()?.failure();
      clock.advance(1_000);
      circuit.tryAcquire();
    },
  },
  'fails because another circuit inside it refused': {
    call: () => other.executeSync(() => 'never'),
  },
  'is aborted by its caller': {
    asynchronousOnly: true,
    call: abort => {
      abort.abort(new OwnError());
      return new Promise(() => {});
    },
  },
};

const failing = fail(new Error('the fallback failed'));
const FALLBACKS: Record<string, Fallback | undefined> = {
  none: undefined,
  '`fn`': () => 'fallback',
  '`{ on: matching }`': { on: () => true, use: () => 'fallback' },
  '`{ on: other }`': { on: () => false, use: () => 'fallback' },
  '`[failing, fn]`': [failing, (_error: unknown) => 'fallback'],
  '`failing`': failing,
};

type Door = (
  circuit: Circuit,
  call: () => unknown,
  options: ExecuteOptions,
) => Promise<unknown>;

const DOORS: Record<string, Door> = {
  promise: (circuit, call, options) =>
    circuit.execute(async () => call(), options),
  'plain value': async (circuit, call, options) =>
    circuit.executeSync(() => call(), options),
  Observable: (circuit, call, options) =>
    lastValueFrom(
      circuit.protect(
        defer(() => {
          const value = call();
          return value instanceof Promise ? value : of(value);
        }),
        options,
      ),
    ),
  'wrapped function': async (circuit, call, { signal, ...options }) =>
    signal === undefined
      ? circuit.wrap(call, options)()
      : circuit.execute(() => call(), { ...options, signal }),
  'operator behind another': (circuit, call, options) =>
    lastValueFrom(
      circuit
        .protect(
          defer(() => {
            const value = call();
            return value instanceof Promise ? value : of(value);
          }),
          options,
        )
        .pipe(
          catchError((error: unknown) => {
            throw error;
          }),
        ),
    ),
};

async function whatCallerGets(
  door: Door,
  { circuit: prepare, call = () => 'value', options = {} }: Outcome,
  fallback: Fallback | undefined,
): Promise<Cell> {
  const clock = new VirtualClock();
  const circuit = new Circuit(
    'own',
    {
      consecutiveFailures: 1,
      openDuration: 1_000,
      openJitter: 0,
      halfOpen: { calls: 1 },
      ignoreErrors: [IgnoredError],
      classifyError: error =>
        error instanceof FineError ? 'success' : undefined,
    },
    { clock },
  );
  prepare?.(circuit, clock);
  const abort = new AbortController();
  const execute: ExecuteOptions = { ...options, signal: abort.signal };
  if (fallback !== undefined) execute.fallback = fallback;
  try {
    const got = await door(circuit, () => call(abort), execute);
    return got as Cell;
  } catch (error) {
    return (error as Error).message === 'the fallback failed'
      ? "fallback's error"
      : 'error';
  }
}

const [header = [], , ...rows] = readFileSync('docs/fallbacks.md', 'utf8')
  .split('\n')
  .filter((line, index, lines) => {
    const start = lines.findIndex(each => each.startsWith('| the call'));
    const end = lines.findIndex(
      (each, at) => at > start && !each.startsWith('|'),
    );
    return index >= start && index < end;
  })
  .map(line =>
    line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim()),
  );

describe('the table in docs/fallbacks.md', () => {
  it('has a row for each outcome and a column for each fallback', () => {
    expect(rows.map(([outcome]) => outcome)).toEqual(Object.keys(OUTCOMES));
    expect(header.slice(1)).toEqual(Object.keys(FALLBACKS));
  });

  describe.each(Object.entries(DOORS))('for a %s', (name, door) => {
    const cells = rows.flatMap(([outcome = '', ...row]) =>
      row.map((cell, column) => ({
        outcome,
        fallback: header[column + 1] ?? '',
        cell,
      })),
    );
    const possible = cells.filter(
      ({ outcome }) =>
        name !== 'plain value' || !OUTCOMES[outcome]?.asynchronousOnly,
    );
    it.each(possible)(
      'that $outcome, with $fallback: $cell',
      async ({ outcome, fallback, cell }) => {
        await expect(
          whatCallerGets(door, OUTCOMES[outcome]!, FALLBACKS[fallback]),
        ).resolves.toBe(cell);
      },
    );
  });
});
