export { CircuitBreakerDashboardModule } from './circuit-breaker-dashboard.module.js';
export type {
  CircuitBreakerDashboardOptionsFactory,
  DashboardRoute,
} from './circuit-breaker-dashboard.module-definition.js';
export type { DashboardAction } from './dashboard-action.js';
export type {
  Authorize,
  CircuitBreakerDashboardOptions,
  DashboardAuthorizer,
  DashboardRequest,
} from './dashboard-options.js';
export type {
  CircuitFigures,
  CircuitView,
  ThresholdsView,
} from './circuit-view.js';
export type { HistorySeries, HistoryView } from './call-history.js';
export type {
  CircuitsMessage,
  FiguresMessage,
  SnapshotMessage,
} from './stream-messages.js';
