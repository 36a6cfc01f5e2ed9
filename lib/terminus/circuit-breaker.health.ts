import { Injectable } from '@nestjs/common';
import {
  HealthIndicatorService,
  type HealthIndicatorResult,
} from '@nestjs/terminus';
import type { Circuit } from '../circuit/circuit.js';
import { CircuitBreakerRegistry } from '../registry/circuit-breaker.registry.js';
import type { SharedViewStatus } from '../registry/registry-coordinator.js';
import { describeTrouble, type CircuitTrouble } from './circuit-trouble.js';

/** Which circuits are looked at, and what an open one may do. */
export interface CircuitHealthOptions {
  /** Names of circuits. @default all of them */
  readonly names?: readonly string[];
  /**
   * Whether an open `critical` circuit may answer `down`. Use it for readiness,
   * never for liveness: a restart heals no dependency.
   *
   * @default false
   */
  readonly readiness?: boolean;
}

/** What the health answer says beside the status. */
export interface CircuitHealthDetails extends Record<string, unknown> {
  /** How many circuits were looked at. */
  readonly circuits: number;
  /** Those that are not plainly closed, by name, keyed ones by `name[key]`; the first hundred. */
  readonly troubled: Readonly<Record<string, CircuitTrouble>>;
  /** How the view shared with other instances is doing; left out without a fleet. */
  readonly fleet?: SharedViewStatus;
}

/** Keyed circuits may be many, and a probe's answer is read by machines every few seconds. */
const MOST_LISTED = 100;

/**
 * Health of the circuits for `@nestjs/terminus`: `up` while all are closed,
 * `degraded` otherwise, and while a fleet's store is out of reach (on Terminus 11, which has no such status, `up` with the
 * details). `down` only for readiness, and only while an enforced, critical
 * circuit is open and its wait has not run out: once it is due, traffic must be
 * able to come back and probe.
 *
 * @example
 * this.health.check([
 *   () => this.circuits.isHealthy('circuits', { readiness: true }),
 * ]);
 */
@Injectable()
export class CircuitBreakerHealthIndicator {
  constructor(
    private readonly healthIndicator: HealthIndicatorService,
    private readonly registry: CircuitBreakerRegistry,
  ) {}

  /**
   * @param key what the answer is called
   * @throws UnknownCircuitError if a name is not declared
   */
  isHealthy<const Key extends string>(
    key: Key,
    { names, readiness = false }: CircuitHealthOptions = {},
  ): HealthIndicatorResult<Key> {
    const circuits = this.select(names);
    const troubled: [string, CircuitTrouble][] = [];
    let isDown = false;
    for (const circuit of circuits) {
      const trouble = describeTrouble(circuit);
      if (trouble === undefined) continue;
      const { name, key: own } = circuit;
      troubled.push([own === null ? name : `${name}[${own}]`, trouble]);
      isDown ||= readiness && blocksReadiness(circuit, trouble);
    }
    const { sharedView: fleet } = this.registry;
    const details: CircuitHealthDetails = {
      circuits: circuits.length,
      troubled: Object.fromEntries(troubled.slice(0, MOST_LISTED)),
      ...(fleet && { fleet }),
    };
    const session = this.healthIndicator.check(key);
    if (isDown) return session.down(details);
    // Out of reach of the others circuits still work, each by itself: never a reason to go down.
    const isApart = fleet !== null && !fleet.joined;
    if (troubled.length === 0 && !isApart) return session.up(details);
    // Terminus 11 knows only up and down, and a circuit that is open is no reason to go down.
    return 'degraded' in session
      ? session.degraded(details)
      : (session as HealthSession11<Key>).up({ ...details, degraded: true });
  }

  private select(names: readonly string[] | undefined): Circuit[] {
    if (names === undefined) return [...this.registry];
    // An unknown name throws: a misspelt one would be healthy for ever.
    const chosen = new Set(names.map(name => this.registry.get(name).name));
    return Array.from(this.registry).filter(({ name }) => chosen.has(name));
  }
}

interface HealthSession11<Key extends string> {
  up(details: Record<string, unknown>): HealthIndicatorResult<Key>;
}

/** One key's circuit never does: the other keys still work. */
function blocksReadiness(
  { key, rules }: Circuit,
  { retryAfter }: CircuitTrouble,
): boolean {
  return (
    key === null &&
    rules.critical &&
    rules.mode === 'enforced' &&
    // Only an open circuit has one.
    (retryAfter ?? 0) > 0
  );
}
