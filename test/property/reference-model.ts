import { reaches } from './model-rules.js';
import type { ModelPatch, ModelRules } from './model-rules.js';
import { ModelWindow } from './model-window.js';

export interface ModelPermit {
  generation: number;
  start: number;
  isProbe: boolean;
  settled: boolean;
}

/** How a call ended, and what it told of itself. */
export interface ModelEnding {
  kind: 'success' | 'failure' | 'ignored' | 'cancelled';
  ms?: number | undefined;
  /** Milliseconds. */
  retryAfter?: number | undefined;
}

/**
 * The rules of section 4 told as plainly as possible: lists of everything that
 * happened, counted from scratch whenever a number is needed.
 */
export class ReferenceModel {
  events: string[] = [];
  private state = 'closed';
  private generation = 0;
  private attempt = 0;
  private latest = -Infinity;
  private began = 0;
  private wait = 0;
  private window = new ModelWindow(() => this.rules.window);
  private shownWhileOpen = { calls: 0, failures: 0, slow: 0 };
  private probeResults: boolean[] = [];
  private admitted: ModelPermit[] = [];
  private totals = {
    calls: 0,
    successes: 0,
    failures: 0,
    ignored: 0,
    slow: 0,
    rejected: 0,
    wouldReject: 0,
  };

  constructor(
    private rules: ModelRules,
    private readonly reading: () => number,
    private readonly random: () => number,
  ) {
    this.time();
  }

  acquire(): ModelPermit | undefined {
    const now = this.time();
    // A call that nothing is recorded of is one that has settled already.
    const free = { generation: 0, start: now, isProbe: false, settled: true };
    if (this.rules.mode === 'disabled') return free;
    if (this.admits(now)) {
      const { generation, state } = this;
      const isProbe = state === 'half-open';
      const permit = { generation, start: now, isProbe, settled: false };
      this.admitted.push(permit);
      return permit;
    }
    const isShadow = this.rules.mode === 'shadow';
    this.totals[isShadow ? 'wouldReject' : 'rejected']++;
    this.events.push(isShadow ? 'would-reject' : 'rejected');
    return isShadow ? free : undefined;
  }

  private admits(now: number): boolean {
    this.noticeDeadlines(now);
    // Rule 15: changed rules are asked at the next evaluation.
    if (this.state === 'half-open') this.judgeProbes(now);
    if (this.state === 'forced-open') return false;
    if (this.state === 'closed' && this.hanging(now) > 0) {
      if (this.tooManyAreSlow(now)) {
        this.trip(now);
        return false;
      }
    }
    if (this.state === 'open') {
      if (now - this.began < this.wait) return false;
      this.enter('half-open', now);
    }
    if (this.state === 'half-open') {
      const { calls, concurrency } = this.rules.halfOpen;
      const probes = this.probes().length;
      return probes < concurrency && probes + this.probeResults.length < calls;
    }
    return true;
  }

  settle(permit: ModelPermit, { kind, ms, retryAfter }: ModelEnding): void {
    const now = this.time();
    const isDisabled = this.rules.mode === 'disabled';
    const slow = kind !== 'ignored' && this.isSlow(ms ?? now - permit.start);
    const failed = kind === 'failure';
    const isRecorded = kind === 'success' || failed || slow;
    const isCurrent = permit.generation === this.generation;
    if (!permit.settled && isRecorded && isCurrent && !isDisabled) {
      this.noticeDeadlines(now);
    }
    if (permit.settled) return;
    permit.settled = true;
    if (isDisabled) return;
    this.count(kind === 'cancelled' ? 'ignored' : kind, slow);
    if (!isRecorded || permit.generation !== this.generation) return;
    const entry = { at: now, failed, slow };
    if (this.state === 'half-open') {
      this.window.add(entry);
      this.probeResults.push(kind === 'success' && !slow);
      this.judgeProbes(now, retryAfter);
    } else if (this.state === 'closed') {
      this.window.add(entry);
      if (kind === 'success') this.window.endStreak();
      if (failed) this.window.addToStreak(entry);
      if (this.mustTrip(now)) this.trip(now, failed ? retryAfter : 0);
    }
  }

