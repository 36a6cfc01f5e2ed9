import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * The built package, by its own name as users import it; or another build of it,
 * to compare two (`--package`, `--against`).
 */
export function packageUnderTest() {
  const folder = process.env.BENCH_PACKAGE;
  return folder === undefined
    ? import('nestjs-breaker')
    : import(pathToFileURL(join(folder, 'index.js')).href);
}
