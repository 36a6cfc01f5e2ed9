import { isDeepStrictEqual } from 'node:util';
import type { CircuitOptions } from '../state/circuit-options.js';
import { mergeOptions } from '../state/merge-options.js';
import type { ReportedView } from './fleet-store.js';

/** Options of one circuit that were changed at run time, for the whole fleet. */
export class SharedConfig {
  /** JSON of all changes laid over each other; empty if there were none. */
  json = '';
  /** The generation of these options; 0 until the store has one. */
  gen = 0;
  /** A change that the store was not told yet. */
  private mine: CircuitOptions | undefined;
  /** A change on its way to the store, or lost on it. */
  private sent: CircuitOptions | undefined;

  /**
   * Adds a change that was made here.
   *
   * @returns false if a part of it cannot be sent: functions and classes stay here
   */
  change(patch: CircuitOptions): boolean {
    const sendable = JSON.parse(JSON.stringify(patch)) as CircuitOptions;
    this.mine = mergeOptions(this.mine ?? {}, sendable);
    return isDeepStrictEqual(sendable, mergeOptions({}, patch));
  }

  /** Takes what the store is to be told; `undefined` if there is nothing. */
  take(): string | undefined {
    if (this.mine === undefined) return undefined;
    this.sent = this.mine;
    this.mine = undefined;
    return JSON.stringify(mergeOptions(this.options(), this.sent));
  }

  /** What is told to a store that may have lost it. */
  report(): Pick<ReportedView, 'config' | 'configGen'> {
    return this.gen > 0 ? { config: this.json, configGen: this.gen } : {};
  }

  /** The store has what was taken; a change made since is still to be told. */
  told(): void {
    this.sent = undefined;
  }

  /** The store may not have what was taken; a change made since goes over it. */
  tellAgain(): void {
    if (this.sent === undefined) return;
    this.mine = mergeOptions(this.sent, this.mine ?? {});
    this.sent = undefined;
  }

  /**
   * Takes over what the store has.
   *
   * @returns the options to change here, if they are new
   */
  adopt(json: string, gen: number): CircuitOptions | undefined {
    if (gen <= this.gen) return undefined;
    // A change that is on its way is in force here and not in what was known of the store.
    const isNew = json !== this.json || this.sent !== undefined;
    this.json = json;
    this.gen = gen;
    if (!isNew) return undefined;
    return mergeOptions(this.options(), this.mine ?? {});
  }

  private options(): CircuitOptions {
    return this.json === '' ? {} : (JSON.parse(this.json) as CircuitOptions);
  }
}
