import { describe, expect, it } from '@jest/globals';
import type { Variables } from '../../lib/registry/environment.js';
import { problemsFrom, RegistryBench } from '../support/registry-bench.js';

describe('options from the environment', () => {
  it.each([
    ['MODE', 'shadow', { mode: 'shadow' }],
    ['WINDOW_SIZE', '50', { window: { size: 50 } }],
    ['WINDOW_MAX_AGE', '1m', { window: { maxAge: 60_000 } }],
    ['WINDOW_MAX_AGE', 'false', { window: { maxAge: false } }],
    ['MINIMUM_CALLS', '7', { minimumCalls: 7 }],
    ['FAILURE_RATE_THRESHOLD', '00.25', { failureRateThreshold: 0.25 }],
    ['FAILURE_RATE_THRESHOLD', '0.25', { failureRateThreshold: 0.25 }],
    ['FAILURE_RATE_THRESHOLD', '.25', { failureRateThreshold: 0.25 }],
    ['FAILURE_RATE_THRESHOLD', '1e-3', { failureRateThreshold: 0.001 }],
    ['FAILURE_RATE_THRESHOLD', 'FALSE', { failureRateThreshold: false }],
    ['FAILURE_COUNT', '5', { failureCount: 5 }],
    ['CONSECUTIVE_FAILURES', 'false', { consecutiveFailures: false }],
    ['SLOW_CALL_DURATION', '1.5s', { slowCallDuration: 1_500 }],
    ['SLOW_CALL_RATE_THRESHOLD', '1', { slowCallRateThreshold: 1 }],
    ['OPEN_DURATION', ' 30s ', { openDuration: 30_000 }],
    ['OPEN_DURATION', '500', { openDuration: 500 }],
    ['OPEN_DURATION', '5E2', { openDuration: 500 }],
    ['OPEN_DURATION', '1e+2', { openDuration: 100 }],
    ['OPEN_DURATION', '500000e-3', { openDuration: 500 }],
    ['OPEN_DURATION', '500000000000e-10', { openDuration: 50 }],
    ['OPEN_DURATION', '+500', { openDuration: 500 }],
    ['OPEN_DURATION', '12.5s', { openDuration: 12_500 }],
    ['MAX_OPEN_DURATION', '5m', { maxOpenDuration: 300_000 }],
    ['OPEN_JITTER', '0', { openJitter: 0 }],
    ['HALF_OPEN_CALLS', '3', { halfOpen: { calls: 3 } }],
    ['HALF_OPEN_CONCURRENCY', '1', { halfOpen: { concurrency: 1 } }],
    [
      'HALF_OPEN_SUCCESS_RATE_THRESHOLD',
      '0.9',
      { halfOpen: { successRateThreshold: 0.9 } },
    ],
    ['HALF_OPEN_CALL_DEADLINE', '5s', { halfOpen: { callDeadline: 5_000 } }],
    ['HALF_OPEN_MAX_DURATION', '9s', { halfOpen: { maxDuration: 9_000 } }],
    ['MAX_KEYS', '10', { maxKeys: 10 }],
    ['CRITICAL', 'true', { critical: true }],
    ['CAPTURE_STACK', 'True', { captureStack: true }],
  ])('%s=%s', (option, value, rules) => {
    expect(
      rulesWith({ [`CIRCUIT_BREAKER_PAYMENT_GATEWAY_${option}`]: value }),
    ).toMatchObject(rules);
  });

  it('can be of several variables', () => {
    expect(
      rulesWith({
        CIRCUIT_BREAKER_PAYMENT_GATEWAY_WINDOW_TYPE: 'time',
        CIRCUIT_BREAKER_PAYMENT_GATEWAY_WINDOW_DURATION: '10s',
        CIRCUIT_BREAKER_PAYMENT_GATEWAY_WINDOW_BUCKETS: '10',
        CIRCUIT_BREAKER_PAYMENT_GATEWAY_OPEN_DURATION_INITIAL: '1s',
        CIRCUIT_BREAKER_PAYMENT_GATEWAY_OPEN_DURATION_MULTIPLIER: '2',
      }),
    ).toMatchObject({
      window: { type: 'time', duration: 10_000, buckets: 10 },
      openDuration: { initial: 1_000, multiplier: 2 },
    });
  });

  it.each([
    ['payment-gateway', 'PAYMENT_GATEWAY'],
    ['payment.gateway', 'PAYMENT_GATEWAY'],
    ['payment gateway', 'PAYMENT_GATEWAY'],
    ['paymentGateway', 'PAYMENT_GATEWAY'],
    ['PaymentGateway.charge', 'PAYMENT_GATEWAY_CHARGE'],
    ['HTTPClient.get', 'HTTP_CLIENT_GET'],
    ['v2Orders', 'V2_ORDERS'],
    ['/orders/:id', 'ORDERS_ID'],
    ['überweisung', 'ÜBERWEISUNG'],
  ])('of the circuit %p begin with %s', (name, part) => {
    const { registry } = new RegistryBench(
      { circuits: { [name]: {} }, env: {} },
      [],
      { [`CIRCUIT_BREAKER_${part}_MAX_KEYS`]: '3' },
    );

    expect(registry.get(name).rules.maxKeys).toBe(3);
  });

  it.each(['CB', 'CB_', 'CB__', 'my_app_breakers'])(
    'take the prefix %s',
    prefix => {
      const { registry } = new RegistryBench(
        { circuits: { a: {} }, env: { prefix } },
        [],
        { [`${prefix.replace(/_+$/, '')}_A_MAX_KEYS`]: '3' },
      );

      expect(registry.get('a').rules.maxKeys).toBe(3);
    },
  );

  it('reach circuits that the code declares', () => {
    const { registry } = new RegistryBench(
      { env: {} },
      [
        { name: 'Payments.charge', source: 'Payments.charge' },
        { by: 'feature', name: 'search', source: 'forFeature()' },
      ],
      {
        CIRCUIT_BREAKER_PAYMENTS_CHARGE_MAX_KEYS: '3',
        CIRCUIT_BREAKER_SEARCH_MAX_KEYS: '4',
      },
    );

    expect(registry.get('Payments.charge').rules.maxKeys).toBe(3);
    expect(registry.get('search').rules.maxKeys).toBe(4);
  });

  it.each([{ env: false as const }, {}])(
    'are not read unless `env` is given: %p',
    env => {
      const { registry } = new RegistryBench(
        { circuits: { a: {} }, ...env },
        [],
        { CIRCUIT_BREAKER_A_MAX_KEYS: '3', CIRCUIT_BREAKER_NONSENSE: '1' },
      );

      expect(registry.get('a').rules.maxKeys).toBe(1_000);
    },
  );

  it('leave other variables alone', () => {
    expect(() =>
      rulesWith({ PATH: '/bin', CIRCUIT_BREAKERS: '1', CIRCUIT_BREAKER: 'x' }),
    ).not.toThrow();
  });

  it('take an unset variable for not given', () => {
    expect(
      rulesWith({
        CIRCUIT_BREAKER_PAYMENT_GATEWAY_MAX_KEYS: undefined,
        CIRCUIT_BREAKER_TYPO: undefined,
      }),
    ).toMatchObject({ maxKeys: 1_000 });
  });
});

