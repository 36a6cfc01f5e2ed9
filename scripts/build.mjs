// Builds the package twice, for `import` and for `require`: Nest 12 projects are ESM, Nest 11 projects test in CommonJS.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { buildPage } from './build-page.mjs';

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

rmSync('dist', { recursive: true, force: true });
for (const [format, type] of [
  ['esm', 'module'],
  ['cjs', 'commonjs'],
]) {
  const { status } = spawnSync(
    process.execPath,
    [tsc, '-p', `tsconfig.${format}.json`],
    { stdio: 'inherit' },
  );
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(`dist/${format}/package.json`, `{ "type": "${type}" }\n`);
}
await buildPage(['esm', 'cjs']);