  forceOpen(): void {
    if (this.state !== 'forced-open') this.override('forced-open');
  }

  forceClosed(): void {
    if (this.state !== 'forced-closed') this.override('forced-closed');
  }

  releaseOverride(): void {
    if (this.state === 'forced-open') this.override('half-open');
    if (this.state === 'forced-closed') this.override('closed');
  }

  reset(): void {
    if (this.state.startsWith('forced')) this.override('closed');
    else if (this.state !== 'closed') this.enter('closed', this.time());
    else {
      this.generation++;
      this.window = new ModelWindow(() => this.rules.window);
    }
  }

  configure(patch: ModelPatch): void {
    const before = sizeOf(this.rules);
    const halfOpen = { ...this.rules.halfOpen, ...patch.halfOpen };
    this.rules = { ...this.rules, ...patch, halfOpen };
    if (sizeOf(this.rules) !== before) {
      this.window.empty();
      this.shownWhileOpen = this.window.counts(0);
    }
    this.events.push('configured');
  }

  /** What `Circuit.snapshot()` must show too. */
  snapshot() {
    const now = this.time();
    const { state, generation, attempt, totals, window } = this;
    const left = Math.max(0, this.wait - (now - this.began));
    const inFlight = this.admitted.filter(({ settled }) => !settled);
    const probes = this.probes().length;
    const successes = this.probeResults.filter(good => good).length;
    const failures = this.probeResults.length - successes;
    const admitted = probes + successes + failures;
    const tally = { admitted, inFlight: probes, successes, failures };
    // In half-open a lapse that nobody has noticed yet holds the window back.
    const seenAt = this.nextLapse(now)?.at ?? now;
    return {
      state,
      generation,
      attempt,
      retryAfter: state === 'open' ? left : null,
      window: state === 'open' ? this.shownWhileOpen : window.counts(seenAt),
      totals: { ...totals },
      inFlight: inFlight.length,
      inFlightSlow: inFlight.filter(({ start }) => this.isSlow(now - start))
        .length,
      halfOpen: state === 'half-open' ? tally : null,
    };
  }

  /** Rule 12: time never goes back. */
  private time(): number {
    return (this.latest = Math.max(this.latest, this.reading()));
  }

  private mustTrip(now: number): boolean {
    const { consecutiveFailures, failureCount, failureRateThreshold } =
      this.rules;
    const { calls, failures } = this.window.counts(now);
    return (
      (consecutiveFailures !== false &&
        this.window.streak >= consecutiveFailures) ||
      (failureCount !== false && failures >= failureCount) ||
      (failureRateThreshold !== false &&
        calls >= this.minimumCalls() &&
        reaches(failureRateThreshold, failures, calls)) ||
      this.tooManyAreSlow(now)
    );
  }

  private tooManyAreSlow(now: number): boolean {
    const { slowCallRateThreshold } = this.rules;
    const hanging = this.hanging(now);
    const { calls, slow } = this.window.counts(now);
    return (
      slowCallRateThreshold !== false &&
      calls + hanging >= this.minimumCalls() &&
      reaches(slowCallRateThreshold, slow + hanging, calls + hanging)
    );
  }

  private minimumCalls(): number {
    const { window, minimumCalls } = this.rules;
    const isCount = window.type === 'count';
    return isCount ? Math.min(minimumCalls, window.size) : minimumCalls;
  }

  /** Calls of this generation in flight past `slowCallDuration`. */
  private hanging(now: number): number {
    const slow = this.current().filter(({ start }) => this.isSlow(now - start));
    return slow.length;
  }

  private isSlow(duration: number): boolean {
    const { slowCallDuration } = this.rules;
    return slowCallDuration !== false && duration > slowCallDuration;
  }

  private current(): ModelPermit[] {
    return this.admitted.filter(
      ({ settled, generation }) => !settled && generation === this.generation,
    );
  }

