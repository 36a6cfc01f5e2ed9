import type { DynamicModule } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { declaredCircuits } from '../../lib/protection/declared-circuits.js';
import { ProtectionModule } from '../../lib/protection/protection.module.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import { Declarations } from '../../lib/registry/declarations.js';
import { CIRCUIT_BREAKER_REGISTRY } from '../../lib/registry/registry-token.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';

/** TEMPORARY, until lib/circuit-breaker.module.ts is there. */
class StandInModule {}

/** The module of the package, with options for some circuits. */
export function breakerModule(
  circuits: Record<string, CircuitOptions> = {},
): DynamicModule {
  return {
    module: StandInModule,
    global: true,
    imports: [ProtectionModule],
    providers: [
      {
        provide: CircuitBreakerRegistry,
        inject: [ModulesContainer],
        useFactory: (modules: ModulesContainer) => {
          const declarations = new Declarations({ circuits });
          for (const declaration of declaredCircuits(modules)) {
            declarations.add('decorator', declaration);
          }
          declarations.check();
          return new CircuitBreakerRegistry(declarations);
        },
      },
      {
        provide: CIRCUIT_BREAKER_REGISTRY,
        useExisting: CircuitBreakerRegistry,
      },
    ],
    exports: [CircuitBreakerRegistry],
  };
}
