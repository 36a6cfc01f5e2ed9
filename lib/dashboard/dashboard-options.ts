import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { isFunction, option } from '../state/option.js';
import type { DashboardAction } from './dashboard-action.js';

/** Under which the options of a dashboard are injected. */
export const DASHBOARD_OPTIONS: unique symbol = Symbol.for(
  'nestjs-breaker:dashboard-options',
);

/** What every platform's request has; narrow it to yours: `(request: express.Request) => …`. */
export interface DashboardRequest {
  readonly headers: IncomingHttpHeaders;
}

/**
 * An interface with a method, and named wherever it is used: so that the shipped
 * types, too, take a function of a narrower request.
 */
export interface DashboardAuthorizer {
  /**
   * Decides whether a request may do an action: `true`, or the name of who it is,
   * which the log and the circuit's reason then show. Everything else, and
   * throwing, is a no.
   */
  authorize?(
    request: DashboardRequest,
    action: DashboardAction,
  ): boolean | string | Promise<boolean | string>;
}

/** Decides whether a request may do an action. */
export type Authorize = NonNullable<DashboardAuthorizer['authorize']>;

/** Options that decide at each request. */
export const dashboardOptionsSchema = z.strictObject({
  /** Who may force, release, reset and configure circuits; without it nobody may. */
  authorize: option(
    z.custom<Authorize>(isFunction).optional(),
    'a function (request, action) that answers true, a name, or false',
  ),
  /**
   * The names under which browsers reach the dashboard; actions also pass on
   * localhost and on IP addresses. @default []
   */
  allowedHosts: option(
    z
      .array(
        option(
          z.string().regex(/^\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/),
          "a host name without scheme and port, such as 'ops.example.com', or '.example.com' for all under it",
        ),
      )
      .default([]),
    "an array of host names such as 'ops.example.com'",
  ),
});

/** What `forRoot` takes beside `path` and `guards`. */
export type CircuitBreakerDashboardOptions = Omit<
  z.input<typeof dashboardOptionsSchema>,
  'authorize'
> &
  DashboardAuthorizer;

/** The options with every default filled in. */
export type DashboardSettings = z.output<typeof dashboardOptionsSchema>;
