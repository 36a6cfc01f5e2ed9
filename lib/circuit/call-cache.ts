import { InvalidOptionsError } from '../errors/invalid-options.error.js';
import { cacheKeyOf, cacheNamespace } from '../policies/cache-key.js';
import type { CacheRules } from '../policies/cache-options.js';
import { StaleCache } from '../policies/stale-cache.js';
import type { Call } from './call.js';
import type { CallPlan } from './call-options.js';
import type { PolicyDependencies } from './call-policies.js';

/** The cached answers of one plan on one circuit, and what they are called. */
export class CallCache {
  readonly answers: StaleCache;
  private readonly namespace: string;
  private readonly isMethod: boolean;

  constructor(
    private readonly rules: CacheRules,
    { method }: CallPlan,
    private readonly host: PolicyDependencies,
  ) {
    this.isMethod = method !== undefined;
    this.namespace = cacheNamespace(host.name, host.key, method ?? null);
    // Only a method has a name that nobody else answers to: others share no store.
    const store = method === undefined ? undefined : host.cacheStore;
    this.answers = new StaleCache(rules, host, store);
  }

  /**
   * What a call's answer is kept under, or `undefined` if it is not to be cached.
   *
   * @throws InvalidOptionsError where nothing tells two calls apart: only a
   *   decorated method has a name and arguments of its own
   */
  keyOf({ args, atHandler }: Call): string | undefined {
    const { rules, host } = this;
    if (rules.key === undefined && (!this.isMethod || atHandler === true)) {
      throw new InvalidOptionsError(`A cached call of "${host.name}"`, [
        {
          path: 'cache.key',
          message:
            'is missing, and what the call asks for is not known here; give key, a function that answers a string',
        },
      ]);
    }
    return cacheKeyOf(rules, this.namespace, args ?? [], host);
  }
}
