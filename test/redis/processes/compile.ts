import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transformFileSync } from '@swc/core';

/** Where the compiled library goes: inside `node_modules`, so that its imports are found. */
const FOLDER = join(process.cwd(), 'node_modules/.cache/nestjs-breaker-fleet');

/** Compiles the library for processes that Jest does not transform. */
export function compileLibrary(): string {
  for (const file of readdirSync('lib', { recursive: true }) as string[]) {
    if (!file.endsWith('.ts')) continue;
    const { code } = transformFileSync(join('lib', file), {
      module: { type: 'es6' },
      jsc: {
        target: 'es2022',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true },
      },
    });
    const target = join(FOLDER, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, code);
  }
  writeFileSync(join(FOLDER, 'package.json'), '{ "type": "module" }');
  return FOLDER;
}
