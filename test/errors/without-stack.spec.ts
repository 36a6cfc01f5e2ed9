import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { withoutStack } from '../../lib/errors/without-stack.js';

const build = () => withoutStack(() => new Error('refused'));

describe('an error without a stack', () => {
  const usual = Error.stackTraceLimit;

  beforeEach(() => void (Error.stackTraceLimit = 7));
  afterEach(() => void (Error.stackTraceLimit = usual));

  it('has not even the first line of one, which V8 would write', () => {
    expect(build().stack).toBeUndefined();
  });

  it('leaves the limit of the process as it was', () => {
    build();
    expect(Error.stackTraceLimit).toBe(7);
  });

  it('leaves the limit of the process as it was when its constructor throws', () => {
    expect(() =>
      withoutStack(() => {
        throw new Error('cannot be built');
      }),
    ).toThrow('cannot be built');
    expect(Error.stackTraceLimit).toBe(7);
  });
});
