import { z } from 'zod';
import type { Circuit } from '../circuit/circuit.js';
import { invoke } from '../circuit/invoke.js';
import type { CallContext } from '../circuit/call.js';
import {
  callOptionsSchema,
  compileCallOptions,
  type CallPlan,
} from '../circuit/call-options.js';
import {
  FailoverException,
  type FailoverFailure,
} from '../errors/failover.exception.js';
import { Deadline } from '../policies/deadline.js';
import type { PolicyHost } from '../policies/policy-host.js';
import type { Clock } from '../state/clock.js';
import { duration, option } from '../state/option.js';
import { parseOptions } from '../state/parse-options.js';
import { quote } from '../state/quote.js';

/** Calls one backend. */
export type FailoverCall<T> = (
  key: string,
  context: CallContext,
) => T | PromiseLike<T>;

/** The options of a failover. */
export const failoverOptionsSchema = callOptionsSchema
  .pick({ timeout: true, deadline: true, retry: true, isFailureResult: true })
  .extend({
    probeAfter: option(
      z.union([duration(0), z.literal(false)]).default(30_000),
      `a duration: milliseconds, or a string such as '30s', or false`,
    ),
  });

/**
 * The options of a failover: `timeout` and `retry` are those of each backend,
 * `deadline` is that of all of it.
 */
export type FailoverOptions = z.input<typeof failoverOptionsSchema> & {
  /** Aborts the call: it rejects at once with the signal's reason, and nobody else is called. */
  signal?: AbortSignal | undefined;
};

/** What a failover stands on. */
export interface FailoverHost {
  readonly clock: Clock;
  readonly warn: (message: string) => void;
  /** The circuit of a backend. */
  circuit(name: string, key: string): Circuit;
}

interface Plan {
  readonly each: CallPlan;
  readonly deadline: number | false;
  readonly probeAfter: number | false;
}

interface Backend {
  readonly key: string;
  readonly circuit: Circuit;
}

/**
 * Calls the first of several backends that answers. Those whose circuits are
 * closed come first, then those that are half-open or due; open ones refuse by
 * themselves and are left to the end, where it is their rejection that is told.
 *
 * With that alone a backend that has recovered would never be called again while
 * another one answers. So one that could be probed and was passed over for
 * `probeAfter` is tried first by one call.
 */
export class Failover {
  private readonly plans = new WeakMap<object, Plan>();
  /** Since when backends that could be probed have been passed over. */
  private readonly passedOver = new WeakMap<Circuit, number>();

  constructor(private readonly host: FailoverHost) {}

  /** See `CircuitBreakerRegistry.failover`. */
  async run<T>(
    name: string,
    keys: Iterable<string>,
    call: FailoverCall<T>,
    options: FailoverOptions = NO_OPTIONS,
  ): Promise<T> {
    const plan = this.planOf(name, options);
    const backends = this.backendsOf(name, keys);
    const { signal } = options;
    const { deadline } = plan;
    if (deadline === false) {
      return this.tryAll(name, backends, plan, call, signal);
    }
    const limit = new Deadline(deadline, this.policyHost(name, backends));
    return limit.run(signal, scope =>
      this.tryAll(name, backends, plan, call, scope.signal),
    );
  }

  private async tryAll<T>(
    name: string,
    backends: readonly Backend[],
    { each, probeAfter }: Plan,
    call: FailoverCall<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const errors: FailoverFailure[] = [];
    for (const { key } of this.inOrder(backends, probeAfter)) {
      const body = (context: CallContext) => call(key, context);
      // Meanwhile its key may have got another one.
      const circuit = this.host.circuit(name, key);
      try {
        return (await invoke(circuit, each, body, { signal }, 'promise')) as T;
      } catch (error) {
        // An answer, an error that the rules ignore, or the caller's abort.
        if (!(error instanceof MoveOn)) throw error;
        errors.push({ key, error: error.cause });
      }
    }
    throw new FailoverException(name, errors);
  }

  private inOrder(
    backends: readonly Backend[],
    probeAfter: number | false,
  ): Backend[] {
    const ranks = new Map(
      backends.map(backend => [backend, rankOf(backend.circuit)]),
    );
    const order = backends.toSorted((a, b) => ranks.get(a)! - ranks.get(b)!);
    const now = this.host.clock.now();
    for (const { circuit } of backends) {
      if (circuit.state === 'closed') this.passedOver.delete(circuit);
    }
    const overdue = order.find(
      backend =>
        ranks.get(backend) === Rank.probe &&
        this.isOverdue(backend.circuit, now, probeAfter),
    );
    return overdue === undefined
      ? order
      : [overdue, ...order.filter(backend => backend !== overdue)];
  }

  private isOverdue(
    circuit: Circuit,
    now: number,
    probeAfter: number | false,
  ): boolean {
    const since = this.passedOver.get(circuit);
    if (since === undefined) this.passedOver.set(circuit, now);
    if (since === undefined || probeAfter === false) return false;
    if (now - since < probeAfter) return false;
    // The next one waits as long again.
    this.passedOver.set(circuit, now);
    return true;
  }

  private backendsOf(name: string, keys: Iterable<string>): Backend[] {
    const backends = Array.from(new Set(keys), key => ({
      key,
      circuit: this.host.circuit(name, key),
    }));
    if (backends.length > 0) return backends;
    throw new TypeError(
      `Failover "${name}": got ${quote(keys)}; it takes the keys of at least one backend.`,
    );
  }

  private planOf(name: string, options: FailoverOptions): Plan {
    let plan = this.plans.get(options);
    if (plan === undefined) {
      plan = createPlan(name, options);
      this.plans.set(options, plan);
    }
    return plan;
  }

  private policyHost(name: string, backends: readonly Backend[]): PolicyHost {
    const { clock, warn } = this.host;
    const { captureStack } = backends[0]!.circuit.rules;
    return { name, clock, captureStack, warn, report: warn };
  }
}

const NO_OPTIONS: FailoverOptions = Object.freeze({});

/** The smaller, the earlier. */
const Rank = { ready: 0, probe: 1, refusing: 2 } as const;

function rankOf(circuit: Circuit): number {
  const { state, rules } = circuit;
  if (
    state === 'closed' ||
    state === 'forced-closed' ||
    rules.mode !== 'enforced'
  ) {
    return Rank.ready;
  }
  return circuit.wouldAdmit() ? Rank.probe : Rank.refusing;
}

/** Says that the next backend is to be called; its cause is the error of this one. */
class MoveOn extends Error {}

function createPlan(name: string, options: FailoverOptions): Plan {
  const { signal: _signal, ...given } = Object(options) as FailoverOptions;
  const { deadline, probeAfter, ...each } = parseOptions(
    failoverOptionsSchema,
    typeof options === 'object' ? given : options,
    `Failover "${name}"`,
  );
  return {
    deadline,
    probeAfter,
    each: compileCallOptions({
      ...each,
      // Asked for exactly those errors after which another backend may answer.
      fallback: (cause: unknown) => {
        throw new MoveOn('the next backend is asked', { cause });
      },
    }),
  };
}
