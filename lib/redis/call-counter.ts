import type { CallRecord, RecordedCounts } from '../state/call-record.js';

const NONE: RecordedCounts = { calls: 0, failures: 0, slow: 0 };

/** What a closed circuit has recorded and nobody has been told yet: differences of sums that it keeps anyway. */
export class CallCounter {
  private baseline: RecordedCounts;
  private pending = NONE;

  constructor(private readonly record: CallRecord) {
    this.baseline = record.recorded();
  }

  /** Forgets what was not told: it belongs to something that is over. */
  restart(): void {
    this.pending = NONE;
    this.baseline = this.record.recorded();
  }

  /** The circuit is no longer closed: what comes now is not counted until {@link resume}. */
  pause(): void {
    this.pending = this.sum();
    this.baseline = this.record.recorded();
  }

  /** The circuit is closed again. */
  resume(): void {
    this.baseline = this.record.recorded();
  }

  /** Answers what was not told, and takes it as told. */
  take(isCounting: boolean): RecordedCounts | undefined {
    const sum = isCounting ? this.sum() : this.pending;
    if (sum.calls === 0) return undefined;
    this.restart();
    return sum;
  }

  private sum(): RecordedCounts {
    const { pending, baseline } = this;
    const now = this.record.recorded();
    return {
      calls: pending.calls + now.calls - baseline.calls,
      failures: pending.failures + now.failures - baseline.failures,
      slow: pending.slow + now.slow - baseline.slow,
    };
  }
}
