import type { DynamicModule } from '@nestjs/common';
import { Circuit } from '../../lib/circuit/circuit.js';
import { ProtectionModule } from '../../lib/protection/protection.module.js';
import { CIRCUIT_BREAKER_REGISTRY } from '../../lib/registry/registry-token.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';

/** TEMPORARY stand-in until lib/registry and lib/circuit-breaker.module.ts are there. */
export class StubRegistry {
  readonly circuits = new Map<string, Circuit>();
  readonly declared: string[] = [];
  constructor(private readonly options: Record<string, CircuitOptions> = {}) {}
  declare(name: string, options: CircuitOptions | undefined, source: string) {
    this.declared.push(`${source}=${name}`);
    let circuit = this.circuits.get(name);
    if (!circuit) {
      const keyed = new Map<string, Circuit>();
      const all = { openJitter: 0, ...options, ...this.options[name] };
      circuit = new Circuit(name, all, {
        keyed: key => {
          if (!keyed.has(key)) keyed.set(key, new Circuit(name, all, { key }));
          return keyed.get(key)!;
        },
      });
      this.circuits.set(name, circuit);
    }
    return circuit;
  }
  get(name: string) {
    const circuit = this.circuits.get(name);
    if (!circuit) throw new Error(`no ${name} in ${[...this.circuits.keys()]}`);
    return circuit;
  }
  names() {
    return [...this.circuits.keys()];
  }
}
class StubModule {}
export function breakerModule(
  circuits: Record<string, CircuitOptions> = {},
): DynamicModule {
  return {
    module: StubModule,
    imports: [ProtectionModule],
    providers: [
      { provide: StubRegistry, useFactory: () => new StubRegistry(circuits) },
      { provide: CIRCUIT_BREAKER_REGISTRY, useExisting: StubRegistry },
    ],
    exports: [StubRegistry],
  };
}
