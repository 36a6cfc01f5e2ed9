import { isDeepStrictEqual } from 'node:util';
import type {
  Announcement,
  CircuitReply,
  CircuitReport,
  ExchangeReply,
  ExchangeRequest,
  ReportedView,
  SharedRules,
  StoredState,
} from '../../lib/redis/fleet-store.js';
import {
  joinOptions,
  layChange,
  type SharedOptions,
} from '../../lib/redis/shared-options.js';
import type { CircuitState } from '../../lib/state/circuit-state.js';

interface Lease {
  id: number;
  owner: string;
  deadline: number;
  started: boolean;
}

interface Probes {
  since: number;
  admitted: number;
  succeeded: number;
  failed: number;
  last: number;
  leases: Lease[];
}

interface Figures {
  calls: number;
  failures: number;
  slow: number;
}

interface Stored {
  state: CircuitState;
  gen: number;
  reason: string;
  attempt: number;
  due: number;
  ordered: number;
  config: SharedOptions;
  configGen: number;
  bucket: number;
  /** The oldest bucket that counts. */
  oldest: number;
  width: number;
  sums: Figures;
  streak: number;
  buckets: Map<number, Figures>;
  /** Instances with failures, and with slow calls: the bucket of the last. */
  failing: Map<string, number>;
  slowing: Map<string, number>;
  /** Instances that are open by themselves: until when. */
  opened: Map<string, number>;
  probes: Probes | undefined;
}

const NONE: Figures = { calls: 0, failures: 0, slow: 0 };

/** What the script does at Redis, once more, in plain code. Held to the script by random programs. */
export class SimulatedStore {
  circuits = new Map<string, Stored>();
  alive = new Map<string, number>();
  private last = new Map<string, number>();
  private epoch: string | undefined;
  private rev = 0;

  constructor(private readonly publish: (message: Announcement) => void) {}

  /** How much has been announced. */
  get revision(): number {
    return this.rev;
  }

  /** As a restart without persistence. */
  empty(): void {
    this.restore(new SimulatedStore(() => {}).save());
  }

  /** As a replica that takes over sees it. */
  save() {
    const { circuits, alive, last, epoch, rev } = this;
    return structuredClone({ circuits, alive, last, epoch, rev });
  }

  restore(saved: ReturnType<SimulatedStore['save']>): void {
    Object.assign(this, structuredClone(saved));
  }

  exchange(request: ExchangeRequest, now: number): ExchangeReply {
    const { instance, aliveFor } = request;
    this.epoch ??= request.epoch;
    const isNew = request.seq > (this.last.get(instance) ?? 0);
    if (isNew) this.last.set(instance, request.seq);
    this.alive.set(instance, now);
    if (request.leaving) this.alive.delete(instance);
    for (const [each, at] of this.alive) {
      if (at <= now - aliveFor) this.alive.delete(each);
    }
    const circuits = request.circuits.map(report => {
      const c = this.circuits.get(report.id) ?? created();
      const { gen, configGen } = c;
      const rules = request.rules[report.rules - 1]!;
      if (isNew && new Turn(this, request, report, rules, c, now).take()) {
        this.circuits.set(report.id, c);
      }
      if (c.gen !== gen || c.configGen !== configGen) {
        this.circuits.set(report.id, c);
        this.announce({ what: 'state', id: report.id, state: told(c, now) });
      }
      return answer(c, report, instance, now);
    });
    return {
      epoch: this.epoch,
      rev: this.rev,
      instances: this.alive.size,
      circuits,
    };
  }

  announce(
    message:
      | { what: 'state'; id: string; state: StoredState }
      | { what: 'wanted'; id: string; gen: number },
  ): void {
    this.rev++;
    this.publish({ ...message, rev: this.rev, epoch: this.epoch! });
  }
}

/** One report, applied. */
class Turn {
  private readonly me: string;

  constructor(
    private readonly store: SimulatedStore,
    private readonly request: ExchangeRequest,
    private readonly report: CircuitReport,
    private readonly rules: SharedRules,
    private readonly c: Stored,
    private readonly now: number,
  ) {
    this.me = request.instance;
  }

