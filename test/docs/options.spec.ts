import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { callOptionsSchema } from '../../lib/circuit/call-options.js';
import { openTelemetryOptionsSchema } from '../../lib/opentelemetry/open-telemetry-options.js';
import { prometheusOptionsSchema } from '../../lib/prometheus/prometheus-options.js';
import { fleetOptionsSchema } from '../../lib/redis/fleet-options.js';
import { moduleOptionsSchema } from '../../lib/registry/module-options.js';
import { builtInPresets } from '../../lib/registry/presets.js';
import { circuitOptionsSchema } from '../../lib/state/circuit-options.js';
import { optionDocs } from '../../lib/state/option.js';
// @ts-expect-error a script, which has no types
import * as tables from '../../scripts/options-table.mjs';

const { optionsTable, PAGES, withTables } = tables as {
  PAGES: readonly string[];
  optionsTable(schema: unknown, docs: unknown, id?: string): string;
  withTables(text: string, made: Record<string, string>): string;
};

const SCHEMAS = {
  circuit: circuitOptionsSchema,
  call: callOptionsSchema,
  module: moduleOptionsSchema,
  prometheus: prometheusOptionsSchema,
  opentelemetry: openTelemetryOptionsSchema,
  fleet: fleetOptionsSchema,
};

describe('the options in the docs', () => {
  it.each(PAGES)('are those of the schemas: %s', path => {
    const page = readFileSync(path, 'utf8');
    const made = Object.fromEntries(
      Object.entries(SCHEMAS).map(([name, schema]) => [
        name,
        optionsTable(
          schema,
          optionDocs,
          // On the page of Prometheus's, some of which have the same names.
          name === 'opentelemetry' ? 'opentelemetry.' : '',
        ),
      ]),
    );

    // If this is red: npm run docs:options
    expect(cellsOf(page)).toEqual(cellsOf(withTables(page, made)));
  });

  it('have a table for each schema', () => {
    const all = PAGES.map(path => readFileSync(path, 'utf8')).join('\n');
    for (const name of Object.keys(SCHEMAS)) {
      expect(all).toContain(`<!-- options:${name} -->`);
    }
  });

  it.each(Object.entries(SCHEMAS))(
    'say of every %s option what it takes and what it means',
    (_kind, schema) => {
      for (const [key, option] of Object.entries(schema.shape)) {
        expect({ key, ...optionDocs.get(option) }).toEqual({
          key,
          takes: expect.any(String),
          meaning: expect.any(String),
        });
      }
    },
  );

  it('tell every preset', () => {
    const page = readFileSync('docs/options.md', 'utf8');
    for (const preset of Object.keys(builtInPresets)) {
      expect(page).toContain(`| \`${preset}\``);
    }
  });
});

/** Formatting pads cells; what they say is what counts. */
function cellsOf(page: string): string[] {
  return page
    .split('\n')
    .map(line => line.replaceAll(/-{3,}/g, '---').replaceAll(/ +/g, ' '));
}
