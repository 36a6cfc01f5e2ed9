import { createTimeout } from '../policies/timeout.js';
import { Deadline } from '../policies/deadline.js';
import { Retry } from '../policies/retry.js';
import type { PolicyHost } from '../policies/policy-host.js';
import type { TimeLimit } from '../policies/time-limit.js';
import type { CallPlan } from './call-options.js';

/** The policies of one plan on one circuit, each with its own state. */
export interface CallPolicies {
  readonly timeout: TimeLimit | undefined;
  readonly deadline: Deadline | undefined;
  readonly retry: Retry | undefined;
}

/** Makes a plan's policies for one circuit: budgets and caches are not shared between circuits. */
export function createPolicies(
  { timeout, deadline, retry }: CallPlan,
  host: PolicyHost,
  random: () => number,
): CallPolicies {
  return {
    timeout: timeout === false ? undefined : createTimeout(timeout, host),
    deadline: deadline === false ? undefined : new Deadline(deadline, host),
    retry: retry === false ? undefined : new Retry(retry, host, random),
  };
}
