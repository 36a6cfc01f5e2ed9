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
