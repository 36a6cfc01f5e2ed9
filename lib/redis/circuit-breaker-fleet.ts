import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { InvalidOptionsError } from '../errors/invalid-options.error.js';
import type { CircuitBreakerRegistry } from '../registry/circuit-breaker.registry.js';
import type { SharedViewStatus } from '../registry/registry-coordinator.js';
import { systemClock, type Clock } from '../state/clock.js';
import { parseOptions } from '../state/parse-options.js';
import { Fleet } from './fleet.js';
import {
  fleetOptionsSchema,
  type CircuitBreakerFleetOptions,
} from './fleet-options.js';
import { RedisFleetStore } from './redis-fleet-store.js';
import type { FleetLogger } from './store-link.js';

/** A timer that keeps no process alive. */
const clock: Clock = {
  ...systemClock,
  schedule(delayMs, fn) {
    const timer = setTimeout(fn, delayMs).unref();
    return () => clearTimeout(timer);
  },
};

/**
 * Shares the circuits of a registry with the other instances of the application.
 * In a Nest application `CircuitBreakerFleetModule` makes it; inject it to see
 * how it is doing.
 */
export class CircuitBreakerFleet {
  private readonly fleet: Fleet;
  private readonly leave: () => void;

  /**
   * @throws InvalidOptionsError that lists every bad option
   * @throws Error if the registry's circuits are shared already
   */
  constructor(
    registry: CircuitBreakerRegistry,
    options: CircuitBreakerFleetOptions,
    logger: FleetLogger = new Logger('CircuitBreakerFleet'),
  ) {
    const settings = parseOptions(
      fleetOptionsSchema,
      options,
      'CircuitBreakerFleetModule',
    );
    const connection = settings.client ?? settings.connection;
    if (connection === undefined) {
      throw new InvalidOptionsError('CircuitBreakerFleetModule', [
        {
          path: 'connection',
          message: `is missing: give \`connection\` (a URL such as 'redis://localhost:6379', or settings for ioredis) or \`client\` (a client of ioredis)`,
        },
      ]);
    }
    const { namespace, timeout } = settings;
    const store = new RedisFleetStore({ connection, namespace, timeout });
    this.fleet = new Fleet(settings, {
      store,
      clock,
      logger,
      newId: randomUUID,
      prepare: (circuit, { patch, renewed }) =>
        circuit.key === null
          ? registry.preparePatch(circuit.name, patch, renewed)
          : circuit.preparePatch(patch, renewed),
    });
    try {
      this.leave = registry.coordinate(this.fleet);
    } catch (error) {
      // Its connections would try for ever.
      void store.close();
      throw error;
    }
    this.fleet.start();
  }

  /** How the shared view is doing; without it circuits decide alone. */
  get status(): SharedViewStatus {
    return this.fleet.status;
  }

  /** Says goodbye to the other instances and closes its connections. From then on circuits decide alone. */
  async close(): Promise<void> {
    await this.fleet.stop();
    this.leave();
  }
}
