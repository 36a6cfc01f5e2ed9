import {
  Inject,
  Module,
  type DynamicModule,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { CircuitBreakerRegistry } from '../registry/circuit-breaker.registry.js';
import { CIRCUIT_BREAKER_REGISTRY } from '../registry/registry-token.js';
import {
  ConfigurableFleetModuleClass,
  FLEET_OPTIONS_TOKEN,
} from './circuit-breaker-fleet.module-definition.js';
import { CircuitBreakerFleet } from './circuit-breaker-fleet.js';
import type { CircuitBreakerFleetOptions } from './fleet-options.js';

/**
 * Lets the instances of an application share their circuits over Redis or Valkey.
 * It stands beside `CircuitBreakerModule`, which makes the circuits.
 *
 * @example
 * imports: [
 *   CircuitBreakerModule.forRoot(),
 *   CircuitBreakerFleetModule.forRoot({ connection: 'redis://localhost:6379', namespace: 'shop' }),
 * ]
 */
@Module({
  providers: [
    {
      provide: CircuitBreakerFleet,
      inject: [
        FLEET_OPTIONS_TOKEN,
        { token: CIRCUIT_BREAKER_REGISTRY, optional: true },
      ],
      useFactory: createFleet,
    },
  ],
  exports: [CircuitBreakerFleet],
})
export class CircuitBreakerFleetModule
  extends ConfigurableFleetModuleClass
  implements OnApplicationShutdown
{
  constructor(
    @Inject(CircuitBreakerFleet) private readonly fleet: CircuitBreakerFleet,
  ) {
    super();
  }

  /** @throws InvalidOptionsError, when the application starts, with every bad option */
  static override forRoot(options: CircuitBreakerFleetOptions): DynamicModule {
    return super.forRoot(options);
  }

  /** After the last request, so that its outcome is still told. */
  async onApplicationShutdown(): Promise<void> {
    await this.fleet.close();
  }
}

function createFleet(
  options: CircuitBreakerFleetOptions,
  registry: CircuitBreakerRegistry | undefined,
): CircuitBreakerFleet {
  if (registry === undefined) {
    throw new Error(
      'CircuitBreakerFleetModule found no circuits to share. Import CircuitBreakerModule.forRoot() in the root module, too, and leave it global.',
    );
  }
  return new CircuitBreakerFleet(registry, options);
}
