import { describe, expect, it } from '@jest/globals';
import {
  ForbiddenException,
  HttpException,
  InternalServerErrorException,
  NotFoundException,
} from '@nestjs/common';
import { compileCallOptions } from '../../lib/circuit/call-options.js';
import { invoke } from '../../lib/circuit/invoke.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { CircuitBench } from '../support/circuit-bench.js';

type Counted = 'failure' | 'success' | 'ignored';

/** What a call that rejects with the error counts as. */
async function outcomeOf(error: unknown, options: CircuitOptions = {}) {
  const bench = new CircuitBench(options);
  const answer = bench.circuit.execute(() => Promise.reject(error));
  await expect(answer).rejects.toBe(error);
  return counted(bench);
}

function counted(bench: CircuitBench): Counted | 'several' {
  const { calls, failures, successes, ignored } = bench.totals;
  expect(bench.circuit.snapshot().inFlight).toBe(0);
  if (calls !== 1) return 'several';
  if (failures === 1) return 'failure';
  if (successes === 1) return 'success';
  return ignored === 1 ? 'ignored' : 'several';
}

class Down extends Error {}
class VeryDown extends Down {}
const notFound = Object.assign(new Error('Not Found'), { status: 404 });

describe('rule 13: the default', () => {
  it.each<[string, unknown, Counted]>([
    ['an Error', new Error('down'), 'failure'],
    ['a string', 'down', 'failure'],
    ['undefined', undefined, 'failure'],
    ['null', null, 'failure'],
    ['a number', 404, 'failure'],
    ['an empty object', {}, 'failure'],
    ['status 400', { status: 400 }, 'success'],
    ['status 401', { status: 401 }, 'success'],
    ['status 404', notFound, 'success'],
    ['status 422', { status: 422 }, 'success'],
    ['status 499', { status: 499 }, 'success'],
    ['status 399', { status: 399 }, 'failure'],
    ['status 302', { status: 302 }, 'failure'],
    ['status 200', { status: 200 }, 'failure'],
    ['status 408', { status: 408 }, 'failure'],
    ['status 425', { status: 425 }, 'failure'],
    ['status 429', { status: 429 }, 'failure'],
    ['status 500', { status: 500 }, 'failure'],
    ['status 503', { status: 503 }, 'failure'],
    ['statusCode 409', { statusCode: 409 }, 'success'],
    ['statusCode 502', { statusCode: 502 }, 'failure'],
    ['response.status 403', { response: { status: 403 } }, 'success'],
    ['response.status 429', { response: { status: 429 } }, 'failure'],
    ['getStatus() 404', { getStatus: () => 404 }, 'success'],
    ['getStatus() 500', { getStatus: () => 500 }, 'failure'],
    ['a Nest exception of 404', new NotFoundException(), 'success'],
    ['a Nest exception of 500', new InternalServerErrorException(), 'failure'],
    ['a Nest exception of 429', new HttpException('slow down', 429), 'failure'],
    ['a status that is a string', { status: '404' }, 'failure'],
    ['a status that is no integer', { status: 404.5 }, 'failure'],
    ['a status that is not a number', { status: NaN }, 'failure'],
    [
      'status before statusCode',
      { status: 500, statusCode: 404, response: { status: 404 } },
      'failure',
    ],
    [
      'statusCode before response.status',
      { statusCode: 404, response: { status: 500 } },
      'success',
    ],
    [
      'the first integer of them',
      { status: 'error', statusCode: null, response: { status: 404 } },
      'success',
    ],
    [
      'getStatus() before status',
      { getStatus: () => 404, status: 500 },
      'success',
    ],
    ['a response that is null', { response: null }, 'failure'],
    [
      'a getStatus that throws',
      {
        getStatus() {
          throw new Error('no status');
        },
      },
      'failure',
    ],
    [
      'the status of one whose getStatus throws',
      {
        getStatus() {
          throw new Error('no status');
        },
        status: 404,
      },
      'success',
    ],
    [
      'the status of a function',
      Object.assign(() => {}, { status: 404 }),
      'success',
    ],
    ['a primitive', 404, 'failure'],
    ['a text', '404', 'failure'],
    [
      'a status that throws when it is read',
      {
        get status() {
          throw new Error('no status');
        },
      },
      'failure',
    ],
    [
      'an abort that is not the caller’s',
      new DOMException('This operation was aborted', 'AbortError'),
      'failure',
    ],
  ])('rule 13: %s is a %s', async (_what, error, outcome) => {
    expect(await outcomeOf(error)).toBe(outcome);
  });

  it('rule 13: what is thrown at once is judged alike', async () => {
    const bench = new CircuitBench();
    await expect(
      bench.circuit.execute(() => {
        throw notFound;
      }),
    ).rejects.toBe(notFound);
    expect(counted(bench)).toBe('success');
  });

  it('rule 13: executeSync judges alike', () => {
    const bench = new CircuitBench();
    expect(() =>
      bench.circuit.executeSync(() => {
        throw notFound;
      }),
    ).toThrow(notFound);
    expect(counted(bench)).toBe('success');
  });

  it('rule 13: an answer of the dependency ends a streak of failures', async () => {
    const bench = new CircuitBench({ consecutiveFailures: 2 }).play('F');
    await bench.circuit.execute(() => Promise.reject(notFound)).catch(() => {});
    expect(bench.play('F').state).toBe('closed');
  });
});

