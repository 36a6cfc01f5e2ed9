import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { z } from 'zod';
import { addCrossChecks, type Finding } from '../../lib/state/cross-check.js';
import {
  examineOptions,
  isSealed,
  sealOptions,
  shareOutputs,
} from '../../lib/state/parse-options.js';

class Own {
  readonly own = 1;
}

/** A schema with a check of one option, of both, and nothing to settle. */
function schemaWith(find: () => Finding | undefined) {
  const schema = z.strictObject({
    a: z.number().optional(),
    b: z.number().optional(),
    any: z.unknown().optional(),
  });
  const checks = [{ options: ['b'], find: () => undefined }];
  addCrossChecks(schema, {
    checks: [...checks, { options: ['a', 'b'], find }],
  });
  return schema;
}

const find = jest.fn<() => Finding | undefined>();
beforeEach(() => void find.mockReset());

describe('options that are examined', () => {
  it('are checked once if they are sealed, for each schema', () => {
    const schema = schemaWith(find);
    const options = sealOptions({ a: 1, b: 2 });
    expect([isSealed(options), isSealed({ a: 1, b: 2 })]).toEqual([
      true,
      false,
    ]);
    const first = examineOptions(schema, options);
    expect(examineOptions(schema, options)).toBe(first);
    expect(find).toHaveBeenCalledTimes(1);
    examineOptions(schemaWith(find), options);
    expect(find).toHaveBeenCalledTimes(2);
    examineOptions(schema, { a: 1, b: 2 });
    expect(find).toHaveBeenCalledTimes(3);
  });

  it('are not checked again when they come out of it', () => {
    const schema = schemaWith(find);
    const { output } = examineOptions(schema, { a: 1 });
    find.mockReset();
    expect(examineOptions(schema, output)).toEqual({
      problems: [],
      warnings: [],
      output,
    });
    expect(examineOptions(schema, output).output).toBe(output);
    expect(find).not.toHaveBeenCalled();
  });

  it.each([
    [{ a: 'x' }, 0],
    [{ b: 'x', a: 1 }, 0],
    [{ a: 'x', b: 'y' }, 0],
    [{ c: 1 }, 1],
    [{ c: 1, a: 1 }, 1],
    [{}, 1],
  ])(
    'are held against each other only where they are right: %p',
    (input, n) => {
      examineOptions(schemaWith(find), input);
      expect(find).toHaveBeenCalledTimes(n);
    },
  );

  it('are refused and warned about by the same check', () => {
    const finding = { at: ['a'], message: 'odd', severity: 'warned' } as const;
    find.mockReturnValue(finding);
    const found = { at: ['a'], path: 'a', message: 'odd' };
    const schema = schemaWith(find);
    expect(examineOptions(schema, { a: 1 })).toEqual({
      problems: [],
      warnings: [found],
      output: { a: 1 },
    });
    find.mockReturnValue({ ...finding, severity: 'refused' });
    expect(examineOptions(schema, { a: 1 })).toEqual({
      problems: [found],
      warnings: [],
      output: undefined,
    });
  });

  it('freeze what was made of them, and nothing of the user', () => {
    const own = new Own();
    const { output } = examineOptions(schemaWith(find), { any: own });
    expect(Object.isFrozen(output)).toBe(true);
    expect(Object.isFrozen(own)).toBe(false);
  });
});

describe('options of a schema whose outputs are shared', () => {
  const schema = z.strictObject({ any: z.unknown().optional() });
  shareOutputs(schema);
  const outputOf = (any: unknown) => examineOptions(schema, { any }).output;

  it.each<[unknown, unknown]>([
    ['text', 'text'],
    [5, 5],
    [true, true],
    [undefined, undefined],
    [{ a: { b: 1 } }, { a: { b: 1 } }],
    [
      [1, 'two'],
      [1, 'two'],
    ],
  ])('come out the same where they say the same: %p', (one, other) => {
    expect(outputOf(one)).toBe(outputOf(other));
    expect(outputOf(one)).toEqual({ any: one });
  });

  it.each<[unknown, unknown]>([
    [5, 6],
    [Infinity, -Infinity],
    [NaN, Infinity],
    [() => 1, () => 2],
    [new Own(), new Own()],
    [new Own(), { own: 1 }],
    [
      [() => 1, 1],
      [() => 2, 1],
    ],
    [{ a: () => 1 }, { a: () => 2 }],
    [Symbol('a'), Symbol('b')],
    [new Date(0), new Date(0)],
  ])('stay apart where JSON does not tell: %p, %p', (one, other) => {
    expect(outputOf(one)).not.toBe(outputOf(other));
  });

  it('are five hundred at most, of which the longest unused is forgotten', () => {
    const many = z.strictObject({ any: z.unknown().optional() });
    shareOutputs(many);
    const outputFor = (any: number) => examineOptions(many, { any }).output;
    const [first, second] = [outputFor(1), outputFor(2)];
    for (let any = 3; any <= 500; any++) outputFor(any);
    expect(outputFor(1)).toBe(first);
    outputFor(501);
    expect(outputFor(2)).not.toBe(second);
    expect(outputFor(1)).toBe(first);
  });

  it('stay apart for another schema', () => {
    const alone = z.strictObject({ any: z.unknown().optional() });
    const [one, other] = [1, 2].map(
      () => examineOptions(alone, { any: 5 }).output,
    );
    expect(one).not.toBe(other);
    expect(one).toEqual(other);
  });
});
