import {
  compileCallOptions,
  type CallOptions,
  type CallPlan,
} from './call-options.js';

/** A call's own options, its signal and the arguments that its fallbacks get. */
export type ExecuteOptions = CallOptions & {
  /** Aborts the call: it rejects at once with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** What fallbacks and `key` are called with. */
  args?: readonly unknown[] | undefined;
};

interface KnownPlan {
  readonly options: ExecuteOptions;
  readonly plan: CallPlan;
}

/** The plans of a circuit's calls: options are examined once for each object that holds them. */
export class CallPlans {
  private plans: WeakMap<object, CallPlan> | undefined;
  /** Saves the look into the map, a tenth of what an open circuit's fallback costs (`bench/`, "open, fallback"). */
  private latest: KnownPlan | undefined;

  /** @param circuit whose calls they are; told of each timeout once */
  constructor(
    private readonly circuit: {
      readonly name: string;
      warnOfTimeout(plan: CallPlan): void;
    },
  ) {}

  /**
   * The plan of a call.
   *
   * @throws InvalidOptionsError that lists every bad option
   */
  of(options: ExecuteOptions): CallPlan {
    if (this.latest?.options === options) return this.latest.plan;
    const plan = this.plans?.get(options);
    if (plan === undefined) return this.compile(options);
    // Only of options that are used again and hold nothing of a call: it would be kept alive.
    if (options.args === undefined && options.signal === undefined) {
      this.latest = { options, plan };
    }
    return plan;
  }

  private compile(options: ExecuteOptions): CallPlan {
    const { signal: _signal, args: _args, ...callOptions } = options;
    const { cache } = callOptions;
    const subject = `A call of "${this.circuit.name}"`;
    const plan = compileCallOptions(callOptions, subject, {
      // Options are often spread into a new object at each call; the object of the cache stays.
      cache: cache || undefined,
    });
    this.plans ??= new WeakMap();
    this.plans.set(options, plan);
    this.circuit.warnOfTimeout(plan);
    return plan;
  }
}
