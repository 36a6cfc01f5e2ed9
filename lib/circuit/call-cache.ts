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

  constructor(
    { subject }: CallPlan,
    private readonly rules: CacheRules,
    private readonly host: PolicyDependencies,
  ) {
    this.namespace = cacheNamespace(host.name, host.key, subject);
    this.answers = new StaleCache(rules, host, host.cacheStore);
  }

  /**
   * What a call's answer is kept under, or `undefined` if it is not to be cached.
   *
   * @throws InvalidOptionsError where nothing tells two calls apart
   */
  keyOf({ args, atHandler }: Call): string | undefined {
    const { rules, host } = this;
    if (rules.key === undefined && (args === undefined || atHandler === true)) {
      throw new InvalidOptionsError(`A cached call of "${host.name}"`, [
        {
          path: 'cache.key',
          message:
            'is missing, and the arguments of the call are not known here; give key, a function that answers a string',
        },
      ]);
    }
    return cacheKeyOf(rules, this.namespace, args ?? [], host);
  }
}
