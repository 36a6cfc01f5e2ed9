import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { callOptionsSchema } from '../../lib/circuit/call-options.js';
import { moduleOptionsSchema } from '../../lib/registry/module-options.js';
import { builtInPresets } from '../../lib/registry/presets.js';
import { circuitOptionsSchema } from '../../lib/state/circuit-options.js';
import { optionDocs } from '../../lib/state/option.js';
// @ts-expect-error a script, which has no types
import * as tables from '../../scripts/options-table.mjs';

const { optionsTable, withTables } = tables as {
  optionsTable(schema: unknown, docs: unknown): string;
  withTables(text: string, made: Record<string, string>): string;
};

const PAGE = readFileSync('docs/options.md', 'utf8');

describe('docs/options.md', () => {
  it('has the tables that the schemas make', () => {
    const made = {
      circuit: optionsTable(circuitOptionsSchema, optionDocs),
      call: optionsTable(callOptionsSchema, optionDocs),
      module: optionsTable(moduleOptionsSchema, optionDocs),
    };

    // If this is red: npm run docs:options
    expect(cellsOf(PAGE)).toEqual(cellsOf(withTables(PAGE, made)));
  });

  it.each([
    ['circuit', circuitOptionsSchema],
    ['call', callOptionsSchema],
    ['module', moduleOptionsSchema],
  ])(
    'says of every %s option what it takes and what it means',
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

  it('tells every preset', () => {
    for (const preset of Object.keys(builtInPresets)) {
      expect(PAGE).toContain(`| \`${preset}\``);
    }
  });
});

/** Formatting pads cells; what they say is what counts. */
function cellsOf(page: string): string[] {
  return page
    .split('\n')
    .map(line => line.replaceAll(/-{3,}/g, '---').replaceAll(/ +/g, ' '));
}
