import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';

const globals = new URL('./test-globals.mjs', import.meta.url).href;

/** Finds the TypeScript behind an import of ours, and our own `@jest/globals`. */
export async function resolve(specifier, context, next) {
  if (specifier === '@jest/globals')
    return { url: globals, shortCircuit: true };
  const { parentURL } = context;
  if (specifier.startsWith('.') && parentURL?.endsWith('.ts')) {
    const url = new URL(specifier.replace(/\.js$/, '.ts'), parentURL);
    if (existsSync(url)) return { url: url.href, shortCircuit: true };
  }
  return next(specifier, context);
}

/** Compiles TypeScript as Jest's transform does. */
export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts'))
    return next(url, context);
  const filename = fileURLToPath(url);
  const { code } = await transform(readFileSync(filename, 'utf8'), {
    filename,
    module: { type: 'es6' },
    sourceMaps: 'inline',
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
  });
  return { format: 'module', source: code, shortCircuit: true };
}
