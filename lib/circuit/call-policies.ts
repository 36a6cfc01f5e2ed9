import { LRUCache } from 'lru-cache';
import type { CacheRules } from '../policies/cache-options.js';
import type { CacheStore } from '../policies/cache-store.js';
import { Deadline } from '../policies/deadline.js';
import type { PolicyHost } from '../policies/policy-host.js';
import { RetryBudget } from '../policies/retry-budget.js';
import { Retry, type RetryRules } from '../policies/retry.js';
import type { TimeLimit } from '../policies/time-limit.js';
import { createTimeout } from '../policies/timeout.js';
import { CallCache } from './call-cache.js';
import type { CallPlan } from './call-options.js';

/** What policies stand on. */
export type PolicyDependencies = PolicyHost & {
  /** A number from 0 to 1. */
  readonly random: () => number;
  /** The key of a keyed circuit. */
  readonly key: string | null;
  /** Where answers are cached; the process's memory without one. */
  readonly cacheStore?: CacheStore | undefined;
  /** Whether calls that are none of each other's business share the circuit. */
  readonly cachesNothing: boolean;
};

/** The policies of one plan on one circuit. */
export interface CallPolicies {
  readonly timeout: TimeLimit | undefined;
  readonly deadline: Deadline | undefined;
  readonly retry: Retry | undefined;
  readonly cache: CallCache | undefined;
}

/** Different times and budgets that are kept; a call that brings others has its own. */
const MOST_KEPT = 64;

/**
 * The policies of one circuit. What has a state of its own is shared by plans
 * with the same settings: options that are written inline make a new plan at each
 * call, and a retry budget for each call would be none.
 */
export class PolicyPool {
  // Made when they are wanted: most of ten thousand circuits have bare calls alone.
  private policies: WeakMap<CallPlan, CallPolicies> | undefined;
  private caches: WeakMap<object, CallCache> | undefined;
  private kept:
    LRUCache<string, TimeLimit | Deadline | RetryBudget> | undefined;

  constructor(private readonly host: PolicyDependencies) {}

  of(plan: CallPlan): CallPolicies {
    this.policies ??= new WeakMap();
    let policies = this.policies.get(plan);
    if (policies === undefined) {
      policies = this.create(plan);
      this.policies.set(plan, policies);
    }
    return policies;
  }

  private create(plan: CallPlan): CallPolicies {
    const { host } = this;
    const { timeout, deadline, retry, cache } = plan;
    return {
      timeout:
        timeout === false
          ? undefined
          : this.keep(`timeout ${timeout}`, () => createTimeout(timeout, host)),
      deadline:
        deadline === false
          ? undefined
          : this.keep(
              `deadline ${deadline}`,
              () => new Deadline(deadline, host),
            ),
      retry: retry === false ? undefined : this.createRetry(retry),
      cache:
        cache === false || host.cachesNothing
          ? undefined
          : this.cacheOf(plan, cache),
    };
  }

  private createRetry(rules: RetryRules): Retry {
    const { host } = this;
    const { budget } = rules;
    const shared =
      budget === false
        ? undefined
        : this.keep(
            `budget ${JSON.stringify(budget)}`,
            () => new RetryBudget(budget),
          );
    return new Retry(rules, host, host.random, shared);
  }

  private cacheOf(plan: CallPlan, rules: CacheRules): CallCache {
    this.caches ??= new WeakMap();
    let cache = this.caches.get(plan.cacheIdentity);
    if (cache === undefined) {
      cache = new CallCache(rules, plan, this.host);
      this.caches.set(plan.cacheIdentity, cache);
    }
    return cache;
  }

  private keep<T extends TimeLimit | Deadline | RetryBudget>(
    name: string,
    create: () => T,
  ): T {
    this.kept ??= new LRUCache({ max: MOST_KEPT });
    // What a name begins with says what it names.
    const found = this.kept.get(name) as T | undefined;
    if (found !== undefined) return found;
    const created = create();
    this.kept.set(name, created);
    return created;
  }
}
