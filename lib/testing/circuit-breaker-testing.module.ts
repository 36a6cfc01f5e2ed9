import { Global, Module, type DynamicModule } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { CircuitBreakerModule } from '../circuit-breaker.module.js';
import { applicationRegistry } from '../registry/application-registry.js';
import { CircuitBreakerRegistry } from '../registry/circuit-breaker.registry.js';
import type { CircuitBreakerModuleOptions } from '../registry/module-options.js';
import {
  REGISTRY_DEPENDENCIES,
  type RegistryDependencies,
} from '../registry/registry-dependencies.js';
import { CIRCUIT_BREAKER_REGISTRY } from '../registry/registry-token.js';
import { CircuitBreakerTesting } from './circuit-breaker-testing.js';
import { VirtualClock } from './virtual-clock.js';

/**
 * Puts the circuits of an application on a virtual clock and gives tests a handle on
 * them, {@link CircuitBreakerTesting}.
 *
 * Import the class itself beside an application that has circuits already; its
 * options stay. Where there is none, `forRoot` brings circuits of its own.
 *
 * Jitter of open circuits is not drawn, so that waits are exactly as long as
 * `openDuration`.
 *
 * @example
 * const moduleRef = await Test.createTestingModule({
 *   imports: [AppModule, CircuitBreakerTestingModule],
 * }).compile();
 * await moduleRef.init();
 * const testing = moduleRef.get(CircuitBreakerTesting);
 */
@Global()
@Module({
  providers: [
    { provide: VirtualClock, useFactory: () => new VirtualClock() },
    {
      provide: REGISTRY_DEPENDENCIES,
      inject: [VirtualClock],
      useFactory: (clock: VirtualClock): RegistryDependencies => ({
        clock,
        random: () => 0,
      }),
    },
    {
      provide: CircuitBreakerTesting,
      inject: [
        VirtualClock,
        ModuleRef,
        // Asked for here so that it is recorded before any hook runs.
        { token: CIRCUIT_BREAKER_REGISTRY, optional: true },
      ],
      useFactory: createTesting,
    },
  ],
  exports: [VirtualClock, REGISTRY_DEPENDENCIES, CircuitBreakerTesting],
})
export class CircuitBreakerTestingModule {
  /**
   * In the place of `CircuitBreakerModule.forRoot`, for tests of a few providers
   * without their application.
   *
   * @param options as `CircuitBreakerModule.forRoot` takes them
   */
  static forRoot(options: CircuitBreakerModuleOptions = {}): DynamicModule {
    return {
      module: CircuitBreakerTestingModule,
      imports: [CircuitBreakerModule.forRoot(options)],
    };
  }
}

function createTesting(
  clock: VirtualClock,
  moduleRef: ModuleRef,
  known: CircuitBreakerRegistry | undefined,
): CircuitBreakerTesting {
  const testing = new CircuitBreakerTesting(
    clock,
    // With `isGlobal: false` it is found when everything is there.
    () =>
      known ?? applicationRegistry(moduleRef, 'CircuitBreakerTestingModule'),
  );
  if (known !== undefined) void testing.registry;
  return testing;
}
