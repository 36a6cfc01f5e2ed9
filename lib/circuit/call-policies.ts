import type { CacheStore } from '../policies/cache-store.js';
import { createTimeout } from '../policies/timeout.js';
import { Deadline } from '../policies/deadline.js';
import { Retry } from '../policies/retry.js';
import type { PolicyHost } from '../policies/policy-host.js';
import type { TimeLimit } from '../policies/time-limit.js';
import { CallCache } from './call-cache.js';
import type { CallPlan } from './call-options.js';

/** The policies of one plan on one circuit, each with its own state. */
export interface CallPolicies {
  readonly timeout: TimeLimit | undefined;
  readonly deadline: Deadline | undefined;
  readonly retry: Retry | undefined;
  readonly cache: CallCache | undefined;
}

/** What policies stand on. */
export type PolicyDependencies = PolicyHost & {
  /** A number from 0 to 1. */
  readonly random: () => number;
  /** The key of a keyed circuit. */
  readonly key: string | null;
  /** Where answers are cached; the process's memory without one. */
  readonly cacheStore?: CacheStore | undefined;
};

/** Makes a plan's policies for one circuit: budgets and caches are not shared between circuits. */
export function createPolicies(
  plan: CallPlan,
  host: PolicyDependencies,
): CallPolicies {
  const { timeout, deadline, retry, cache } = plan;
  const { random } = host;
  return {
    cache: cache === false ? undefined : new CallCache(plan, cache, host),
    timeout: timeout === false ? undefined : createTimeout(timeout, host),
    deadline: deadline === false ? undefined : new Deadline(deadline, host),
    retry: retry === false ? undefined : new Retry(retry, host, random),
  };
}
