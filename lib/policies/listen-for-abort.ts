import { EventEmitter, getMaxListeners, setMaxListeners } from 'node:events';

/**
 * Listens to a caller's signal. One caller may have any number of calls pending;
 * Node 20 takes them for a leak from the eleventh listener on and warns, later
 * versions do not count at a signal. A limit that somebody has set stays.
 */
export function listenForAbort(
  caller: AbortSignal,
  listener: (() => void) | { handleEvent(): void },
): void {
  try {
    if (getMaxListeners(caller) === EventEmitter.defaultMaxListeners) {
      setMaxListeners(Infinity, caller);
    }
  } catch {
    // Node 20 cannot read a limit of none, and a polyfilled signal has no limit.
  }
  caller.addEventListener('abort', listener);
}