  /** Whether anything may have changed. */
  take(): boolean {
    const { c, report, now } = this;
    if (report.view) this.restore(report.view);
    if (report.view?.config) this.recall(report.view.config);
    if (report.change) {
      c.configGen = this.next(c.configGen);
      c.config = layChange(c.config, report.change, c.configGen);
    }
    if (report.order) {
      if (c.ordered <= report.gen) {
        this.become(report.order.state, report.order.reason);
        c.ordered = c.gen;
      }
      return true;
    }
    if (report.gen !== c.gen) return true;
    const isDue = c.state === 'open' && now >= c.due;
    if (c.state === 'closed') {
      if (report.calls !== undefined) this.count();
      if (report.opened !== undefined) {
        c.opened.set(this.me, now + report.opened);
      }
      this.judgeWindow();
    } else if (report.closedAlone && (isDue || c.state === 'half-open')) {
      this.become('closed', 'an instance closed on its own probes');
    } else if (isDue && report.want !== undefined) {
      this.become('half-open', 'the wait is over');
    }
    if (c.probes) this.probe(c.probes);
    return true;
  }

  private next(gen: number): number {
    return Math.max(gen + 1, this.now);
  }

  private become(state: CircuitState, reason: string): void {
    const { c } = this;
    const { attempt, due, ordered, config, configGen } = c;
    Object.assign(c, created(), {
      state,
      reason,
      gen: this.next(c.gen),
      attempt: state === 'closed' ? 0 : attempt,
      due,
      ordered,
      config,
      configGen,
    });
    if (state === 'half-open') {
      c.probes = {
        since: this.now,
        admitted: 0,
        succeeded: 0,
        failed: 0,
        last: 0,
        leases: [],
      };
    }
  }

  private open(reason: string): void {
    this.become('open', reason);
    this.c.attempt++;
    this.c.due = this.now + this.report.wait;
  }

  private restore(view: ReportedView): void {
    const { c, now, report } = this;
    if (report.gen > c.gen) {
      this.become(view.state, view.reason);
      c.gen = report.gen;
      c.attempt = view.attempt;
      c.due = now + view.left;
      c.ordered = view.ordered;
      if (view.state === 'half-open') {
        c.state = 'open';
        c.probes = undefined;
        c.gen = this.next(report.gen);
      }
    }
  }

  private recall(config: SharedOptions): void {
    const { c, report } = this;
    const joined = joinOptions(c.config, config);
    const isNews = !isDeepStrictEqual(joined, c.config);
    if (!isNews && c.configGen >= report.configGen) return;
    c.config = joined;
    c.configGen = this.next(Math.max(c.configGen, report.configGen));
  }

  private count(): void {
    const { c, rules, report, me, now } = this;
    const bucket = Math.floor(now / rules.width);
    if (rules.width !== c.width) {
      c.buckets.clear();
      c.failing.clear();
      c.slowing.clear();
      c.sums = NONE;
    }
    const before = c.buckets.get(bucket) ?? NONE;
    const isFull =
      rules.size > 0 &&
      before.calls >= rules.size &&
      c.sums.calls > before.calls;
    if (bucket !== c.bucket || rules.width !== c.width || isFull) {
      this.roll(bucket);
    }
    const { calls = 0, failures = 0, slow = 0 } = report;
    const added = { calls, failures, slow };
    c.buckets.set(bucket, sum(before, added));
    c.sums = sum(c.sums, added);
    c.streak = calls > failures ? 0 : c.streak + failures;
    if (failures > 0) c.failing.set(me, bucket);
    if (slow > 0) c.slowing.set(me, bucket);
  }

  private roll(bucket: number): void {
    const { c, rules, now } = this;
    let kept = NONE;
    let oldest = bucket + 1;
    while (
      oldest > bucket - rules.buckets + 1 &&
      (rules.size === 0 || kept.calls < rules.size)
    ) {
      oldest--;
      kept = sum(kept, c.buckets.get(oldest) ?? NONE);
    }
    for (const at of c.buckets.keys()) {
      if (at < oldest) c.buckets.delete(at);
    }
    for (const map of [c.failing, c.slowing]) {
      for (const [each, at] of map) if (at < oldest) map.delete(each);
    }
    for (const [each, until] of c.opened) {
      if (until < now) c.opened.delete(each);
    }
    c.sums = kept;
    c.bucket = bucket;
    c.oldest = oldest;
    c.width = rules.width;
    if (kept.calls === 0) c.streak = 0;
  }

