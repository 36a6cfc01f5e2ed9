import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { InvalidOptionsError } from '../../lib/errors/invalid-options.error.js';
import {
  circuitOptionsSchema,
  type CircuitOptions,
} from '../../lib/state/circuit-options.js';
import { option, parseDuration } from '../../lib/state/option.js';
import {
  examineOptions,
  isGivenIn,
  parseOptions,
  sealOptions,
} from '../../lib/state/parse-options.js';

describe('parseOptions', () => {
  it('tells every bad key in one message, with what it got and what it takes', () => {
    const message = messageOf({
      mode: 'on',
      openDuratoin: '30s',
      window: { type: 'time', buckets: 0 },
      halfOpen: { calls: 0 },
    });

    expect(message).toBe(
      [
        'Circuit "payments": 4 options cannot be taken.',
        `  - mode: got 'on', takes 'enforced', 'shadow' or 'disabled'`,
        '  - window.buckets: got 0, takes a whole number from 1 to 100000',
        '  - halfOpen.calls: got 0, takes a whole number of at least 1',
        `  - openDuratoin: got '30s', but there is no such option; did you mean "openDuration"?`,
      ].join('\n'),
    );
  });

  it('carries the problems as data, too', () => {
    const error = errorOf({ maxKeys: 0, critical: 'yes' });

    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(error.problems.map(({ path }) => path)).toEqual([
      'maxKeys',
      'critical',
    ]);
  });

  it.each([
    ['null', null],
    ['a number', 5],
    ['a text', '{}'],
    ['an array', []],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['a function', () => ({})],
  ])('refuses %s in the place of options', (_what, input) => {
    expect(errorOf(input).problems).toEqual([
      {
        at: [],
        path: 'options',
        message: expect.stringMatching(/^got .+, takes an object of options$/),
      },
    ]);
  });

  it('takes nothing at all for no options', () => {
    expect(
      parseOptions(circuitOptionsSchema, undefined, 'Circuit'),
    ).toMatchObject({ minimumCalls: 20 });
  });

  it('takes undefined for not given', () => {
    const rules = parseOptions(
      circuitOptionsSchema,
      { minimumCalls: undefined, halfOpen: undefined, window: undefined },
      'Circuit',
    );

    expect(rules.minimumCalls).toBe(20);
    expect(rules.halfOpen.calls).toBe(10);
    expect(rules.window.type).toBe('count');
  });

  it('takes frozen options and options of a class, and changes neither', () => {
    class Options {
      window = Object.freeze({ size: 50, maxAge: '1m' });
      recordErrors = Object.freeze([Error]) as ErrorConstructor[];
    }
    const options = Object.freeze(new Options());

    const rules = parseOptions(circuitOptionsSchema, options, 'Circuit');

    expect(rules.window).toEqual({ type: 'count', size: 50, maxAge: 60_000 });
    expect(options).toEqual(new Options());
  });

  it('answers rules that share nothing with what was given and cannot be changed', () => {
    const options = { halfOpen: { calls: 5 }, ignoreErrors: [Error] };

    const rules = parseOptions(circuitOptionsSchema, options, 'Circuit');
    options.halfOpen.calls = 1;
    options.ignoreErrors.pop();

    expect(rules.halfOpen.calls).toBe(5);
    expect(rules.ignoreErrors).toEqual([Error]);
    expect(Object.isFrozen(rules.ignoreErrors)).toBe(true);
    expect(Object.isFrozen(options.ignoreErrors)).toBe(false);
    for (const part of [rules, rules.halfOpen, rules.window]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    expect(Object.isFrozen(Error)).toBe(false);
  });

  it('answers its own output as it is', () => {
    const rules = parseOptions(circuitOptionsSchema, {}, 'Circuit');

    expect(parseOptions(circuitOptionsSchema, rules, 'Circuit')).toBe(rules);
  });

  it('parses sealed options once', () => {
    const options = sealOptions<CircuitOptions>({ openDuration: '30s' });

    const first = parseOptions(circuitOptionsSchema, options, 'Circuit');

    expect(parseOptions(circuitOptionsSchema, options, 'Circuit')).toBe(first);
  });

  it('tells warnings and still takes the options', () => {
    const warnings: string[] = [];

    const rules = parseOptions(
      circuitOptionsSchema,
      { minimumCalls: 50, window: { size: 10 } },
      'Circuit "a"',
      message => warnings.push(message),
    );

    expect(rules.minimumCalls).toBe(10);
    expect(warnings).toEqual([
      expect.stringMatching(/^Circuit "a": minimumCalls: 50 calls never fit/),
    ]);
  });

  it('warns nobody where nobody asked for it', () => {
    const input = { minimumCalls: 50, window: { size: 10 } };

    expect(
      parseOptions(circuitOptionsSchema, input, 'Circuit').minimumCalls,
    ).toBe(10);
  });

  it('tells what is refused as a problem, not as a warning, too', () => {
    const window = { type: 'time', duration: 10, buckets: 20 };

    const { problems, warnings } = examineOptions(circuitOptionsSchema, {
      window,
    });

    expect(problems).toHaveLength(1);
    expect(warnings).toEqual([]);
  });

  it.each<[unknown, string, string[]]>([
    [
      { type: 'time', size: 5, buckets: 0 },
      'a wrong value beside a key of the other kind',
      ['window.buckets', 'window.size'],
    ],
    [
      { type: 'tiem', size: 0 },
      'a type that is none, for nothing else',
      ['window.type'],
    ],
    [{ type: 5 }, 'a type that is no word', ['window.type']],
    [{ type: 'count', size: 0 }, 'the kind that was named', ['window.size']],
    [{ size: 0, maxAge: 'x' }, 'two', ['window.size', 'window.maxAge']],
  ])('complains about a window %p: %s', (window, _what, paths) => {
    const { problems } = errorOf({ window });
    expect(problems.map(({ path }) => path)).toEqual(paths);
  });

  it.each([
    [{ recordErrors: [Error, 5] }, 'recordErrors[1]: got 5, takes an error'],
    [
      { window: new Date(0) },
      `window: got 1970-01-01T00:00:00.000Z, takes { type: 'count', size, maxAge } or { type: 'time', duration, buckets }`,
    ],
    [{ openDuration: null }, 'openDuration: got null, takes a duration'],
  ])('says what is taken: %p', (options, line) => {
    expect(messageOf(options)).toContain(line);
  });

  describe('of any schema', () => {
    const inner = z.strictObject({ x: z.number() });
    const schema = option(
      z.strictObject({
        group: option(z.strictObject({ inner, y: z.number() }), 'a group'),
        named: option(z.record(z.string(), z.number()), 'numbers by name'),
        each: option(
          z.record(z.string(), option(z.number(), 'a number')),
          'numbers by name',
        ),
      }),
      'a thing',
    );
    const fine = { inner: { x: 1 }, y: 1 };
    const problemsIn = (input: unknown) =>
      examineOptions(schema, input).problems.map(
        ({ path, message }) => `${path}: ${message}`,
      );

    it.each([
      [5, ['options: got 5, takes a thing']],
      [
        { group: { inner: new Date(0), y: 'x' }, named: {}, each: {} },
        [
          'group.inner: got 1970-01-01T00:00:00.000Z, takes an object of options',
          `group.y: got 'x', takes a group`,
        ],
      ],
      [
        { group: { inner: { x: 'x' }, y: 1 }, named: {}, each: {} },
        [`group.inner.x: got 'x', takes a group`],
      ],
      [
        { group: fine, named: { a: 'x' }, each: { b: 'y' } },
        [
          `named.a: got 'x', takes numbers by name`,
          `each.b: got 'y', takes a number`,
        ],
      ],
      [
        { group: fine, named: {}, each: null },
        ['each: got null, takes numbers by name'],
      ],
    ])('says the closest words: %p', (input, problems) => {
      expect(problemsIn(input)).toEqual(problems);
    });
  });

  it('knows what was given from what was not', () => {
    const given = isGivenIn({ window: { size: 5, maxAge: undefined }, a: 5 });
    expect(given('window')).toBe(true);
    expect(given('window', 'size')).toBe(true);
    expect(given('window', 'maxAge')).toBe(false);
    expect(given('halfOpen', 'calls')).toBe(false);
    expect(given('a', 'toString')).toBe(false);
    expect(isGivenIn(undefined)('window')).toBe(false);
  });

  it('writes a long key short', () => {
    const [problem] = errorOf({ [`${'x'.repeat(300)} y`]: 1 }).problems;
    expect(problem?.path).toBe(`["${'x'.repeat(100)}"]`);
  });

  it.each([
    ['', undefined],
    ['1'.repeat(100), Number('1'.repeat(100))],
    ['1'.repeat(101), undefined],
    ['soon', undefined],
    ['1.5s', 1_500],
    [true, undefined],
  ])('reads the duration %p as %p', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  describe('on an unknown key', () => {
    it.each([
      [{ type: 'time', bukets: 3 }, 'did you mean "buckets"?'],
      [{ type: 'time', xyzzy: 3 }, 'there are: type, duration, buckets'],
      [{ type: 'count', xyzzy: 3 }, 'there are: type, size, maxAge'],
      [{ xyzzy: 3 }, 'there are: type, size, maxAge, duration, buckets'],
      [{ type: 'time', siez: 3 }, 'there are: type, duration, buckets'],
    ])('names what goes with the type: %p', (window, line) => {
      const { problems } = errorOf({ window });
      expect(problems).toHaveLength(1);
      expect(problems[0]?.message).toMatch(
        new RegExp(`${line.replace('?', '\\?')}$`),
      );
    });

    it.each([
      ['openduration', 'openDuration'],
      ['opneDuration', 'openDuration'],
      ['failureRateTreshold', 'failureRateThreshold'],
      ['minimumcall', 'minimumCalls'],
      ['halfopen', 'halfOpen'],
    ])('names the closest option: %s → %s', (key, closest) => {
      expect(messageOf({ [key]: 1 })).toContain(
        `${key}: got 1, but there is no such option; did you mean "${closest}"?`,
      );
    });

    it('lists the options if none is close', () => {
      expect(messageOf({ halfOpen: { xyzzy: true } })).toContain(
        'halfOpen.xyzzy: got true, but there is no such option; there are: calls, concurrency, successRateThreshold, callDeadline, maxDuration',
      );
    });

    it.each([
      [
        { type: 'time', size: 5 },
        `window.size: got 5, which goes with type 'count' only`,
      ],
      [
        { duration: '5s' },
        `window.duration: got '5s', which goes with type 'time' only`,
      ],
    ])('tells where it would belong: window %p', (window, line) => {
      expect(messageOf({ window })).toContain(line);
    });

    it('is not fooled by names that every object has', () => {
      const input: unknown = JSON.parse(
        '{ "__proto__": { "mode": "off" }, "constructor": 1, "toString": 2 }',
      );

      expect(errorOf(input).problems.map(({ path }) => path)).toEqual([
        '__proto__',
        'constructor',
        'toString',
      ]);
    });

    it.each([
      ['bulkhead', { maxConcurrent: 1, maxQueued: 1 }, 'maxQueue'],
      ['rateLimit', { limit: 1, interval: '1s', intervall: 1 }, 'interval'],
    ])('refuses what no %s has: %j', (group, options, closest) => {
      const { problems } = errorOf({ [group]: options });
      expect(problems).toHaveLength(1);
      expect(problems[0]?.message).toContain(`did you mean "${closest}"?`);
    });

    it.each(['timeout', 'fallback', 'retry', 'cache', 'bulkhead', 'rateLimit'])(
      'refuses what a circuit does not take: %s',
      key => {
        expect(errorOf({ [key]: 1 }).problems).toHaveLength(1);
      },
    );
  });

  it.each([
    [{ type: 'tiem' }, `window.type: got 'tiem', takes 'count' or 'time'`],
    [{ initial: '1s' }, 'openDuration.multiplier: is missing, takes a number'],
    [{ initial: 'x', multiplier: 2 }, `openDuration.initial: got 'x', takes`],
  ])('complains about the kind that was meant: %p', (group, line) => {
    const key = 'type' in group ? 'window' : 'openDuration';

    expect(messageOf({ [key]: group })).toContain(line);
    expect(errorOf({ [key]: group }).problems).toHaveLength(1);
  });

  it('tells of a contradiction and of a wrong type elsewhere at once', () => {
    const window = { type: 'time', duration: 10, buckets: 20 };

    expect(errorOf({ mode: 'x', window }).problems).toHaveLength(2);
  });

  it('finds no contradiction in what is wrong by itself', () => {
    const window = { type: 'time', duration: -10, buckets: 20 };

    expect(errorOf({ window }).problems.map(({ path }) => path)).toEqual([
      'window.duration',
    ]);
  });

  it.each([
    ['a circle', circle()],
    ['something huge', Object.fromEntries(Array(1e5).entries())],
    ['a long text', 'x'.repeat(1e6)],
    ['a long array', Array(1e5).fill('x')],
    ['a bigint', 5n],
    ['a symbol', Symbol('s')],
    ['a class', Map],
    ['an error', new Error('secret\nstack')],
    [
      'an object with a throwing getter',
      {
        get a() {
          throw new Error('no');
        },
      },
    ],
    ['an object without prototype', Object.create(null)],
  ])('quotes %s on a short line', (_what, value) => {
    const { problems } = examineOptions(circuitOptionsSchema, {
      mode: value,
      maxKeys: value,
    });

    expect(problems).toHaveLength(2);
    for (const { message } of problems) {
      expect(message).toMatch(/^got .+, takes [^\n]+$/);
      expect(message.length).toBeLessThan(200);
    }
  });
});

function errorOf(input: unknown): InvalidOptionsError {
  try {
    parseOptions(
      circuitOptionsSchema,
      input as CircuitOptions,
      'Circuit "payments"',
    );
  } catch (error) {
    return error as InvalidOptionsError;
  }
  throw new Error('nothing was refused');
}

function messageOf(input: unknown): string {
  return errorOf(input).message;
}

function circle(): object {
  const value: { self?: object } = {};
  value.self = value;
  return value;
}
