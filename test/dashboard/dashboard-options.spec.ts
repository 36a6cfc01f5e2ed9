import { describe, expect, it } from '@jest/globals';
import type { ModuleRef } from '@nestjs/core';
import { Dashboard } from '../../lib/dashboard/dashboard.js';
import { DASHBOARD_OPTIONS } from '../../lib/dashboard/dashboard-options.js';
import { errorFrom, problemsFrom } from '../support/registry-bench.js';

/** Begins a dashboard with options as they may be written in JavaScript. */
function begin(options: object): Dashboard {
  return new Dashboard({} as ModuleRef, options);
}

describe('the options of the dashboard', () => {
  it('name the module where they cannot be taken', () => {
    expect(errorFrom(() => begin({ authorize: true })).message).toMatch(
      /^CircuitBreakerDashboardModule: an option cannot be taken\./,
    );
  });

  it('are injected under a token that a second copy of the package has, too', () => {
    expect(DASHBOARD_OPTIONS).toBe(
      Symbol.for('nestjs-breaker:dashboard-options'),
    );
  });

  it('may be left out', () => {
    begin({});
    begin({ authorize: undefined, allowedHosts: undefined });
    begin({ authorize: () => true, allowedHosts: [] });
  });

  it('are refused where authorize is no function', () => {
    expect(problemsFrom(() => begin({ authorize: true }))).toEqual([
      'authorize: got true, takes a function (request, action) that answers true, a name, or false',
    ]);
  });

  it('are refused where one is not known', () => {
    expect(problemsFrom(() => begin({ authorise: true }))).toEqual([
      'authorise: got true, but there is no such option; did you mean "authorize"?',
    ]);
  });

  it.each([
    'localhost',
    'ops.example.com',
    'OPS-2.example.com',
    '.example.com',
    '10.0.0.7',
  ])('take %s for the name of a host', host => {
    begin({ allowedHosts: [host] });
  });

  it.each([
    'https://ops.example.com',
    '//ops.example.com',
    'ops.example.com:443',
    'ops.example.com/',
    '*.example.com',
    'ops_1.example.com',
    'ops..example.com',
    'ops.example.com.',
    '..example.com',
    '.',
    '',
  ])('take %p for no name of a host', host => {
    const hosts = ['ops.example.com', host];
    expect(problemsFrom(() => begin({ allowedHosts: hosts }))).toEqual([
      `allowedHosts[1]: got '${host}', takes a host name without scheme and port, such as 'ops.example.com', or '.example.com' for all under it`,
    ]);
  });

  it('take one host for no list of hosts', () => {
    expect(
      problemsFrom(() => begin({ allowedHosts: 'ops.example.com' })),
    ).toEqual([
      "allowedHosts: got 'ops.example.com', takes an array of host names such as 'ops.example.com'",
    ]);
  });
});
