import type { Observable } from 'rxjs';

/** Any method. */
export type Method = (...args: never[]) => unknown;

/**
 * What TypeScript holds a class against whose method names a fallback: each name
 * must be a public method that takes an error and then the arguments of the
 * protected method (fewer will do), and answers with what that method answers.
 *
 * A name that is only known at run time (a `string`) is checked at the start of
 * the application.
 */
export type HasFallbacks<
  Host,
  Name extends string,
  M extends Method,
> = string extends Name
  ? unknown
  : {
      readonly [N in Name]: N extends keyof Host
        ? StandsInFor<Host[N], M> extends true
          ? unknown
          : FallbackFor<M>
        : FallbackFor<M>;
    };

/** Refuses the static methods of a class: they belong to no instance. */
export type IsInstance<Host> = Host extends Function
  ? 'a static method belongs to no instance'
  : unknown;

/** As {@link HasFallbacks} for a class: which arguments come after the error depends on the method, or is the `ExecutionContext`. */
export type HasClassFallbacks<Host, Name extends string> = string extends Name
  ? unknown
  : {
      readonly [N in Name]: N extends keyof Host
        ? TakesError<Host[N]> extends true
          ? unknown
          : (error: unknown, ...args: never[]) => unknown
        : (error: unknown, ...args: never[]) => unknown;
    };

/** The shape of a fallback, as a reader of a compile error sees it. */
export type FallbackFor<M extends Method> = (
  error: unknown,
  ...args: Parameters<M>
) => FallbackAnswer<ReturnType<M>>;

/** What may be answered in the place of an answer: a fallback of an asynchronous method may be synchronous. */
export type FallbackAnswer<Answer> = [Answer] extends [never]
  ? unknown
  : Answer extends Observable<infer Value>
    ? Answer | PromiseLike<Value> | Value
    : Answer extends PromiseLike<infer Value>
      ? PromiseLike<Value> | Value
      : Answer;

type StandsInFor<F, M extends Method> = F extends (
  error: never,
  ...args: Parameters<M>
) => FallbackAnswer<ReturnType<M>>
  ? TakesError<F>
  : false;

/** Whether the first parameter, if there is one, can be an error: `Error`, one of its classes, `unknown`. */
type TakesError<F> = F extends () => unknown
  ? true
  : F extends (error: infer E, ...args: never[]) => unknown
    ? Error extends E
      ? true
      : E extends Error
        ? true
        : false
    : false;
