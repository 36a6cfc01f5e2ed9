import { Logger } from '@nestjs/common';
import type { CallPlan } from '../circuit/call-options.js';
import type { Call } from '../circuit/call.js';
import type { Circuit } from '../circuit/circuit.js';
import { circuitTitle } from '../state/circuit-title.js';
import { FaultInjector, type FaultCounts } from './fault-injector.js';
import {
  parseFaults,
  type FaultOptions,
  type FaultRules,
} from './fault-options.js';
import { faultyPipeline } from './faulty-pipeline.js';
import { VirtualClock } from './virtual-clock.js';

/** Marks a circuit that has faults; one symbol for all copies of this package. */
const FAULTS = Symbol.for('nestjs-breaker:faults');

/** How long faults last on a real clock that nobody ends, in milliseconds. */
const DEFAULT_DURATION_MS = 600_000;

/** Faults that a circuit has. */
export interface InjectedFaults {
  /** Draws the same calls again if it is given as `seed`. */
  readonly seed: number;
  readonly isActive: boolean;
  /** What has been done so far. */
  readonly counts: Readonly<FaultCounts>;
  /** Ends them: what hangs fails now, and all attempts from now on are made as they are. */
  stop(): void;
}

/**
 * Has the calls of a circuit fail, wait or hang as if its dependency did it: inside
 * of the timeout, the retries and everything else. A call that is hit by an error
 * or a hang is not made. Each attempt and each subscription is drawn anew.
 *
 * Calls that the option `key` sends to circuits under the name are hit, too;
 * permits from `tryAcquire` are not, because their calls are made elsewhere.
 *
 * On a {@link VirtualClock} this is all. On a real clock the faults end by
 * themselves after `duration`, their begin and end are logged as warnings, and where
 * `NODE_ENV` is `production` they are refused unless `allowInProduction`.
 *
 * @throws InvalidOptionsError that lists every bad option
 * @throws Error if the circuit has faults already, or in production
 * @example
 * const faults = injectFaults(registry.get('payments'), { errorRate: 0.2, latency: '300ms', seed: 7 });
 * // …
 * faults.stop();
 */
export function injectFaults(
  circuit: Circuit,
  options: FaultOptions,
): InjectedFaults {
  const subject = `Faults of ${circuitTitle(circuit)}`;
  const rules = parseFaults(options, subject);
  refuseProduction(rules, subject);
  if (Object.hasOwn(circuit, FAULTS)) {
    throw new Error(
      `${subject}: the circuit has some already. Stop them first, or give one set of faults.`,
    );
  }
  const faults = new FaultInjector(circuit.name, rules, circuit.clock);
  const remove = putInFront(circuit, faults);
  const report = reportOf(circuit, rules, subject);
  const active = {
    seed: rules.seed,
    isActive: true,
    counts: faults.counts,
    stop() {
      if (!active.isActive) return;
      active.isActive = false;
      cancel();
      remove();
      faults.end();
      report.ended(faults.counts);
    },
  };
  const cancel = endLater(circuit, rules, () => active.stop());
  report.begun();
  return active;
}

function refuseProduction(
  { allowInProduction }: FaultRules,
  subject: string,
): void {
  if (process.env['NODE_ENV'] !== 'production' || allowInProduction) return;
  throw new Error(
    `${subject}: NODE_ENV is "production". If that is meant, as on a staging system, say so with allowInProduction: true.`,
  );
}

/**
 * Every call asks its circuit for the circuit that it goes through, and that one
 * for its pipeline.
 *
 * @returns what takes the faults away again
 */
function putInFront(circuit: Circuit, faults: FaultInjector): () => void {
  const { pipeline } = circuit;
  const target = (plan: CallPlan, call: Call | undefined): Circuit => {
    const own = Object.getPrototypeOf(circuit) as Circuit;
    const found = own.target.call(circuit, plan, call);
    if (found === circuit) return found;
    // Made at each call: the circuit of a key may have faults of its own by now.
    return Object.create(found, {
      pipeline: { value: faultyPipeline(found.pipeline, faults) },
    }) as Circuit;
  };
  Object.assign(circuit, {
    [FAULTS]: faults,
    pipeline: faultyPipeline(pipeline, faults),
    target,
  });
  return () => {
    Object.assign(circuit, { pipeline });
    Reflect.deleteProperty(circuit, FAULTS);
    Reflect.deleteProperty(circuit, 'target');
  };
}

function endLater(
  { clock }: Circuit,
  { duration }: FaultRules,
  stop: () => void,
): () => void {
  if (clock instanceof VirtualClock) {
    return duration === undefined ? () => {} : clock.schedule(duration, stop);
  }
  // Not on the circuit's clock: it would keep the process from ending.
  const timer = setTimeout(stop, duration ?? DEFAULT_DURATION_MS).unref();
  return () => clearTimeout(timer);
}

function reportOf({ clock }: Circuit, rules: FaultRules, subject: string) {
  // A test knows what it injects.
  if (clock instanceof VirtualClock) return { begun() {}, ended() {} };
  const logger = new Logger('CircuitBreaker');
  const duration = rules.duration ?? DEFAULT_DURATION_MS;
  return {
    begun() {
      const until = new Date(Date.now() + duration).toISOString();
      logger.warn(
        `${subject} are injected until ${until}: ${describe(rules)}; seed ${rules.seed}.`,
      );
    },
    ended({ calls, errors, hangs, delays }: FaultCounts) {
      logger.warn(
        `${subject} have ended: of ${calls} attempts ${errors} failed, ${hangs} hung and ${delays} waited.`,
      );
    },
  };
}

function describe({
  errorRate,
  hangRate,
  latency,
  latencyRate,
}: FaultRules): string {
  const wait =
    latency.min === latency.max
      ? `${latency.max} ms`
      : `${latency.min} to ${latency.max} ms`;
  return [
    errorRate > 0 ? `${percent(errorRate)} fail` : [],
    hangRate > 0 ? `${percent(hangRate)} hang` : [],
    latency.max > 0 ? `${percent(latencyRate)} wait ${wait}` : [],
  ]
    .flat()
    .join(', ');
}

function percent(rate: number): string {
  return `${Math.round(rate * 1000) / 10} %`;
}
