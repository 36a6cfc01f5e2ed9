import { readFileSync } from 'node:fs';

/** A block of TypeScript in a page of the docs. */
export interface CodeBlock {
  readonly page: string;
  /** The line of the page on which the block's code begins, from 1. */
  readonly line: number;
  /** What the page takes for granted: the text of `<!-- given: … -->` above the block. */
  readonly given: string;
  /** The text of `<!-- run: … -->` above the block. */
  readonly run: string | undefined;
  readonly code: string;
}

/** A fenced block of any language. */
export interface Fence {
  readonly page: string;
  readonly line: number;
  /** What stands behind the fence: a language. */
  readonly language: string;
  /** Spaces before it. */
  readonly indent: string;
  readonly text: string;
}

const BLOCK =
  /(?:<!-- (?<kind>given|run): (?<text>(?:(?!-->)[\s\S])*?) -->\s*)?^```ts\n(?<code>[\s\S]*?)^```$/gm;

/** The TypeScript blocks of a page, in order. */
export function codeBlocksOf(page: string): CodeBlock[] {
  const text = readFileSync(page, 'utf8');
  return Array.from(text.matchAll(BLOCK), match => {
    const { kind, text: comment = '', code = '' } = match.groups ?? {};
    const before = text.slice(0, match.index + match[0].indexOf('```ts'));
    return {
      page,
      line: before.split('\n').length + 1,
      given: kind === 'given' ? comment : '',
      run: kind === 'run' ? comment : undefined,
      code,
    };
  });
}

/** Everything that is fenced in a page, found line by line. */
export function fencesOf(page: string): Fence[] {
  const fences: Fence[] = [];
  const lines = readFileSync(page, 'utf8').split('\n');
  for (let at = 0; at < lines.length; at++) {
    const open = /^(\s*)(```+|~~~+)(.*)$/.exec(lines[at]!);
    if (open === null) continue;
    const [, indent = '', fence = '', language = ''] = open;
    const end = lines.indexOf(`${indent}${fence}`, at + 1);
    if (end === -1) throw new Error(`${page}:${at + 1} is never closed`);
    fences.push({
      page,
      line: at + 2,
      language: language.trim(),
      indent,
      text: lines.slice(at + 1, end).join('\n'),
    });
    at = end;
  }
  return fences;
}
