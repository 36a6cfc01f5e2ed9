import { describe, expect, it } from '@jest/globals';
import { BulkheadFullException } from '../../lib/errors/bulkhead-full.exception.js';
import { CallTimeoutException } from '../../lib/errors/call-timeout.exception.js';
import { CircuitOpenException } from '../../lib/errors/circuit-open.exception.js';
import { FailoverException } from '../../lib/errors/failover.exception.js';
import { HeldBufferOverflowError } from '../../lib/errors/held-buffer-overflow.error.js';
import { InvalidOptionsError } from '../../lib/errors/invalid-options.error.js';
import { ProbeDeadlineError } from '../../lib/errors/probe-deadline.error.js';
import { RateLimitExceededException } from '../../lib/errors/rate-limit-exceeded.exception.js';
import { UnknownCircuitError } from '../../lib/errors/unknown-circuit.error.js';

describe('an error of ours', () => {
  it.each<[string, () => Error]>([
    ['HeldBufferOverflowError', () => new HeldBufferOverflowError('a', [1])],
    ['InvalidOptionsError', () => new InvalidOptionsError('Circuit "a"', [])],
    ['ProbeDeadlineError', () => new ProbeDeadlineError('a', 5)],
    ['UnknownCircuitError', () => new UnknownCircuitError('a', undefined, [])],
  ])('is shown in logs as a %s', (name, make) => {
    expect(make().name).toBe(name);
  });

  it.each<[string, () => Error]>([
    ['Circuit "rates" is open', () => new CircuitOpenException('rates', 5)],
    [
      'The bulkhead of "rates" is full',
      () => new BulkheadFullException('rates'),
    ],
    [
      'The rate limit of "rates" is exceeded',
      () => new RateLimitExceededException('rates', 5),
    ],
    [
      'A call of "rates" did not end within 250 ms',
      () => new CallTimeoutException('rates', 250),
    ],
    [
      'A probe of "rates" did not end within 250 ms',
      () => new ProbeDeadlineError('rates', 250),
    ],
    [
      'No backend of "rates" answered',
      () => new FailoverException('rates', []),
    ],
  ])('says what happened to which circuit: %s', (message, make) => {
    expect(make().message).toBe(message);
  });
});

describe('a buffer that is full', () => {
  it('says how many values it holds, the one too many aside, and what to do', () => {
    const error = new HeldBufferOverflowError('rates', ['a', 'b', 'c']);
    expect(error.message).toBe(
      'Circuit "rates" is open, and the 2 places of holdWhileOpen\'s buffer are taken.' +
        ' Raise buffer.size, have the source stop (with a broker: prefetch at most buffer.size), or give onOverflow: "drop-oldest".',
    );
    expect(error).toMatchObject({
      circuit: 'rates',
      values: ['a', 'b', 'c'],
    });
  });
});

describe('options that cannot be taken', () => {
  const problem = { path: 'openDuration', message: 'is no duration' };

  it('are one option where one is wrong', () => {
    expect(new InvalidOptionsError('Circuit "a"', [problem]).message).toBe(
      'Circuit "a": an option cannot be taken.\n  - openDuration: is no duration',
    );
  });

  it('are counted where several are', () => {
    expect(
      new InvalidOptionsError('Circuit "a"', [problem, problem]).message,
    ).toBe(
      'Circuit "a": 2 options cannot be taken.\n  - openDuration: is no duration\n  - openDuration: is no duration',
    );
  });
});

describe('an unknown circuit', () => {
  it('is told with the name that resembles it most, and how to declare it', () => {
    const error = new UnknownCircuitError('raets', 'rates', ['rates']);
    expect(error.message).toBe(
      'No circuit is called "raets". Did you mean "rates"?' +
        ' Declare it in CircuitBreakerModule.forRoot({ circuits }), in forFeature() or in a @CircuitBreaker() decorator,' +
        ' or create it with getOrCreate(). Declared: rates.',
    );
    expect(error).toMatchObject({ circuit: 'raets', closest: 'rates' });
  });

  it('is told without a guess where nothing resembles it', () => {
    expect(new UnknownCircuitError('a', undefined, []).message).toMatch(
      /^No circuit is called "a"\. Declare it /,
    );
  });

  it('is told with the names that there are, up to twenty', () => {
    expect(new UnknownCircuitError('a', undefined, names(20)).message).toMatch(
      / c18, c19\.$/,
    );
  });

  it('is told with the first twenty names where there are more', () => {
    expect(new UnknownCircuitError('a', undefined, names(21)).message).toMatch(
      / c18, c19, …\.$/,
    );
  });

  it('is told with the one name that there is', () => {
    expect(new UnknownCircuitError('a', undefined, ['b']).message).toMatch(
      / Declared: b\.$/,
    );
  });

  it('is told so where no circuit is declared', () => {
    expect(new UnknownCircuitError('a', undefined, []).message).toMatch(
      / None is declared yet\.$/,
    );
  });
});

describe('a failover without an answer', () => {
  it('tells a client which circuit it is of, and nothing of the backends', () => {
    const error = new FailoverException('rates', [
      { key: 'eu', error: 'gone' },
    ]);
    expect(error.getStatus()).toBe(503);
    expect(error.getResponse()).toEqual({
      statusCode: 503,
      error: 'Service Unavailable',
      message: 'No backend of "rates" answered',
      circuit: 'rates',
    });
    expect(error).toMatchObject({
      circuit: 'rates',
      errors: [{ key: 'eu', error: 'gone' }],
    });
  });

  it('has every error as it was thrown, for the log', () => {
    const thrown = new Error('refused');
    const { cause } = new FailoverException('rates', [
      { key: 'eu', error: thrown },
      { key: 'us', error: 'gone' },
    ]);
    expect((cause as AggregateError).errors).toEqual([thrown, 'gone']);
    expect((cause as AggregateError).errors[0]).toBe(thrown);
  });

  it('is told even where a backend threw what cannot be shown', () => {
    const { cause } = new FailoverException('rates', [
      { key: 'eu', error: Object.create(null) },
      { key: 'us', error: 'gone' },
    ]);
    expect((cause as AggregateError).message).toBe(
      'eu: an error that cannot be shown; us: gone',
    );
  });
});

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `c${index}`);
}
