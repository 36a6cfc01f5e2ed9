/** How many retries there may be. */
export interface RetryBudgetRules {
  /** Retries for each call. */
  readonly ratio: number;
  /** Retries beyond the ratio. */
  readonly burst: number;
  /** Milliseconds over which calls and retries are counted. */
  readonly per: number;
}

/** In how many steps old calls are let go. */
const STEPS = 10;

/**
 * Lets at most `ratio` retries for each call, and a few more so that a quiet
 * caller may retry at all (after the retry budgets of Google's SRE book, chapter
 * "Handling Overload", and of Finagle). Without it an outage multiplies its own
 * load by the number of attempts.
 */
export class RetryBudget {
  private readonly calls = new Uint32Array(STEPS);
  private readonly retries = new Uint32Array(STEPS);
  private step = -Infinity;

  constructor(private readonly rules: RetryBudgetRules) {}

  /** @param now monotonic milliseconds */
  countCall(now: number): void {
    this.calls[this.slotAt(now)]!++;
  }

  /** Takes a retry out of the budget if there is one left. */
  tryTake(now: number): boolean {
    const slot = this.slotAt(now);
    const { ratio, burst } = this.rules;
    // As integers of a thousandth: a sum of floats would lose retries.
    const allowed = Math.round(sum(this.calls) * ratio * 1000) + burst * 1000;
    if ((sum(this.retries) + 1) * 1000 > allowed) return false;
    this.retries[slot]!++;
    return true;
  }

  private slotAt(now: number): number {
    const step = Math.floor((now * STEPS) / this.rules.per);
    if (step > this.step) {
      const gone = Math.min(STEPS, step - this.step);
      for (let each = step - gone + 1; each <= step; each++) {
        this.calls[slotOf(each)] = this.retries[slotOf(each)] = 0;
      }
      this.step = step;
    }
    return slotOf(this.step);
  }
}

/** An injected clock may start below zero. */
function slotOf(step: number): number {
  return ((step % STEPS) + STEPS) % STEPS;
}

function sum(counts: Uint32Array): number {
  let all = 0;
  for (const each of counts) all += each;
  return all;
}
