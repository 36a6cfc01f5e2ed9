import type { CodeBlock } from './code-blocks.js';

/** A block as a module of a folder in `test/docs`, which is run on the sources. */
export function sourceOf({ given, code }: CodeBlock): string {
  return `${given} export {};\n${code}`.replaceAll(
    /'nestjs-breaker(\/[\w/]+)?'/g,
    (_whole, path: string | undefined) =>
      path === '/testing/jest'
        ? `'../../../lib/testing/jest.js'`
        : `'../../../lib${path ?? ''}/index.js'`,
  );
}