const isFailureResult = (answer: { ok: boolean }) => !answer.ok;

describe('rule 13: the rules of the user and their order', () => {
  it.each<[string, unknown, CircuitOptions, Counted]>([
    ['ignoreErrors by class', new Down(), { ignoreErrors: [Down] }, 'ignored'],
    [
      'ignoreErrors by a subclass',
      new VeryDown(),
      { ignoreErrors: [Down] },
      'ignored',
    ],
    [
      'ignoreErrors by a predicate',
      'busy',
      { ignoreErrors: [error => error === 'busy'] },
      'ignored',
    ],
    [
      'ignoreErrors that does not match',
      new Error('x'),
      { ignoreErrors: [Down] },
      'failure',
    ],
    ['recordErrors', notFound, { recordErrors: [Error] }, 'failure'],
    [
      'recordErrors by a predicate',
      { status: 404 },
      { recordErrors: [error => (error as { status: number }).status === 404] },
      'failure',
    ],
    [
      'recordErrors that does not match falls through to the default: failure',
      new Error('x'),
      { recordErrors: [Down] },
      'failure',
    ],
    [
      'recordErrors that does not match falls through to the default: success',
      notFound,
      { recordErrors: [Down] },
      'success',
    ],
    [
      'recordErrors that does not match falls through to classifyError',
      new Error('x'),
      { recordErrors: [Down], classifyError: () => 'ignored' },
      'ignored',
    ],
    [
      'ignoreErrors before recordErrors',
      new Down(),
      { ignoreErrors: [Down], recordErrors: [Down] },
      'ignored',
    ],
    [
      'ignoreErrors before classifyError',
      new Down(),
      { ignoreErrors: [Down], classifyError: () => 'failure' },
      'ignored',
    ],
    [
      'recordErrors before classifyError',
      new Down(),
      { recordErrors: [Down], classifyError: () => 'success' },
      'failure',
    ],
    [
      'classifyError: failure',
      notFound,
      { classifyError: () => 'failure' },
      'failure',
    ],
    [
      'classifyError: success',
      new Error('x'),
      { classifyError: () => 'success' },
      'success',
    ],
    [
      'classifyError: ignored',
      new Error('x'),
      { classifyError: () => 'ignored' },
      'ignored',
    ],
    [
      'classifyError: undefined leaves it to the default',
      notFound,
      { classifyError: () => undefined },
      'success',
    ],
  ])('rule 13: %s', async (_what, error, options, outcome) => {
    expect(await outcomeOf(error, options)).toBe(outcome);
  });

  it('rule 13: permit.failure does not classify again', () => {
    const bench = new CircuitBench({
      ignoreErrors: [Down],
      classifyError: () => 'success',
    });
    bench.acquire().failure(new Down());
    bench.acquire().failure(notFound);
    expect(bench.totals).toMatchObject({ calls: 2, failures: 2 });
  });

  it('rule 13: isFailureResult makes a returned value a failure, and returns it', async () => {
    const bench = new CircuitBench();
    const bad = { ok: false };
    await expect(
      bench.circuit.execute(() => Promise.resolve(bad), { isFailureResult }),
    ).resolves.toBe(bad);
    await bench.circuit.execute(() => ({ ok: true }), { isFailureResult });
    expect(bench.totals).toMatchObject({ calls: 2, failures: 1, successes: 1 });
  });
});

