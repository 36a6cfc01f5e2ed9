// Writes the table of survivors in docs/mutation-testing.md anew.
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { formatTable, readSurvivors } from './survivors.mjs';

const PAGE = 'docs/mutation-testing.md';

const page = readFileSync(PAGE, 'utf8').replace(
  /(<!-- survivors -->).*(<!-- \/survivors -->)/s,
  (_, start, end) => `${start}\n\n${formatTable(readSurvivors())}\n\n${end}`,
);
const options = await resolveConfig(PAGE);
writeFileSync(PAGE, await format(page, { ...options, parser: 'markdown' }));
