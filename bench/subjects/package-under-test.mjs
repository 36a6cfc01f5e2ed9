import { pathToFileURL } from 'node:url';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The built package, by its own name as users import it; or another build of it,
 * to compare two (`--package`, `--against`).
 *
 * @param {string} [folder]
 */
export function packageUnderTest(folder = process.env.BENCH_PACKAGE) {
  if (!folder) return import('nestjs-breaker');
  const index = join(folder, 'index.js');
  return import(
    pathToFileURL(
      existsSync(index) ? index : join(folder, 'circuit/circuit.js'),
    ).href
  );
}