  private judgeWindow(): void {
    const { c, rules, report, now, store, request } = this;
    const { calls, failures, slow } = c.sums;
    const quorum = Math.max(1, Math.min(request.quorum, store.alive.size));
    const enough = calls >= rules.minimumCalls;
    let failing: string | undefined;
    if (rules.consecutive > 0 && c.streak >= rules.consecutive) {
      failing = `${c.streak} calls in a row failed`;
    } else if (rules.failureCount > 0 && failures >= rules.failureCount) {
      failing = `${failures} calls in the window failed`;
    } else if (
      rules.failureRate > 0 &&
      enough &&
      failures * 1000 >= rules.failureRate * calls
    ) {
      failing = `${failures} of ${calls} calls failed`;
    }
    const isSlow =
      rules.slowRate > 0 && enough && slow * 1000 >= rules.slowRate * calls;
    const opened =
      report.opened === undefined
        ? 0
        : [...c.opened.values()].filter(until => until >= now).length;
    if (failing !== undefined && c.failing.size >= quorum) {
      this.open(`${failing} in the fleet`);
    } else if (isSlow && c.slowing.size >= quorum) {
      this.open(`${slow} of ${calls} calls were slow in the fleet`);
    } else if (opened >= quorum) {
      this.open(`${opened} instances opened by themselves`);
    }
  }

  private probe(p: Probes): void {
    const { rules, report, c } = this;
    p.leases = p.leases.filter(lease => {
      if (lease.deadline >= this.now) return true;
      if (lease.started) p.failed++;
      else p.admitted--;
      return false;
    });
    this.conclude(p);
    const results = p.succeeded + p.failed;
    const reason = `${p.succeeded} of ${results} probes of the fleet succeeded`;
    const isOver = this.now - p.since > rules.maxDuration && results > 0;
    const of = isOver ? results : rules.probes;
    const needed = rules.successRate * of;
    const best = p.succeeded + (isOver ? 0 : Math.max(0, of - results));
    if (p.succeeded * 1000 >= needed) return this.become('closed', reason);
    if (best * 1000 < needed) return this.open(reason);
    let { want = 0 } = report;
    for (; want > 0; want--) {
      if (p.admitted >= rules.probes || p.leases.length >= rules.concurrency) {
        break;
      }
      p.admitted++;
      p.leases.push({
        id: (p.last = this.next(p.last)),
        owner: this.me,
        deadline: this.deadline(),
        started: false,
      });
    }
    if (
      report.urgent &&
      want > 0 &&
      p.leases.some(({ owner, started }) => owner !== this.me && !started)
    ) {
      this.store.announce({ what: 'wanted', id: report.id, gen: c.gen });
    }
  }

  private deadline(): number {
    return this.now + this.request.claimFor + this.rules.callDeadline;
  }

  private conclude(p: Probes): void {
    const { report, me } = this;
    for (const lease of p.leases) {
      if (report.keep && lease.owner === me && !lease.started) {
        lease.deadline = this.deadline();
      }
    }
    const mine = (id: number) =>
      p.leases.find(lease => lease.id === id && lease.owner === me);
    const take = (ids: readonly number[] = []) => {
      const taken = ids.filter(id => {
        const lease = mine(id);
        p.leases = p.leases.filter(each => each !== lease);
        return lease !== undefined;
      });
      return taken.length;
    };
    for (const id of report.started ?? []) {
      const lease = mine(id);
      if (lease)
        Object.assign(lease, { started: true, deadline: this.deadline() });
    }
    p.succeeded += take(report.succeeded);
    p.failed += take(report.failed);
    p.admitted -= take(report.returned);
  }
}

function created(): Stored {
  return {
    state: 'closed',
    gen: 0,
    reason: '',
    attempt: 0,
    due: 0,
    ordered: 0,
    config: {},
    configGen: 0,
    bucket: 0,
    oldest: 0,
    width: 0,
    sums: NONE,
    streak: 0,
    buckets: new Map(),
    failing: new Map(),
    slowing: new Map(),
    opened: new Map(),
    probes: undefined,
  };
}

function told(c: Stored, now: number): StoredState {
  const { state, gen, reason, attempt, due, ordered, config, configGen } = c;
  const left = Math.max(0, due - now);
  return { state, gen, reason, attempt, left, ordered, config, configGen };
}

function answer(
  c: Stored,
  report: CircuitReport,
  me: string,
  now: number,
): CircuitReply {
  const { calls, failures, slow } = c.sums;
  const differs =
    c.gen !== report.gen ||
    c.configGen !== report.configGen ||
    (report.view !== undefined && report.view.state !== c.state);
  return {
    ...(differs && { state: told(c, now) }),
    ...(report.calls !== undefined &&
      c.gen === report.gen && {
        window: [calls, failures, slow, c.oldest, c.bucket] as const,
      }),
    ...(c.probes && {
      leases: c.probes.leases
        .filter(({ owner }) => owner === me)
        .map(({ id }) => id),
    }),
  };
}

function sum(a: Figures, b: Figures): Figures {
  return {
    calls: a.calls + b.calls,
    failures: a.failures + b.failures,
    slow: a.slow + b.slow,
  };
}
