// Writes the tables of docs/options.md anew: npm run docs:options
import { readFileSync, writeFileSync } from 'node:fs';
import { callOptionsSchema } from '../dist/esm/circuit/call-options.js';
import { moduleOptionsSchema } from '../dist/esm/registry/module-options.js';
import { circuitOptionsSchema } from '../dist/esm/state/circuit-options.js';
import { optionDocs } from '../dist/esm/state/option.js';
import { optionsTable, withTables } from './options-table.mjs';

const PAGE = new URL('../docs/options.md', import.meta.url);

writeFileSync(
  PAGE,
  withTables(readFileSync(PAGE, 'utf8'), {
    circuit: optionsTable(circuitOptionsSchema, optionDocs),
    call: optionsTable(callOptionsSchema, optionDocs),
    module: optionsTable(moduleOptionsSchema, optionDocs),
  }),
);
