import {
  EventEmitter,
  getEventListeners,
  getMaxListeners,
  setMaxListeners,
} from 'node:events';
import { expect, describe, it, jest } from '@jest/globals';
import { Attempt } from '../../lib/policies/abort-scope.js';
import { listenForAbort } from '../../lib/policies/listen-for-abort.js';

/** How many listeners Node takes for a leak; none is no limit. */
function limitOf(signal: AbortSignal): number {
  return getMaxListeners(signal) || Infinity;
}

describe('listening to a caller', () => {
  it('has the listener called at the abort', () => {
    const caller = new AbortController();
    const listener = jest.fn();
    listenForAbort(caller.signal, listener);
    expect(listener).not.toHaveBeenCalled();
    caller.abort();
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it('is no leak, however many calls of one caller are pending', () => {
    const caller = new AbortController();
    for (let call = 0; call < 50; call++) {
      new Attempt(1, caller.signal).whenAborted(() => {});
    }
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(50);
    expect(limitOf(caller.signal)).toBeGreaterThanOrEqual(50);
  });

  it('keeps a limit that somebody has set', () => {
    const { signal } = new AbortController();
    setMaxListeners(3, signal);
    listenForAbort(signal, () => {});
    expect(getMaxListeners(signal)).toBe(3);
  });

  it('takes a signal without a limit', () => {
    const caller = new AbortController();
    setMaxListeners(0, caller.signal);
    const listener = jest.fn();
    listenForAbort(caller.signal, listener);
    caller.abort();
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it('takes a polyfilled signal', () => {
    const emitter = new EventEmitter();
    const signal = {
      addEventListener: (type: string, listener: () => void) =>
        emitter.on(type, listener),
    } as unknown as AbortSignal;
    const listener = jest.fn();
    listenForAbort(signal, listener);
    emitter.emit('abort');
    expect(listener).toHaveBeenCalledTimes(1);
  });
});
