import { HttpException } from '@nestjs/common';
import { InvalidOptionsError } from '../errors/invalid-options.error.js';
import { isRefusal } from '../errors/rejection.js';
import type { CircuitRules, ErrorMatcher, Outcome } from './circuit-options.js';

/** What an error means to the circuit, and whether a fallback may answer for it. */
export interface Verdict {
  readonly outcome: Outcome;
  /** Failures and rejections of ours may; answers, the user's exceptions and aborts may not. */
  readonly fallback: boolean;
}

/** Where the error was thrown. */
export interface ErrorContext {
  /** Behind the interceptor, where pipes run inside the call. */
  readonly atHandler?: boolean | undefined;
  /** The caller's signal. */
  readonly signal?: AbortSignal | undefined;
}

const FAILURE: Verdict = { outcome: 'failure', fallback: true };
const SUCCESS: Verdict = { outcome: 'success', fallback: false };
const IGNORED: Verdict = { outcome: 'ignored', fallback: false };
const REFUSED_ELSEWHERE: Verdict = { outcome: 'ignored', fallback: true };
const VERDICTS: Readonly<Record<string, Verdict>> = {
  failure: FAILURE,
  success: SUCCESS,
  ignored: IGNORED,
};

/** Judges errors by a circuit's rules: `ignoreErrors`, `recordErrors`, `classifyError`, the default. */
export type Classifier = (error: unknown, context?: ErrorContext) => Verdict;

/**
 * Compiles a circuit's rules for errors.
 *
 * @param report told of what the user's own functions throw; the next rule then judges
 */
export function createClassifier(
  rules: Pick<CircuitRules, 'ignoreErrors' | 'recordErrors' | 'classifyError'>,
  report: (what: string, error: unknown) => void,
): Classifier {
  const ignored = matcherOf('ignoreErrors', rules.ignoreErrors, report);
  const recorded = matcherOf('recordErrors', rules.recordErrors, report);
  const { classifyError } = rules;
  return (error, context) => {
    if (ignored(error)) return IGNORED;
    if (recorded(error)) return FAILURE;
    if (classifyError !== undefined) {
      try {
        const verdict = VERDICTS[classifyError(error) as string];
        if (verdict !== undefined) return verdict;
      } catch (thrown) {
        report('classifyError', thrown);
      }
    }
    return byDefault(error, context);
  };
}

function byDefault(error: unknown, context?: ErrorContext): Verdict {
  if (isRefusal(error)) return REFUSED_ELSEWHERE;
  // A mistake in the code of the caller says nothing of the dependency.
  if (error instanceof InvalidOptionsError) return IGNORED;
  if (context?.signal?.aborted === true && isAbort(error, context.signal)) {
    return IGNORED;
  }
  const status = statusOf(error);
  if (
    context?.atHandler === true &&
    error instanceof HttpException &&
    status < 500
  ) {
    return IGNORED;
  }
  return isAnswer(status) ? SUCCESS : FAILURE;
}

/** 408, 425 and 429 say that the server did not get to an answer. */
function isAnswer(status: number): boolean {
  return (
    status >= 400 &&
    status <= 499 &&
    status !== 408 &&
    status !== 425 &&
    status !== 429
  );
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return (
    error === signal.reason ||
    // In another realm, as under Jest, a DOMException is no Error.
    ((error instanceof Error || error instanceof DOMException) &&
      error.name === 'AbortError')
  );
}

interface WithStatus {
  getStatus?(): unknown;
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly response?: { readonly status?: unknown } | null;
}

/** Where an error may carry a status, in the order in which it is looked for. */
const PLACES: readonly ((error: WithStatus) => unknown)[] = [
  error => error.getStatus?.(),
  error => error.status,
  error => error.statusCode,
  error => error.response?.status,
];

/** The first integer that an error has for a status, else `NaN`. */
function statusOf(error: unknown): number {
  for (const look of PLACES) {
    try {
      const status = look(error as WithStatus);
      if (Number.isInteger(status)) return status as number;
    } catch {
      // Nothing at all, or a getter that throws; the next place may say more.
    }
  }
  return NaN;
}

function matcherOf(
  what: string,
  matchers: readonly ErrorMatcher[] | undefined,
  report: (what: string, error: unknown) => void,
): (error: unknown) => boolean {
  if (matchers === undefined) return matchesNothing;
  const predicates = matchers.map(toPredicate);
  return error =>
    predicates.some(matches => {
      try {
        return matches(error);
      } catch (thrown) {
        report(what, thrown);
        return false;
      }
    });
}

function matchesNothing(): boolean {
  return false;
}

/** A class matches its instances; any other function is asked. */
export function toPredicate(
  matcher: ErrorMatcher,
): (error: unknown) => boolean {
  return isClass(matcher)
    ? error => error instanceof matcher
    : error => Boolean((matcher as (error: unknown) => boolean)(error));
}

/** Also the built-in errors, and classes that a compiler turned into functions. */
function isClass(
  matcher: ErrorMatcher,
): matcher is Extract<
  ErrorMatcher,
  abstract new (...args: never[]) => unknown
> {
  const prototype: unknown = matcher.prototype;
  if (typeof prototype !== 'object' || prototype === null) return false;
  return (
    prototype instanceof Error ||
    Function.prototype.toString.call(matcher).startsWith('class') ||
    Object.getOwnPropertyNames(prototype).length > 1
  );
}
