import type { Verdict } from '../state/classification.js';
import type { AnswerKind } from './call-options.js';
import type { ObservableWay } from './observable-way.js';

/** What a protected function is called with. */
export interface CallContext {
  /** Aborted when nobody waits for this attempt's answer any more. */
  readonly signal: AbortSignal;
  /** 1 for the first. */
  readonly attempt: number;
}

/** What a function of no declared kind was seen to answer with; each has one of its own. */
export interface KindOfAnswers {
  last: AnswerKind | undefined;
}

/** What a later subscription needs of a pipeline. */
export interface CallPipeline {
  readonly observables: ObservableWay;
}

/** One call's way in. */
export interface Call {
  readonly args?: readonly unknown[] | undefined;
  /** What fallbacks that are named by a method are called on. */
  readonly self?: unknown;
  /** The caller's signal. */
  readonly signal?: AbortSignal | undefined;
  /** Behind the interceptor, where pipes run inside the call. */
  readonly atHandler?: boolean | undefined;
  /** Unsubscribing from it stops nothing: its place is held until the work has ended by itself. */
  readonly runsOn?: boolean | undefined;
  /** Told when its fallback begins to answer. */
  readonly fallsBack?: (() => void) | undefined;
  /** Where it goes through now: between the call and a subscription a key may have got another circuit. */
  readonly pipeline?: (() => CallPipeline) | undefined;
  /** The kind in which the same function answered last; the next call takes it for granted. */
  readonly answers?: KindOfAnswers | undefined;
}

/** What a protected function is to the pipeline. */
export type Body<T = unknown> = (context: CallContext) => T;

/** What is known of a call on its way back through the policies. */
export interface CallState {
  /** What the last attempt's error means. */
  verdict?: Verdict | undefined;
  /** Whether the last attempt returned a value that counts as a failure. */
  returnedFailure?: boolean;
}

/** A refusal: the call was not made, and a fallback may answer. */
export const REFUSED: Verdict = { outcome: 'ignored', fallback: true };

/** The caller's abort: nobody waits for a fallback's answer. */
export const ABANDONED: Verdict = { outcome: 'ignored', fallback: false };
