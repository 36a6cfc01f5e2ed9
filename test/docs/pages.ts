import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The Markdown files among these, and in these folders. */
export function pagesOf(...paths: readonly string[]): string[] {
  return paths.flatMap(path =>
    statSync(path).isFile()
      ? [path]
      : readdirSync(path, { encoding: 'utf8', recursive: true })
          .filter(name => name.endsWith('.md'))
          .map(name => join(path, name))
          .toSorted(),
  );
}

/** A page without its blocks of code and its comments. */
export function proseOf(page: string): string {
  return readFileSync(page, 'utf8')
    .replaceAll(/^( *)```.*\n[\s\S]*?^\1```$/gm, '')
    .replaceAll(/<!--[\s\S]*?-->/g, '');
}

/** Where the page's links lead, as they are written. */
export function linksOf(page: string): string[] {
  const prose = proseOf(page);
  return Array.from(
    prose.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)|(?:src|href)="([^"]+)"/g),
    ([, markdown, html]) => markdown ?? html ?? '',
  );
}

/** What a link may name behind the `#`: headings, and `<a id="…">`. */
export function anchorsOf(page: string): string[] {
  if (!page.endsWith('.md')) return [];
  const prose = proseOf(page);
  const headings = Array.from(prose.matchAll(/^#+ (.+)$/gm), ([, text = '']) =>
    slug(text),
  );
  const ids = Array.from(prose.matchAll(/<a id="([^"]+)">/g), ([, id]) => id!);
  return [...headings, ...ids];
}

/** The anchor that GitHub gives a heading. */
export function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
}
