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

const BARE = compileCallOptions(undefined);

/** The plans of a circuit's calls: options are examined once for each object that holds them. */
export class CallPlans {
  private readonly plans = new WeakMap<object, CallPlan>();

  /**
   * @param subject whose options they are, in messages
   * @param compiled told of each plan once
   */
  constructor(
    private readonly subject: string,
    private readonly compiled: (plan: CallPlan) => void,
  ) {}

  /**
   * The plan of a call.
   *
   * @throws InvalidOptionsError that lists every bad option
   */
  of(options: ExecuteOptions | undefined): CallPlan {
    if (options === undefined) return BARE;
    return this.plans.get(options) ?? this.compile(options);
  }

  private compile(options: ExecuteOptions): CallPlan {
    const { signal: _signal, args: _args, ...callOptions } = options;
    const { cache } = callOptions;
    const plan = compileCallOptions(callOptions, this.subject, {
      // Options are often spread into a new object at each call; the object of the cache stays.
      cache: typeof cache === 'object' ? cache : undefined,
    });
    this.plans.set(options, plan);
    this.compiled(plan);
    return plan;
  }
}
