import {
  ConfigurableModuleBuilder,
  type CanActivate,
  type Type,
} from '@nestjs/common';
import { createDashboardController } from './dashboard.controller.js';
import {
  DASHBOARD_OPTIONS,
  type CircuitBreakerDashboardOptions,
} from './dashboard-options.js';

/** What `forRootAsync({ useClass | useExisting })` is given. */
export interface CircuitBreakerDashboardOptionsFactory {
  create():
    CircuitBreakerDashboardOptions | Promise<CircuitBreakerDashboardOptions>;
}

/** What must be known when the module is defined, also with `forRootAsync`. */
export interface DashboardRoute {
  /** Where the page is, under the application's global prefix. @default 'circuits' */
  path?: string;
  /** Who may look at all. Each is put on every route of the dashboard. @default none */
  guards?: readonly (CanActivate | Type<CanActivate>)[];
}

export const { ConfigurableModuleClass, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<CircuitBreakerDashboardOptions>({
    optionsInjectionToken: DASHBOARD_OPTIONS,
  })
    .setClassMethodName('forRoot')
    .setExtras<DashboardRoute>(
      { path: 'circuits', guards: [] },
      (definition, { path = 'circuits', guards = [] }) => ({
        ...definition,
        controllers: [createDashboardController(path, guards)],
      }),
    )
    .build();
