// Writes the tables of options in docs/ anew: npm run docs:options
import { readFileSync, writeFileSync } from 'node:fs';
import { callOptionsSchema } from '../dist/esm/circuit/call-options.js';
import { openTelemetryOptionsSchema } from '../dist/esm/opentelemetry/open-telemetry-options.js';
import { prometheusOptionsSchema } from '../dist/esm/prometheus/prometheus-options.js';
import { fleetOptionsSchema } from '../dist/esm/redis/fleet-options.js';
import { moduleOptionsSchema } from '../dist/esm/registry/module-options.js';
import { circuitOptionsSchema } from '../dist/esm/state/circuit-options.js';
import { optionDocs } from '../dist/esm/state/option.js';
import { optionsTable, PAGES, withTables } from './options-table.mjs';

const tables = {
  circuit: optionsTable(circuitOptionsSchema, optionDocs),
  call: optionsTable(callOptionsSchema, optionDocs),
  module: optionsTable(moduleOptionsSchema, optionDocs),
  prometheus: optionsTable(prometheusOptionsSchema, optionDocs),
  opentelemetry: optionsTable(
    openTelemetryOptionsSchema,
    optionDocs,
    'opentelemetry.',
  ),
  fleet: optionsTable(fleetOptionsSchema, optionDocs),
};

for (const page of PAGES) {
  writeFileSync(page, withTables(readFileSync(page, 'utf8'), tables));
}
