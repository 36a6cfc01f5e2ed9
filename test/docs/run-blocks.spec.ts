import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Logger, type Type } from '@nestjs/common';
import {
  CONTROLLER_WATERMARK,
  INJECTABLE_WATERMARK,
  MODULE_METADATA,
} from '@nestjs/common/constants.js';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { of } from 'rxjs';
import { Circuit, CircuitBreakerModule } from '../../lib/index.js';
import { sourceOf } from './block-source.js';
import { codeBlocksOf, type CodeBlock } from './code-blocks.js';
import { pagesOf } from './pages.js';

/** Pages whose blocks are parts of one test file: they have to be read together. */
const ONLY_COMPILED = ['docs/testing.md'];

const BLOCKS = pagesOf('README.md', 'docs')
  .filter(page => !ONLY_COMPILED.includes(page))
  .flatMap(codeBlocksOf)
  .map(block => [`${block.page}:${block.line}`, block] as const);

/** What blocks take for granted and use at once. All else stands for itself. */
const GIVEN: Record<string, unknown> = {
  circuit: new Circuit('docs'),
  url: 'data:text/plain,ok',
  charge: async () => 'paid',
  transfer: async () => 'transferred',
  client: { rate: async () => 1, send: () => of(1), emit: () => of(1) },
  order: { id: '7' },
  http: { get: () => of({ data: { rate: 1 } }) },
  prices$: of(1),
  readings$: of({ value: 1 }),
};

describe('each block of code in the docs', () => {
  // Inside `test`, so that it is compiled like every other test.
  const folder = mkdtempSync('test/docs/run-blocks-');
  const before = globalThis.fetch;

  beforeAll(() => {
    Logger.overrideLogger(false);
    globalThis.fetch = async () => Response.json({ circuits: {} });
  });

  afterAll(() => {
    globalThis.fetch = before;
    rmSync(folder, { recursive: true });
  });

  it.each(BLOCKS)('%s runs', async (_name, block) => {
    const file = `block-${BLOCKS.findIndex(([, each]) => each === block)}`;
    const given = Object.fromEntries(
      declaredIn(block).map(name => [name, GIVEN[name] ?? standIn(name)]),
    );
    Object.assign(globalThis, given);
    try {
      writeFileSync(join(folder, `${file}.ts`), sourceOf(block));
      const exported = (await import(
        `./${basename(folder)}/${file}.js`
      )) as Record<string, unknown>;
      await start(Object.values(exported).filter(isClass), block);
    } finally {
      for (const name of Object.keys(given))
        Reflect.deleteProperty(globalThis, name);
    }
  });
});

describe('the pages that are only compiled', () => {
  it('are tests themselves', () => {
    for (const page of ONLY_COMPILED) {
      const blocks = codeBlocksOf(page);
      expect(blocks.some(({ code }) => code.includes('describe('))).toBe(true);
    }
  });
});

function declaredIn({ given }: CodeBlock): string[] {
  return Array.from(
    given.matchAll(/declare (?:const|function|class) ([\w$]+)/g),
    ([, name = '']) => name,
  );
}

/** Can be called and looked into without end. */
function standIn(name: string): unknown {
  const target = Object.assign(() => undefined, {
    [Symbol.iterator]: undefined,
  });
  return new Proxy(target, {
    get: (_target, key) =>
      key === 'then' || typeof key === 'symbol'
        ? Reflect.get(target, key)
        : standIn(`${name}.${key}`),
    apply: () => standIn(`${name}()`),
  });
}

/** Starts and closes an application of what the block exports. */
async function start(classes: Type[], { code }: CodeBlock): Promise<void> {
  const modules = classes.filter(has(MODULE_METADATA.IMPORTS));
  const controllers = classes.filter(has(CONTROLLER_WATERMARK));
  const providers = classes.filter(
    each => !controllers.includes(each) && has(INJECTABLE_WATERMARK)(each),
  );
  if (modules.length + controllers.length + providers.length === 0) return;
  const names = Array.from(code.matchAll(/@InjectCircuit\('([^']+)'\)/g));
  const circuits = Object.fromEntries(names.map(([, name]) => [name, {}]));
  const module = await Test.createTestingModule({
    imports:
      modules.length > 0
        ? modules
        : [CircuitBreakerModule.forRoot({ circuits })],
    ...(modules.length > 0 ? {} : { controllers, providers }),
  })
    .useMocker(token => standIn(String(token)))
    .compile();
  await module.init();
  await module.close();
}

function has(key: string): (target: object) => boolean {
  return target => Reflect.hasMetadata(key, target);
}

function isClass(value: unknown): value is Type {
  return typeof value === 'function' && /^class\b/.test(String(value));
}
