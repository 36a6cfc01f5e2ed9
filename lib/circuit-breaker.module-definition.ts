import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { CircuitBreakerModuleOptions } from './registry/module-options.js';

/** What `forRootAsync({ useClass | useExisting })` is given. */
export interface CircuitBreakerModuleOptionsFactory {
  create(): CircuitBreakerModuleOptions | Promise<CircuitBreakerModuleOptions>;
}

export const {
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<CircuitBreakerModuleOptions>({
  optionsInjectionToken: Symbol.for('nestjs-breaker:options'),
})
  .setClassMethodName('forRoot')
  .setExtras<{
    /** Whether circuits can be injected everywhere without importing the module. @default true */
    isGlobal?: boolean;
  }>({ isGlobal: true }, (definition, { isGlobal = true }) => ({
    ...definition,
    global: isGlobal,
  }))
  .build();
