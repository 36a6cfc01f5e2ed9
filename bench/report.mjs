// node bench/report.mjs [results.json]: writes a run into docs/benchmarks.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { markdown } from './table.mjs';

const BEGIN = '<!-- run: written by bench/report.mjs -->';
const END = '<!-- end of run -->';

/** The latest whole run, unless another is named. */
const source =
  process.argv[2] ?? new URL('./results/whole.json', import.meta.url);
const docs = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url));

const page = readFileSync(docs, 'utf8');
const begin = page.indexOf(BEGIN);
const end = page.indexOf(END);
if (begin < 0 || end < begin) {
  throw new Error(`docs/benchmarks.md needs "${BEGIN}" and then "${END}"`);
}
const run = JSON.parse(readFileSync(source, 'utf8'));
const written = `${page.slice(0, begin)}${BEGIN}\n\n${markdown(run)}\n\n${page.slice(end)}`;
const options = await resolveConfig(docs);
writeFileSync(docs, await format(written, { ...options, parser: 'markdown' }));
