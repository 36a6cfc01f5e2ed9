import { getEventListeners } from 'node:events';
import { describe, expect, it, jest } from '@jest/globals';
import { AbortScope, Attempt } from '../../lib/policies/abort-scope.js';

const listeners = (signal: AbortSignal) =>
  getEventListeners(signal, 'abort').length;

describe('AbortScope', () => {
  it('stands in no queue by itself', () => {
    expect(new AbortScope(undefined).isQueued).toBe(false);
  });

  it('cannot be abandoned once it has settled', () => {
    const scope = new AbortScope(undefined);
    const { signal } = scope;
    scope.settle();
    scope.abandon();
    expect([scope.state, signal.aborted]).toEqual(['settled', false]);
  });

  it('can be abandoned without a signal', () => {
    const scope = new AbortScope(undefined);
    scope.abandon();
    expect(scope.state).toBe('aborted');
    expect(scope.signal.aborted).toBe(true);
  });

  it('makes its signal when somebody asks for it, and one only', () => {
    const scope = new AbortScope(undefined);
    expect(scope.signal).toBe(scope.signal);
    expect(scope.signal.aborted).toBe(false);
  });

  it('listens to the caller only when somebody asks for its own signal', () => {
    const caller = new AbortController();
    const scope = new AbortScope(caller.signal);
    expect(listeners(caller.signal)).toBe(0);
    void scope.signal;
    void scope.signal;
    expect(listeners(caller.signal)).toBe(1);
  });

  it("is aborted by its caller's abort, with the caller's reason", () => {
    const caller = new AbortController();
    const scope = new AbortScope(caller.signal);
    const { signal } = scope;
    const reason = new Error('gone');
    caller.abort(reason);
    expect(signal.reason).toBe(reason);
    expect(scope.state).toBe('aborted');
  });

  it.each([undefined, null, 0, 'text'])(
    'carries the reason %p unchanged where the platform does',
    reason => {
      const caller = new AbortController();
      const scope = new AbortScope(caller.signal);
      const told = jest.fn();
      scope.whenAborted(told);
      caller.abort(reason);
      expect(told.mock.calls).toEqual([[caller.signal.reason]]);
      expect(scope.signal.reason).toBe(caller.signal.reason);
    },
  );

  it('is aborted from the start when its caller has gone before', () => {
    const reason = new Error('gone');
    const scope = new AbortScope(AbortSignal.abort(reason));
    expect(scope.signal.reason).toBe(reason);
    expect(scope.state).toBe('aborted');
    const told = jest.fn();
    scope.whenAborted(told);
    expect(told).toHaveBeenCalledWith(reason);
  });

  it('shows an abort to whoever asks for the signal after it', () => {
    const scope = new AbortScope(undefined);
    const reason = new Error('late');
    scope.abort(reason, 'timed-out');
    expect(scope.state).toBe('timed-out');
    expect(scope.signal.reason).toBe(reason);
  });

  it('is never aborted after it has settled', () => {
    const caller = new AbortController();
    const scope = new AbortScope(caller.signal);
    const told = jest.fn();
    scope.whenAborted(told);
    const { signal } = scope;
    scope.settle();
    caller.abort();
    scope.abort(new Error('late'));
    scope.abandon();
    expect(signal.aborted).toBe(false);
    expect(scope.state).toBe('settled');
    expect(told).not.toHaveBeenCalled();
  });

  it('does not begin to listen to its caller after it has settled', () => {
    const caller = new AbortController();
    const scope = new AbortScope(caller.signal);
    scope.settle();
    const { signal } = scope;
    expect(listeners(caller.signal)).toBe(0);
    caller.abort();
    expect(signal.aborted).toBe(false);
  });

  it('is aborted once: what comes second changes nothing', () => {
    const scope = new AbortScope(undefined);
    const told = jest.fn();
    scope.whenAborted(told);
    scope.abort('first');
    scope.abort('second', 'timed-out');
    scope.settle();
    expect(scope.state).toBe('aborted');
    expect(scope.signal.reason).toBe('first');
    expect(told.mock.calls).toEqual([['first']]);
  });

  it('tells whoever waits before the work learns of its abort', () => {
    const order: string[] = [];
    const scope = new AbortScope(undefined);
    scope.signal.addEventListener('abort', () => order.push('work'));
    scope.whenAborted(() => order.push('waiting'));
    scope.abort('reason');
    expect(order).toEqual(['waiting', 'work']);
  });

  it.each(['settle', 'abandon', 'abort'] as const)(
    'lets go of its caller at %s',
    end => {
      const caller = new AbortController();
      const scope = new AbortScope(caller.signal);
      void scope.signal;
      scope.whenAborted(() => {});
      expect(listeners(caller.signal)).toBe(1);
      scope[end]('reason');
      expect(listeners(caller.signal)).toBe(0);
    },
  );

  it('aborts with the AbortError of the platform when it is abandoned', () => {
    const scope = new AbortScope(undefined);
    const { signal } = scope;
    scope.abandon();
    expect(signal.reason).toMatchObject({ name: 'AbortError' });
    expect(scope.state).toBe('aborted');
  });

  it("takes the caller's reason when it is abandoned because the caller has gone", () => {
    const caller = new AbortController();
    const scope = new AbortScope(caller.signal);
    caller.signal.addEventListener('abort', () => scope.abandon());
    const { signal } = scope;
    caller.abort('gone');
    expect(signal.reason).toBe('gone');
  });

  it('knows its number as an attempt', () => {
    const { attempt, signal } = new Attempt(3, undefined);
    expect(attempt).toBe(3);
    expect(signal.aborted).toBe(false);
  });
});
