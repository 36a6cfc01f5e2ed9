import { z } from 'zod';
import { cacheSchema, type CacheRules } from '../policies/cache-options.js';
import { deadlineSchema } from '../policies/deadline.js';
import { FallbackChain, fallbackSchema } from '../policies/fallback.js';
import { retrySchema, type RetryRules } from '../policies/retry.js';
import { timeoutSchema } from '../policies/timeout.js';
import { isFunction, option } from '../state/option.js';
import { parseOptions } from '../state/parse-options.js';

/** The kinds of answers that a protected function can give. */
export type AnswerKind = 'promise' | 'observable' | 'value';

/** The options that belong to a method or a call. */
export const callOptionsSchema = z.strictObject({
  fallback: fallbackSchema,
  timeout: timeoutSchema,
  deadline: deadlineSchema,
  retry: retrySchema,
  cache: cacheSchema,
  key: option(
    z.custom<(...args: never[]) => string>(isFunction).optional(),
    'a function of the arguments that answers a string',
    'one circuit for each tenant, host or shard, under the name',
  ),
  isFailureResult: option(
    z.custom<(result: never) => boolean>(isFunction).optional(),
    'a function of the result that answers true or false',
    'a returned value that counts as a failure and is returned all the same',
  ),
  settleOn: option(
    z.enum(['complete', 'first']).default('complete'),
    `'complete' or 'first'`,
    'when an Observable counts as a success',
  ),
  returns: option(
    z.enum(['promise', 'observable', 'value']).optional(),
    `'promise', 'observable' or 'value'`,
    'the kind of answer that a refused call gives, where it cannot be seen',
  ),
});

/** The options of a call as a user writes them. */
export type CallOptions = z.input<typeof callOptionsSchema>;

/** Call options, ready for the pipeline. */
export interface CallPlan {
  /** Nothing but the circuit stands around the call. */
  readonly isBare: boolean;
  /** More than the circuit and a fallback. */
  readonly hasPolicies: boolean;
  /** Nothing but the circuit, a fallback and a timeout. */
  readonly isShort: boolean;
  readonly fallback: FallbackChain | undefined;
  /** Milliseconds for one attempt. */
  readonly timeout: number | false;
  /** Milliseconds for the whole call. */
  readonly deadline: number | false;
  readonly retry: RetryRules | false;
  readonly cache: CacheRules | false;
  /** Whose options they are, for errors and warnings. */
  readonly subject: string;
  /** The method that the plan was made for, as `Class.method`: keeps the cached answers of two methods apart. */
  readonly method: string | undefined;
  /** Plans with the same one share their cached answers. */
  readonly cacheIdentity: object;
  /** The options that only fit what can be waited for. */
  readonly waiting: readonly string[];
  readonly key: ((...args: unknown[]) => string) | undefined;
  readonly isFailureResult: ((result: unknown) => boolean) | undefined;
  readonly settleOn: 'complete' | 'first';
  readonly returns: AnswerKind | undefined;
}

/** What tells a plan from others with the same options. */
export interface PlanIdentity {
  /** `Class.method`. */
  readonly method?: string | undefined;
  /** An object that stands for the cached answers. @default the plan's own */
  readonly cache?: object | undefined;
}

/**
 * Validates call options and makes them ready. Do it once for a method, not at
 * each call.
 *
 * @param subject whose options they are, for the error
 * @throws InvalidOptionsError with every bad key
 */
export function compileCallOptions(
  options: CallOptions | undefined,
  subject = 'Call options',
  identity: PlanIdentity = {},
): CallPlan {
  const { fallback, key, isFailureResult, ...rest } = parseOptions(
    callOptionsSchema,
    options ?? {},
    subject,
  );
  const waiting = (['timeout', 'deadline', 'retry'] as const).filter(
    name => rest[name] !== false,
  );
  const hasPolicies = waiting.length > 0 || rest.cache !== false;
  return {
    ...rest,
    returns: rest.returns,
    isBare: fallback === undefined && key === undefined && !hasPolicies,
    hasPolicies,
    isShort:
      rest.deadline === false && rest.retry === false && rest.cache === false,
    waiting,
    subject,
    method: identity.method,
    cacheIdentity: identity.cache ?? {},
    fallback: fallback === undefined ? undefined : new FallbackChain(fallback),
    key: key as CallPlan['key'],
    isFailureResult: isFailureResult as CallPlan['isFailureResult'],
  };
}