describe('rule 13: what is ours or the caller’s', () => {
  it('rule 13: a rejection by another circuit is ignored', async () => {
    const other = new CircuitBench({ consecutiveFailures: 1 }).trip();
    const bench = new CircuitBench();
    await expect(
      bench.circuit.execute(() => other.circuit.execute(() => 1)),
    ).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(counted(bench)).toBe('ignored');
  });

  it('rule 13: a rejection is known by its code, from another copy of the package too', async () => {
    const error = Object.assign(new Error('open'), {
      code: 'CIRCUIT_OPEN',
      circuit: 'elsewhere',
      retryAfter: 1_000,
    });
    expect(await outcomeOf(error)).toBe('ignored');
  });

  it('rule 13: our own rejection does not touch the circuit', async () => {
    const bench = new CircuitBench({ consecutiveFailures: 1 }).trip();
    const before = bench.totals;
    await bench.circuit.execute(() => 1).catch(() => {});
    expect(bench.totals).toEqual({ ...before, rejected: 1 });
  });

  it("rule 13: the caller's own abort is ignored, also when the call ends with it", async () => {
    const bench = new CircuitBench();
    const controller = new AbortController();
    const answer = bench.circuit.execute(
      ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
      { signal: controller.signal },
    );
    controller.abort();
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
    expect(counted(bench)).toBe('ignored');
  });
});

describe('rule 13: at the interceptor', () => {
  it.each<[string, unknown, Counted]>([
    ['a Nest exception of 400', new HttpException('bad', 400), 'ignored'],
    ['a Nest exception of 403', new ForbiddenException(), 'ignored'],
    ['a Nest exception of 404', new NotFoundException(), 'ignored'],
    ['a Nest exception of 429', new HttpException('slow down', 429), 'ignored'],
    ['a Nest exception of 500', new InternalServerErrorException(), 'failure'],
    ['a Nest exception of 503', new HttpException('down', 503), 'failure'],
    ['an answer of the dependency', { response: { status: 404 } }, 'success'],
    ['an Error', new Error('down'), 'failure'],
  ])('rule 13: %s is a %s', async (_what, error, outcome) => {
    const bench = new CircuitBench();
    const answer = invoke(
      bench.circuit,
      compileCallOptions({}),
      () => Promise.reject(error),
      { args: [], atHandler: true },
      'promise',
    );
    await expect(answer).rejects.toBe(error);
    expect(counted(bench)).toBe(outcome);
  });

  it('rule 13: recordErrors is stronger than what is ignored there', async () => {
    const bench = new CircuitBench({ recordErrors: [NotFoundException] });
    const answer = invoke(
      bench.circuit,
      compileCallOptions({}),
      () => Promise.reject(new NotFoundException()),
      { args: [], atHandler: true },
      'promise',
    );
    await expect(answer).rejects.toBeInstanceOf(NotFoundException);
    expect(counted(bench)).toBe('failure');
  });
});
