import { isRefusal, type CircuitBreakerRegistry } from 'nestjs-breaker';
import type { Observable } from 'rxjs';
import { FALLBACK, type Ledger } from './ledger.js';
import { pick } from './random.js';
import { CIRCUITS, type Shop } from './shop.js';

const TICK_MS = 10;
/** How often somebody changes something: orders, options. */
const ORDER_EVERY_MS = 2_000;

/** Callers who ask for everything at random, and keep books of what they get. */
export class Traffic {
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly calls: readonly (() => void)[];

  constructor(
    private readonly shop: Shop,
    private readonly registry: CircuitBreakerRegistry,
    private readonly ledger: Ledger,
    private readonly random: () => number,
  ) {
    const number = (most: number) => Math.floor(random() * most);
    this.calls = [
      () => this.follow(CIRCUITS.retried, () => shop.retried(number(100))),
      () => this.follow(CIRCUITS.keyed, () => shop.keyed(`t${number(50)}`)),
      () => this.follow(CIRCUITS.cached, () => shop.cached(number(80))),
      () => this.follow(CIRCUITS.crowded, () => shop.crowded()),
      () => this.follow(CIRCUITS.failover, () => shop.failover()),
      () => this.follow(CIRCUITS.wrapped, () => shop.wrapped(number(100))),
      () => this.follow(CIRCUITS.unstable, () => shop.unstable()),
      () => this.callInstant(),
      () => this.callAndAbort(),
      () => this.subscribe(CIRCUITS.streamed, shop.streamed()),
      () => this.subscribe(CIRCUITS.piped, shop.piped()),
    ];
  }

  /** @param rate calls a second */
  start(rate: number): void {
    const aTick = (rate * TICK_MS) / 1_000;
    const tick = () => {
      for (let left = aTick; left > this.random(); left--) {
        pick(this.random, this.calls)();
      }
    };
    this.timers.push(
      setInterval(tick, TICK_MS),
      setInterval(() => this.order(), ORDER_EVERY_MS),
    );
  }

  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
    for (const circuit of this.registry) circuit.releaseOverride();
  }

  private follow(
    name: string,
    call: () => Promise<string>,
    signal?: AbortSignal,
  ): void {
    const entry = this.ledger.of(name);
    entry.issued++;
    call().then(
      answer => {
        entry.answered++;
        if (answer === FALLBACK) entry.fellBack++;
      },
      (error: unknown) => {
        if (signal?.aborted === true && error === signal.reason) {
          entry.aborted++;
          return;
        }
        entry.failed++;
        if (isRefusal(error)) entry.refused++;
      },
    );
  }

  private callAndAbort(): void {
    const controller = new AbortController();
    if (this.random() < 0.3) {
      const after = this.random() * 100;
      setTimeout(() => controller.abort(new Error('gone')), after);
    }
    const { signal } = controller;
    this.follow(CIRCUITS.executed, () => this.shop.executed(signal), signal);
  }

  private callInstant(): void {
    const entry = this.ledger.of(CIRCUITS.instant);
    entry.issued++;
    try {
      this.shop.instant(this.random() < 0.2);
      entry.answered++;
    } catch (error) {
      entry.failed++;
      if (isRefusal(error)) entry.refused++;
    }
  }

  /** Some subscribers leave before the end. */
  private subscribe(name: string, answers: Observable<unknown>): void {
    const entry = this.ledger.of(name);
    entry.issued++;
    let hasEnded = false;
    const end = (count: () => void) => {
      if (hasEnded) entry.twice++;
      hasEnded = true;
      count();
    };
    const subscription = answers.subscribe({
      error: (error: unknown) =>
        end(() => {
          entry.failed++;
          if (isRefusal(error)) entry.refused++;
        }),
      complete: () => end(() => entry.answered++),
    });
    if (this.random() >= 0.3) return;
    setTimeout(() => {
      if (hasEnded) return;
      hasEnded = true;
      entry.aborted++;
      subscription.unsubscribe();
    }, this.random() * 60);
  }

  /** What operators do: options change, circuits are forced and let go. */
  private order(): void {
    const name = pick(this.random, Object.values(CIRCUITS));
    const circuit = this.registry.get(name);
    const fate = this.random();
    if (fate < 0.2) circuit.forceOpen('maintenance');
    else if (fate < 0.3) circuit.forceClosed('trust it');
    else if (fate < 0.5) circuit.reset('try again');
    else if (fate < 0.8) {
      const threshold = Math.ceil(this.random() * 9) / 10;
      this.registry.configure(name, { failureRateThreshold: threshold });
    }
    if (fate < 0.3) setTimeout(() => circuit.releaseOverride(), 1_000);
  }
}