  private probes(): ModelPermit[] {
    return this.current().filter(({ isProbe }) => isProbe);
  }

  private count(outcome: 'success' | 'failure' | 'ignored', slow: boolean) {
    this.totals.calls++;
    if (outcome === 'success') this.totals.successes++;
    if (outcome === 'failure') this.totals.failures++;
    if (outcome === 'ignored') this.totals.ignored++;
    if (slow) this.totals.slow++;
    this.events.push(outcome, ...(slow ? ['slow'] : []));
  }

  /** Rule 8: what lapsed is noticed in the order in which it fell due. */
  private noticeDeadlines(now: number): void {
    for (let lapse = this.nextLapse(now); lapse; lapse = this.nextLapse(now)) {
      const { at, probe } = lapse;
      if (probe === undefined) this.endHalfOpen(at);
      else {
        probe.settled = true;
        this.count('failure', false);
        this.window.add({ at, failed: true, slow: false });
        this.probeResults.push(false);
        this.judgeProbes(at);
      }
    }
  }

  /** The first deadline before now: of a probe, or of half-open if it has results. */
  private nextLapse(now: number) {
    if (this.state !== 'half-open') return undefined;
    const { callDeadline, maxDuration } = this.rules.halfOpen;
    const lapses: { at: number; probe?: ModelPermit }[] = this.probes().map(
      probe => ({ at: probe.start + callDeadline, probe }),
    );
    if (this.probeResults.length > 0) {
      lapses.push({ at: this.began + maxDuration });
    }
    // The sort is stable: of equal times the probes stay in front.
    const due = lapses.filter(({ at }) => at < now);
    return due.toSorted((a, b) => a.at - b.at)[0];
  }

  private judgeProbes(now: number, retryAfter?: number): void {
    const { calls, successRateThreshold, maxDuration } = this.rules.halfOpen;
    const results = this.probeResults.length;
    const successes = this.probeResults.filter(good => good).length;
    const atBest = successes + Math.max(0, calls - results);
    if (reaches(successRateThreshold, successes, calls)) {
      this.enter('closed', now);
    } else if (!reaches(successRateThreshold, atBest, calls)) {
      this.trip(now, retryAfter);
    } else if (results > 0 && now > this.began + maxDuration) {
      this.endHalfOpen(now, retryAfter);
    }
  }

  /** Past `maxDuration` the results so far decide. */
  private endHalfOpen(at: number, retryAfter?: number): void {
    const { successRateThreshold } = this.rules.halfOpen;
    const results = this.probeResults.length;
    const successes = this.probeResults.filter(good => good).length;
    if (reaches(successRateThreshold, successes, results)) {
      this.enter('closed', at);
    } else this.trip(at, retryAfter);
  }

  private trip(at: number, retryAfter = 0): void {
    const { openDuration, maxOpenDuration, openJitter } = this.rules;
    const base =
      typeof openDuration === 'number'
        ? openDuration
        : openDuration.initial * openDuration.multiplier ** this.attempt;
    const stretch = 1 + openJitter * this.random();
    this.wait = Math.min(Math.max(base, retryAfter) * stretch, maxOpenDuration);
    this.attempt++;
    this.shownWhileOpen = this.window.counts(at);
    this.enter('open', at);
  }

  private override(to: string): void {
    this.events.push('override');
    this.enter(to, this.time());
  }

  private enter(to: string, at: number): void {
    this.events.push(`${this.state}>${to}`);
    this.state = to;
    this.generation++;
    this.began = at;
    this.probeResults = [];
    if (to === 'closed') this.attempt = 0;
    if (to !== 'open') this.window = new ModelWindow(() => this.rules.window);
  }
}

/** What makes a window start empty when it changes; `maxAge` does not. */
function sizeOf({ window }: ModelRules): string {
  return window.type === 'count'
    ? `${window.size} calls`
    : `${window.duration} ms in ${window.buckets}`;
}
