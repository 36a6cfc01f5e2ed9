import { describe, expect, it, jest } from '@jest/globals';
import { AbortScope } from '../../lib/policies/abort-scope.js';
import { runInScope } from '../../lib/policies/run-in-scope.js';

describe('work in a scope', () => {
  it('does not begin when the caller has gone, and has ended then', async () => {
    const start = jest.fn(() => 1);
    const ended = jest.fn();
    const scope = new AbortScope(AbortSignal.abort('gone'));
    await expect(runInScope(scope, start, ended)).rejects.toBe('gone');
    expect(start).not.toHaveBeenCalled();
    expect(ended).toHaveBeenCalledTimes(1);
  });

  it.each([new AbortScope(undefined), undefined])(
    'answers as it does, and has ended then',
    async scope => {
      const ended = jest.fn();
      await expect(runInScope(scope, () => 1, ended)).resolves.toBe(1);
      expect(ended).toHaveBeenCalledTimes(1);
      expect(scope?.state ?? 'settled').toBe('settled');
    },
  );

  it('has ended when it throws at once', async () => {
    const ended = jest.fn();
    const error = new Error('at once');
    const work = () => {
      throw error;
    };
    await expect(runInScope(undefined, work, ended)).rejects.toBe(error);
    expect(ended).toHaveBeenCalledTimes(1);
  });
});
