import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { CircuitBreakerFleetOptions } from './fleet-options.js';

/** What `forRootAsync({ useClass | useExisting })` is given. */
export interface CircuitBreakerFleetOptionsFactory {
  create(): CircuitBreakerFleetOptions | Promise<CircuitBreakerFleetOptions>;
}

export const {
  ConfigurableModuleClass: ConfigurableFleetModuleClass,
  MODULE_OPTIONS_TOKEN: FLEET_OPTIONS_TOKEN,
} = new ConfigurableModuleBuilder<CircuitBreakerFleetOptions>({
  optionsInjectionToken: Symbol.for('nestjs-breaker:fleet-options'),
})
  .setClassMethodName('forRoot')
  .build();
