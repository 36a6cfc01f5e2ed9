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
  /** A change that the store has not confirmed. */
  private mine: CircuitOptions | undefined;

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

  /** What the store is to be told; `undefined` if there is nothing. */
  toTell(): string | undefined {
    if (this.mine === undefined) return undefined;
    return JSON.stringify(mergeOptions(this.options(), this.mine));
  }

  /** What is told to a store that may have lost it. */
  report(): Pick<ReportedView, 'config' | 'configGen'> {
    return this.gen > 0 ? { config: this.json, configGen: this.gen } : {};
  }

  /** The store has it. */
  told(): void {
    this.mine = undefined;
  }

  /**
   * Takes over what the store has.
   *
   * @returns the options to change here, if they are new
   */
  adopt(json: string, gen: number): CircuitOptions | undefined {
    if (gen <= this.gen) return undefined;
    const isNew = json !== this.json;
    this.json = json;
    this.gen = gen;
    return isNew ? this.options() : undefined;
  }

  private options(): CircuitOptions {
    return this.json === '' ? {} : (JSON.parse(this.json) as CircuitOptions);
  }
}
