import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import type { Circuit } from '../circuit/circuit.js';
import type { CircuitBreakerRegistry } from '../registry/circuit-breaker.registry.js';
import { CIRCUIT_EVENT_TYPES, type CircuitEvent } from '../state/events.js';
import { openWait } from '../state/open-wait.js';
import { countFromHere } from './counted-totals.js';
import type { FaultOptions } from './fault-options.js';
import { injectFaults, type InjectedFaults } from './inject-faults.js';
import { recordedCalls, type RecordedCalls } from './recorded-calls.js';
import type { VirtualClock } from './virtual-clock.js';

const BY_TEST = 'the test put it there';

/**
 * What a test holds of the application's circuits: their time, their states, what
 * has become of their calls, and faults.
 *
 * @example
 * const testing = moduleRef.get(CircuitBreakerTesting);
 * testing.open('payments');
 * await expect(checkout.pay(order)).resolves.toEqual({ status: 'queued' });
 */
export class CircuitBreakerTesting implements OnModuleInit, OnModuleDestroy {
  private readonly faults = new Set<InjectedFaults>();
  private events: CircuitEvent[] = [];
  private isRecording = false;

  /** @internal an application gets it from `CircuitBreakerTestingModule`. */
  constructor(
    /** The time of all circuits of the application. */
    readonly clock: VirtualClock,
    private readonly findRegistry: () => CircuitBreakerRegistry,
  ) {}

  /** The circuits of the application. */
  get registry(): CircuitBreakerRegistry {
    const registry = this.findRegistry();
    if (!this.isRecording) {
      this.isRecording = true;
      // Until the application ends: then its circuits let go of their listeners.
      registry.on(CIRCUIT_EVENT_TYPES, event => this.events.push(event));
    }
    return registry;
  }

  /**
   * A circuit by its declared name, and by its key if it is keyed.
   *
   * @throws UnknownCircuitError that names the closest declared circuit
   */
  circuit(name: string, key?: string): Circuit {
    const { registry } = this;
    return key === undefined ? registry.get(name) : registry.keyed(name, key);
  }

  /** Opens a circuit as a failing dependency would: calls are refused until the wait is over. */
  open(name: string, key?: string): void {
    const circuit = this.circuit(name, key);
    const wait = openWait(
      circuit.rules,
      1,
      0,
      () => 0,
      (_what, error) => {
        throw error;
      },
    );
    circuit.machine.follow({
      state: 'open',
      reason: BY_TEST,
      wait,
      attempt: 1,
    });
  }

  /** Makes a circuit half-open, with all its probes to come. */
  halfOpen(name: string, key?: string): void {
    this.circuit(name, key).machine.follow({
      state: 'half-open',
      reason: BY_TEST,
      attempt: 1,
    });
  }

  /** Closes a circuit, with an empty window. */
  close(name: string, key?: string): void {
    this.circuit(name, key).reset(BY_TEST);
  }

  /**
   * What has become of the calls of a circuit since the start, or since the last
   * {@link reset}.
   *
   * @param key only those of one keyed circuit; without it, all under the name
   * @throws UnknownCircuitError that names the closest declared circuit
   */
  calls(name: string, key?: string): RecordedCalls {
    this.registry.get(name);
    return recordedCalls(
      this.events.filter(
        event =>
          event.name === name && (key === undefined || event.key === key),
      ),
    );
  }

  /**
   * As {@link injectFaults}, by name; they end with the application or at the next
   * {@link reset}.
   *
   * @throws InvalidOptionsError that lists every bad option
   */
  injectFaults(
    name: string,
    options: FaultOptions,
    key?: string,
  ): InjectedFaults {
    const faults = injectFaults(this.circuit(name, key), options);
    this.faults.add(faults);
    return faults;
  }

  /**
   * For `beforeEach`: faults end, every circuit is closed with an empty window, and
   * records and the counts of the matchers begin anew. The clock goes on.
   */
  reset(): void {
    this.stopFaults();
    for (const circuit of this.registry) {
      circuit.reset(BY_TEST);
      countFromHere(circuit);
    }
    this.events = [];
  }

  /** @internal */
  onModuleInit(): void {
    // Found and recorded from here on at the latest.
    void this.registry;
  }

  /** @internal */
  onModuleDestroy(): void {
    this.stopFaults();
  }

  private stopFaults(): void {
    for (const faults of this.faults) faults.stop();
    this.faults.clear();
  }
}
