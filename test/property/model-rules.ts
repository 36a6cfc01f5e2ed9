/** The rules of a circuit as the model takes them: all given, in milliseconds. */
export interface ModelRules {
  mode: 'enforced' | 'shadow' | 'disabled';
  window:
    | { type: 'count'; size: number; maxAge: number | false }
    | { type: 'time'; duration: number; buckets: number };
  minimumCalls: number;
  failureRateThreshold: number | false;
  failureCount: number | false;
  consecutiveFailures: number | false;
  slowCallDuration: number | false;
  slowCallRateThreshold: number | false;
  openDuration: number | { initial: number; multiplier: number };
  maxOpenDuration: number;
  openJitter: number;
  halfOpen: {
    calls: number;
    concurrency: number;
    successRateThreshold: number;
    callDeadline: number;
    maxDuration: number;
  };
}

/** What `configure` takes: some of the rules, and some of those of half-open. */
export type ModelPatch = Partial<Omit<ModelRules, 'halfOpen'>> & {
  halfOpen?: Partial<ModelRules['halfOpen']>;
};

/** `part / whole >= threshold`, in whole numbers (rule 5). */
export function reaches(threshold: number, part: number, whole: number) {
  return part * 1000 >= Math.round(threshold * 1000) * whole;
}