describe('variables that stop the start', () => {
  it.each([
    [
      'CIRCUIT_BREAKER_PAYMENT_GATEWAY_OPEN_DURATOIN',
      'did you mean CIRCUIT_BREAKER_PAYMENT_GATEWAY_OPEN_DURATION?',
    ],
    [
      'CIRCUIT_BREAKER_PAYMENT_GATWAY_MODE',
      'did you mean CIRCUIT_BREAKER_PAYMENT_GATEWAY_MODE?',
    ],
    ['CIRCUIT_BREAKER_PAYMENT_GATEWAY_IGNORE_ERRORS', 'fits no option'],
    ['CIRCUIT_BREAKER_PAYMENT_GATEWAY_RECORD_ERRORS', 'fits no option'],
    ['CIRCUIT_BREAKER_PAYMENT_GATEWAY_CLASSIFY_ERROR', 'fits no option'],
    ['CIRCUIT_BREAKER_PAYMENT_GATEWAY', 'fits no option'],
    [
      'CIRCUIT_BREAKER_X',
      'variables are called CIRCUIT_BREAKER_<CIRCUIT>_<OPTION>',
    ],
  ])('fit nothing: %s', (variable, words) => {
    const problems = problemsFrom(() => rulesWith({ [variable]: '1' }));

    expect(problems).toEqual([expect.stringContaining(words)]);
    expect(problems[0]).toMatch(new RegExp(`^${variable}: fits no option`));
  });

  it.each([
    ['OPEN_DURATION', 'soon', /got 'soon', takes a duration/],
    ['OPEN_DURATION', '', /got '', takes a duration/],
    ['MINIMUM_CALLS', '0', /got 0, takes a whole number/],
    ['MINIMUM_CALLS', 'true', /got true, takes a whole number/],
    ['MODE', 'SHADOW', /got 'SHADOW', takes 'enforced'/],
    ['CRITICAL', 'yes', /got 'yes', takes true or false/],
    ['CRITICAL', '1', /got 1, takes true or false/],
    ['CRITICAL', 'untrue', /got 'untrue', takes true or false/],
    ['CRITICAL', 'truely', /got 'truely', takes true or false/],
    ['MINIMUM_CALLS', '-5', /got -5, takes a whole number/],
    ['MODE', 'v2', /got 'v2', takes 'enforced'/],
    ['MODE', '2nd', /got '2nd', takes 'enforced'/],
    ['FAILURE_RATE_THRESHOLD', '50%', /got '50%', takes a rate/],
    ['WINDOW_DURATION', '5s', /which goes with type 'time' only/],
    ['OPEN_DURATION_INITIAL', '5s', null],
  ])('have a bad value: %s=%p', (option, value, message) => {
    const variable = `CIRCUIT_BREAKER_PAYMENT_GATEWAY_${option}`;
    const [problem, ...others] = problemsFrom(() =>
      rulesWith({ [variable]: value }),
    );

    if (message === null) {
      expect(problem).toMatch(/_OPEN_DURATION_MULTIPLIER: is missing, takes/);
    } else {
      expect(problem).toMatch(message);
      expect(problem).toMatch(new RegExp(`^${variable}: `));
    }
    expect(others).toEqual([]);
  });

  it('fit no option, and contradict none, if they are called like a circuit alone', () => {
    expect(
      problemsFrom(() =>
        rulesWith({
          CIRCUIT_BREAKER_PAYMENT_GATEWAY: 'on',
          CIRCUIT_BREAKER_PAYMENT_GATEWAY_MAX_KEYS: '3',
        }),
      ),
    ).toEqual([
      expect.stringMatching(/^CIRCUIT_BREAKER_PAYMENT_GATEWAY: fits no option/),
    ]);
  });

  it('contradict each other', () => {
    expect(
      problemsFrom(() =>
        rulesWith({
          CIRCUIT_BREAKER_PAYMENT_GATEWAY_OPEN_DURATION: '5s',
          CIRCUIT_BREAKER_PAYMENT_GATEWAY_OPEN_DURATION_INITIAL: '1s',
        }),
      ),
    ).toEqual([
      'CIRCUIT_BREAKER_PAYMENT_GATEWAY_OPEN_DURATION_INITIAL: contradicts CIRCUIT_BREAKER_PAYMENT_GATEWAY_OPEN_DURATION; unset one of them',
    ]);
  });

  it.each([
    [['payment-gateway', 'paymentGateway'], 'CB_PAYMENT_GATEWAY_MODE'],
    [['orders', 'orders-max'], 'CB_ORDERS_MAX_OPEN_DURATION'],
    [['orders-max', 'orders'], 'CB_ORDERS_MAX_OPEN_DURATION'],
  ])('are read by two circuits: %p', (names, variable) => {
    const problems = problemsFrom(
      () =>
        new RegistryBench({
          circuits: Object.fromEntries(names.map(name => [name, {}])),
          env: { prefix: 'CB' },
        }),
    );

    expect(problems).toEqual([
      `${variable}: is read by two circuits, "${names[0]}" and "${names[1]}"; rename one of them`,
    ]);
  });

  it('are told for each pair of circuits that read the same', () => {
    const problems = problemsFrom(
      () =>
        new RegistryBench({
          circuits: { aB: {}, 'a-b': {}, cD: {}, 'c-d': {} },
          env: { prefix: 'CB' },
        }),
    );

    expect(problems).toEqual([
      expect.stringContaining('"aB" and "a-b"'),
      expect.stringContaining('"cD" and "c-d"'),
    ]);
  });

  it('are not looked for where the name of a circuit is none', () => {
    const problems = problemsFrom(
      () =>
        new RegistryBench({ env: {} }, [
          { name: 5 as never, source: 'A.a' },
          { name: Symbol('no name') as never, source: 'B.b' },
        ]),
    );

    expect(problems).toEqual([
      expect.stringMatching(/^A\.a: name: got 5, takes a circuit's name/),
      expect.stringMatching(/^B\.b: name: got Symbol\(no name\), takes/),
    ]);
  });
});

function rulesWith(variables: Variables) {
  const { registry } = new RegistryBench(
    { circuits: { 'payment-gateway': {} }, env: {} },
    [],
    variables,
  );
  return registry.get('payment-gateway').rules;
}
