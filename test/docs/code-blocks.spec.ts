import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { codeBlocksOf, type CodeBlock } from './code-blocks.js';

const PAGES = [
  'README.md',
  ...readdirSync('docs', { encoding: 'utf8', recursive: true })
    .filter(name => name.endsWith('.md'))
    .map(name => join('docs', name)),
];
const BLOCKS = PAGES.flatMap(codeBlocksOf);
const FOLDER = resolve('test/docs');

/** Each block is a module of its own: what it does not import, the page must give. */
const SOURCES = new Map(
  BLOCKS.map((block, index) => [join(FOLDER, `block-${index}.ts`), block]),
);

function textOf({ given, code }: CodeBlock): string {
  // The page's lines stay the lines of the file, but for the first.
  return `${given.replaceAll('\n', ' ')} export {};\n${code}`;
}

function problemsOfAll(): string[] {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile('tsconfig.json', ts.sys.readFile).config,
    ts.sys,
    '.',
  );
  const settings: ts.CompilerOptions = {
    ...options,
    noEmit: true,
    noUnusedLocals: false,
    paths: {
      'nestjs-breaker': ['./lib/index.ts'],
      'nestjs-breaker/*': ['./lib/*/index.ts'],
      'nestjs-breaker/testing/*': ['./lib/testing/*.ts'],
    },
  };
  const host = ts.createCompilerHost(settings);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = name => SOURCES.has(name) || fileExists(name);
  host.readFile = name => {
    const block = SOURCES.get(name);
    return block === undefined ? readFile(name) : textOf(block);
  };
  host.getSourceFile = (name, languageVersion, ...rest) => {
    const block = SOURCES.get(name);
    return block === undefined
      ? getSourceFile(name, languageVersion, ...rest)
      : ts.createSourceFile(name, textOf(block), languageVersion);
  };
  const program = ts.createProgram([...SOURCES.keys()], settings, host);
  return ts.getPreEmitDiagnostics(program).map(diagnostic => {
    const { file, start = 0, messageText } = diagnostic;
    const message = ts.flattenDiagnosticMessageText(messageText, '\n');
    const block = file && SOURCES.get(file.fileName);
    if (!file || !block) return `${file?.fileName ?? ''} ${message}`;
    const { line } = file.getLineAndCharacterOfPosition(start);
    return `${block.page}:${block.line + line - 1} ${message}`;
  });
}

describe('the code in the docs', () => {
  it('is found', () => {
    expect(BLOCKS.length).toBeGreaterThan(10);
  });

  it('compiles', () => {
    expect(problemsOfAll()).toEqual([]);
  }, 120_000);
});
