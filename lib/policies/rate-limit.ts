import type { RateLimitRules } from '../state/limit-options.js';

/** Rounding that many additions may leave; far below what a clock tells apart. */
const ROUNDING_MS = 1e-6;

/**
 * A token bucket: `limit` calls at once after a rest, then one every
 * `interval / limit`. Kept as one number, the time at which the bucket would be
 * full again (the generic cell rate algorithm, ITU-T I.371, which decides as a
 * bucket does and needs no refilling).
 */
export class RateLimit {
  private fullAt = -Infinity;

  constructor(private rules: RateLimitRules) {}

  /**
   * Takes a token if there is one.
   *
   * @param now monotonic milliseconds
   */
  tryTake(now: number): boolean {
    if (this.waitFor(now) > ROUNDING_MS) return false;
    this.fullAt = Math.max(this.fullAt, now) + this.perToken;
    return true;
  }

  /** Gives back a token that {@link tryTake} gave: its call was not made. */
  giveBack(): void {
    this.fullAt -= this.perToken;
  }

  /** Milliseconds until there is a token; 0 if there is one. */
  retryAfter(now: number): number {
    return Math.max(0, this.waitFor(now));
  }

  /** Takes other rules: the tokens that are there stay, as far as they fit. */
  configure(rules: RateLimitRules, now: number): void {
    const missing = Math.max(0, this.fullAt - now) / this.perToken;
    this.rules = rules;
    this.fullAt = now + Math.min(missing, rules.limit) * this.perToken;
  }

  private get perToken(): number {
    return this.rules.interval / this.rules.limit;
  }

  private waitFor(now: number): number {
    return this.fullAt - now - (this.rules.interval - this.perToken);
  }
}
