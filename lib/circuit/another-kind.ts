import type { Entry } from './gate.js';

/**
 * Thrown through the way of plain values by a function that has answered with
 * something else. Nothing has been settled: the call goes on in its own way.
 */
export class AnotherKind {
  /** What the call was admitted by: the way adds it, for whoever goes on with the call. */
  entry!: Entry;

  constructor(readonly answer: unknown) {}
}
