import type {
  CircuitReport,
  ExchangeReply,
  ExchangeRequest,
  ReportedView,
  SharedRules,
  StoredState,
} from '../../lib/redis/fleet-store.js';
import type {
  OptionChange,
  SharedOptions,
} from '../../lib/redis/shared-options.js';
import type { Random } from '../support/random.js';

const INSTANCES = ['a', 'b', 'c-3'];
const CIRCUITS = ['p', 'q%20r'];

/** Small numbers, so that thresholds, waits and deadlines meet all the time. */
function rulesFrom(random: Random): SharedRules {
  const { pick } = random;
  return {
    size: pick(0, 0, 4, 8),
    width: pick(10, 10, 10, 25),
    buckets: pick(1, 3, 5),
    minimumCalls: pick(1, 3, 6),
    failureRate: pick(0, 200, 500, 1000),
    slowRate: pick(0, 334, 500),
    failureCount: pick(0, 0, 3, 5),
    consecutive: pick(0, 0, 2, 4),
    probes: pick(1, 2, 3, 5),
    concurrency: pick(1, 2, 3),
    successRate: pick(200, 500, 667, 1000),
    callDeadline: pick(10, 30),
    maxDuration: pick(20, 50, 100),
  };
}

/** Instances that remember what they were answered, and tell all that one can tell, sense or nonsense. */
export class RandomExchanges {
  now = 1_700_000_000_000;
  private readonly rules: SharedRules[];
  private readonly seqs = new Map<string, number>();
  private readonly known = new Map<string, StoredState>();
  private readonly leases = new Map<string, number[]>();
  /** All that was ever answered: what instances know may be old, or of another circuit. */
  private readonly configs: SharedOptions[] = [{}];
  private previous: ExchangeRequest | undefined;

  constructor(private readonly random: Random) {
    this.rules = [rulesFrom(random), rulesFrom(random)];
  }

  next(): ExchangeRequest {
    const { random } = this;
    const { chance, pick, upTo } = random;
    this.now += pick(0, 1, 3, 5, 10, 10, 25, 60);
    // Clocks are set back.
    if (chance(0.02)) this.now -= 500;
    if (chance(0.05) && this.previous) return this.previous;
    const instance = pick(...INSTANCES);
    const seq = (this.seqs.get(instance) ?? 0) + 1;
    this.seqs.set(instance, seq);
    const circuits = CIRCUITS.filter(() => chance(0.7)).map(id =>
      this.report(instance, id),
    );
    return (this.previous = {
      instance,
      seq,
      epoch: `epoch-${upTo(9)}`,
      quorum: pick(1, 2, 2, 3),
      aliveFor: pick(40, 300),
      claimFor: pick(5, 20),
      ttl: 60_000,
      ...(chance(0.03) && { leaving: true as const }),
      rules: this.rules,
      circuits,
    });
  }

  answered(request: ExchangeRequest, reply: ExchangeReply): void {
    request.circuits.forEach(({ id }, index) => {
      const { state, leases } = reply.circuits[index]!;
      const key = `${request.instance} ${id}`;
      if (state) {
        this.known.set(key, state);
        this.configs.push(state.config);
      }
      this.leases.set(key, [...(leases ?? [])]);
    });
  }

  private report(instance: string, id: string): CircuitReport {
    const { random } = this;
    const { chance, pick, upTo } = random;
    const key = `${instance} ${id}`;
    const known = this.known.get(key);
    const leases = this.leases.get(key) ?? [];
    const calls = 1 + upTo(4);
    const failures = upTo(calls);
    const slow = chance(0.6) ? 0 : upTo(calls);
    const gen = chance(0.9)
      ? (known?.gen ?? 0)
      : pick(0, this.now + 5, (known?.gen ?? 0) + 1, (known?.gen ?? 9) - 1);
    const ids = () => leases.filter(() => chance(0.5));
    return {
      id,
      gen,
      configGen: chance(0.9) ? (known?.configGen ?? 0) : 1,
      rules: chance(0.9) ? 1 : 2,
      wait: pick(0, 5, 20, 50),
      ...(chance(0.6) && {
        calls,
        ...(failures > 0 && { failures }),
        ...(slow > 0 && { slow }),
      }),
      ...(chance(0.1) && { opened: pick(0, 10, 60) }),
      ...(chance(0.1) && { closedAlone: true as const }),
      ...(chance(0.6) && { want: 1 + upTo(2) }),
      ...(chance(0.3) && { urgent: true as const }),
      ...(chance(0.3) && { keep: true as const }),
      ...(chance(0.6) && { started: ids() }),
      ...(chance(0.5) && { succeeded: ids() }),
      ...(chance(0.4) && { failed: ids() }),
      ...(chance(0.3) && { returned: ids() }),
      ...(chance(0.03) && {
        order: {
          state: pick('forced-open', 'forced-closed', 'closed', 'half-open'),
          reason: `order "${upTo(9)}" 'é'`,
        },
      }),
      ...(chance(0.06) && { change: this.change() }),
      ...(chance(0.1) && { view: this.view(known) }),
    };
  }

  private view(known: StoredState | undefined): ReportedView {
    const { chance, pick } = this.random;
    return {
      state: chance(0.7)
        ? (known?.state ?? 'closed')
        : pick('open', 'closed', 'half-open', 'forced-open'),
      reason: known?.reason ?? 'restored',
      attempt: pick(0, 1, 2),
      left: pick(0, 10, 40),
      ordered: known?.ordered ?? 0,
      ...(chance(0.5) && { config: pick(...this.configs) }),
    };
  }

  /** Plain options, parts of one, the whole of it, and windows of both kinds. */
  private change(): OptionChange {
    const { pick, upTo } = this.random;
    const value = `${upTo(9)}`;
    return pick<OptionChange>(
      { minimumCalls: value },
      { openDuration: `"${value}s"`, recordErrors: '[]' },
      { 'bulkhead.maxQueue': value },
      { 'bulkhead.maxConcurrent': value, minimumCalls: value },
      { bulkhead: 'false' },
      { bulkhead: '{}' },
      { bulkhead: 'false', 'bulkhead.maxQueue': value },
      { 'window.size': value },
      { 'window.type': '"count"', 'window.size': value },
      { 'window.type': '"time"', 'window.duration': value },
      { 'window.type': '"time"', 'window.buckets': value },
    );
  }
}
