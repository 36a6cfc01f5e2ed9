import type { Entry } from './gate.js';

/**
 * Thrown through the way of plain values by a function that has answered with
 * something else. Nothing has been settled: the call goes on in its own way.
 */
export class AnotherKind {
  private admittedBy: Entry | undefined;

  constructor(readonly answer: unknown) {}

  /** What the call was admitted by. */
  get entry(): Entry {
    if (this.admittedBy === undefined) throw new Error('No call was admitted');
    return this.admittedBy;
  }

  /** Passes the entry on to whoever goes on with the call. */
  with(entry: Entry): this {
    this.admittedBy = entry;
    return this;
  }
}
