// Every entry point of the installed package, as a user of ESM and one of CommonJS gets it.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { name, exports } = require('nestjs-breaker/package.json');
const entries = Object.keys(exports).filter(path => path !== './package.json');

/** One name that each has; the matchers of test runners are entries for their types. */
const EXPECTED = {
  '.': 'CircuitBreakerModule',
  './dashboard': 'CircuitBreakerDashboardModule',
  './opentelemetry': 'CircuitBreakerOpenTelemetryModule',
  './prometheus': 'CircuitBreakerPrometheusModule',
  './redis': 'CircuitBreakerFleetModule',
  './terminus': 'CircuitBreakerHealthIndicator',
  './testing': 'CircuitBreakerTestingModule',
  './testing/jest': 'circuitMatchers',
  './testing/vitest': 'circuitMatchers',
};

for (const entry of Object.keys(EXPECTED)) {
  assert(entries.includes(entry), `${entry} is no entry of the package`);
}
for (const entry of entries) {
  const expected = EXPECTED[entry];
  assert(expected, `${entry} is a new entry: say here what it exports`);
  const specifier = name + entry.slice(1);
  const imported = await import(specifier);
  const required = require(specifier);
  assert.equal(typeof imported[expected], typeof required[expected]);
  assert(imported[expected], `${specifier} does not export ${expected}`);
  // Each gets the build that is made for it, and both have the same names.
  assert.match(import.meta.resolve(specifier), /\/dist\/esm\//);
  assert.match(require.resolve(specifier), /\/dist\/cjs\//);
  assert.deepEqual(
    Object.keys(imported).toSorted(),
    Object.keys(required).toSorted(),
  );
}
console.log(entries.join(' '));
