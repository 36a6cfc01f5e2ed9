import {
  catchError,
  defer,
  from,
  isObservable,
  of,
  throwError,
  type Observable,
} from 'rxjs';
import { z } from 'zod';
import { toPredicate } from '../state/classification.js';
import type { ErrorMatcher } from '../state/circuit-options.js';
import { isFunction, option } from '../state/option.js';

/** Answers in the place of a call that failed or was refused; gets the error and the call's arguments. */
// `never` arguments: any function fits, the callers' own types say which.
export type FallbackFunction = (error: never, ...args: never[]) => unknown;

/** A fallback function, or the name of a method of the object that the decorated method belongs to. */
export type FallbackUse = string | FallbackFunction;

/** A fallback for some errors only. */
export interface ConditionalFallback {
  /** An error class or a predicate; other errors go on to the next fallback. */
  readonly on: ErrorMatcher;
  readonly use: FallbackUse;
}

/** One fallback, or several that are tried in order. */
export type Fallback =
  | FallbackUse
  | ConditionalFallback
  | readonly (FallbackUse | ConditionalFallback)[];

const useSchema = z.union([
  z.string().min(1),
  z.custom<FallbackFunction>(isFunction),
]);
const stepSchema = z.union([
  useSchema,
  z.strictObject({ on: z.custom<ErrorMatcher>(isFunction), use: useSchema }),
]);

/** The option `fallback`. */
export const fallbackSchema = option(
  z.union([stepSchema, z.array(stepSchema).min(1).readonly()]).optional(),
  `a method's name, a function (error, ...args), { on, use }, or an array of them`,
  'answers for failures, timeouts and refusals',
);

/** Who is called and with what. */
export interface FallbackCall {
  readonly self?: unknown;
  readonly args: readonly unknown[];
  /** Told of a predicate that throws; it then matches nothing. */
  readonly report: (what: string, error: unknown) => void;
}

/** The error that a fallback answers for, built when somebody wants it. */
export type LazyError = () => unknown;

interface FallbackStep {
  readonly on: ((error: unknown) => boolean) | undefined;
  readonly use: FallbackUse;
  /** Whether the function would notice that it got no error; a method is asked when it is called. */
  readonly wantsError: boolean | undefined;
}

interface Thrown {
  readonly error: unknown;
}

/** Tries fallbacks in order, for promises, plain values and Observables. */
export class FallbackChain {
  private readonly steps: readonly FallbackStep[];
  /** Whether the first fallback wants to see the error, whatever it is. */
  readonly wantsError: boolean;

  constructor(fallback: Fallback) {
    const steps = Array.isArray(fallback) ? fallback : [fallback];
    this.steps = steps.map(toStep);
    const { on, wantsError } = this.steps[0]!;
    this.wantsError = on !== undefined || wantsError === true;
  }

  /** The methods that are named. */
  get methodNames(): readonly string[] {
    return this.steps.flatMap(({ use }) =>
      typeof use === 'string' ? use : [],
    );
  }

  /**
   * What the first fallback that succeeds answers: a value, or a promise if that
   * is what it returns.
   *
   * @param first the index of the first fallback to try
   * @throws (or rejects with) the last error, with the original one as its cause,
   *   if all fail; the original error if none of them takes it
   */
  run(error: LazyError, call: FallbackCall, first = 0, last?: Thrown): unknown {
    for (let index = first; index < this.steps.length; index++) {
      const step = this.steps[index]!;
      if (!takes(step, error, call)) continue;
      try {
        const given = answer(step, error, call);
        if (!isPromiseLike(given)) return given;
        return Promise.resolve(given).catch((thrown: unknown) =>
          this.run(error, call, index + 1, { error: thrown }),
        );
      } catch (thrown) {
        last = { error: thrown };
      }
    }
    throw outcomeOf(last, error);
  }

  /** As {@link run}; promises and Observables are followed, any other answer is one value. */
  run$(error: LazyError, call: FallbackCall): Observable<unknown> {
    const tryFrom = (index: number, last?: Thrown): Observable<unknown> => {
      const step = this.steps[index];
      if (step === undefined) return throwError(() => outcomeOf(last, error));
      if (!takes(step, error, call)) return tryFrom(index + 1, last);
      return defer(() => toObservable(answer(step, error, call))).pipe(
        catchError((thrown: unknown) => tryFrom(index + 1, { error: thrown })),
      );
    };
    return tryFrom(0);
  }
}

function toStep(fallback: FallbackUse | ConditionalFallback): FallbackStep {
  const { on, use } =
    typeof fallback === 'object'
      ? { on: toPredicate(fallback.on), use: fallback.use }
      : { on: undefined, use: fallback };
  return {
    on,
    use,
    wantsError: typeof use === 'string' ? undefined : declaresParameter(use),
  };
}

function takes(
  { on }: FallbackStep,
  error: LazyError,
  { report }: FallbackCall,
): boolean {
  if (on === undefined) return true;
  try {
    return on(error());
  } catch (thrown) {
    report('a fallback\'s "on"', thrown);
    return false;
  }
}

function answer(
  { use, wantsError }: FallbackStep,
  error: LazyError,
  { self, args }: FallbackCall,
): unknown {
  const fallback = (
    typeof use === 'string' ? (self as Record<string, unknown>)[use] : use
  ) as (this: unknown, ...all: unknown[]) => unknown;
  return (wantsError ?? methodWantsError(fallback))
    ? fallback.call(self, error(), ...args)
    : fallback.call(self);
}

function outcomeOf(last: Thrown | undefined, original: LazyError): unknown {
  if (last === undefined) return original();
  const { error } = last;
  if (error instanceof Error && error.cause === undefined) {
    const cause = original();
    if (cause !== error && Object.isExtensible(error)) {
      Object.defineProperty(error, 'cause', {
        value: cause,
        configurable: true,
        writable: true,
      });
    }
  }
  return error;
}

function toObservable(value: unknown): Observable<unknown> {
  if (isObservable(value)) return value;
  return isPromiseLike(value) ? from(value) : of(value);
}

/** Whether a value is waited for by `await`. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/** What {@link declaresParameter} says of methods: it reads their source. */
const WANTING = new WeakMap<object, boolean>();

function methodWantsError(method: FallbackFunction): boolean {
  let wants = WANTING.get(method);
  if (wants === undefined) {
    wants = declaresParameter(method);
    WANTING.set(method, wants);
  }
  return wants;
}

/**
 * Whether a function can see its arguments. Its `length` does not tell: rest and
 * default parameters, `arguments`, bound functions and mocks all have 0.
 */
function declaresParameter(use: FallbackFunction): boolean {
  if (use.length > 0) return true;
  const source = Function.prototype.toString.call(use);
  return (
    !/^(async\s*)?(function\b\s*)?[\w$]*\s*\(\s*\)/.test(source) ||
    /\barguments\b|\[native code\]/.test(source)
  );
}
