import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { codeBlocksOf, fencesOf, type CodeBlock } from './code-blocks.js';
import { pagesOf } from './pages.js';

const PAGES = pagesOf('README.md', 'docs');
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

/** Imports that a block uses but only its comment has: a reader would miss them. */
function hiddenImportsOf({ page, line, given, code }: CodeBlock): string[] {
  const lines = code.replaceAll(/^\s*\/\/.*$/gm, '');
  return Array.from(
    given.matchAll(/import (?:type )?\{([^}]*)\} from '([^']+)'/g),
    ([, names = '', from]) => ({ names, from }),
  )
    .filter(({ from }) => from !== '@jest/globals') // or the globals of a runner
    .flatMap(({ names }) => names.split(','))
    .map(name => name.replace(/^\s*type /, '').trim())
    .filter(
      name =>
        new RegExp(`(?<![\\w.$])${name}\\b`).test(lines) &&
        !new RegExp(`import[^;]*\\b${name}\\b[^;]* from`).test(lines),
    )
    .map(name => `${page}:${line} ${name}`);
}

function fencesIn(language: string): string[] {
  return PAGES.flatMap(fencesOf)
    .filter(fence => fence.language === language)
    .map(({ page, line }) => `${page}:${line}`);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('the code in the docs', () => {
  it('is found, each block of it', () => {
    const found = BLOCKS.map(({ page, line }) => `${page}:${line}`);
    expect(found.length).toBeGreaterThan(50);
    expect(fencesIn('ts')).toEqual(found);
  });

  it('is in a language that is checked, or that is no code', () => {
    const checked = ['ts', 'json', 'sh', 'yaml', 'text', 'mermaid'];
    const unknown = PAGES.flatMap(fencesOf)
      .filter(({ language }) => !checked.includes(language))
      .map(({ page, line, language }) => `${page}:${line} ${language}`);
    expect(unknown).toEqual([]);
  });

  it('is JSON where it says so', () => {
    for (const { page, line, language, text } of PAGES.flatMap(fencesOf)) {
      if (language !== 'json') continue;
      expect({ at: `${page}:${line}`, ok: isJson(text) }).toEqual({
        at: `${page}:${line}`,
        ok: true,
      });
    }
  });

  it('is right for the shell, and names scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const { page, line, language, text } of PAGES.flatMap(fencesOf)) {
      if (language !== 'sh') continue;
      const { stderr } = spawnSync('sh', ['-n'], { input: text });
      const unknown = Array.from(
        text.matchAll(/npm run (?:-s )?([\w:]+)/g),
        ([, name = '']) => name,
      ).filter(name => scripts[name] === undefined);
      expect({ page, line, stderr: String(stderr), unknown }).toEqual({
        page,
        line,
        stderr: '',
        unknown: [],
      });
    }
  });

  it('shows the imports of what it uses', () => {
    expect(BLOCKS.flatMap(hiddenImportsOf)).toEqual([]);
  });

  it('compiles', () => {
    expect(problemsOfAll()).toEqual([]);
  }, 120_000);
});
