import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { callOptionsSchema } from '../../lib/circuit/call-options.js';
import { moduleOptionsSchema } from '../../lib/registry/module-options.js';
import { circuitOptionsSchema } from '../../lib/state/circuit-options.js';
import { CIRCUIT_EVENT_TYPES } from '../../lib/state/events.js';
import { anchorsOf, linksOf, pagesOf, proseOf, slug } from './pages.js';

const DOCS = pagesOf('README.md', 'docs');
const PAGES = [
  ...DOCS,
  ...pagesOf('sample-app/README.md'),
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
];

describe.each(PAGES)('%s', page => {
  it('links to what there is', () => {
    const broken = linksOf(page).filter(link => !isThere(page, link));
    expect(broken).toEqual([]);
  });

  it('has no two places of one name', () => {
    const anchors = anchorsOf(page);
    expect(anchors.filter((each, at) => anchors.indexOf(each) < at)).toEqual(
      [],
    );
  });
});

describe('the README', () => {
  const first = linksOf('README.md').map(link => targetOf('README.md', link));

  it('leads to every page', () => {
    const pages = first.map(({ path }) => path);
    expect(DOCS.filter(page => !pages.includes(page))).toEqual(['README.md']);
  });
});

/** README first, then its pages in the order of its index. */
const READING_ORDER = readingOrder();

const OPTIONS = [
  circuitOptionsSchema,
  callOptionsSchema,
  moduleOptionsSchema,
].flatMap(schema => Object.keys(schema.shape));

describe.each(OPTIONS)('the option %s', option => {
  it('is linked where a reader meets it first', () => {
    const words = new RegExp(`\`${option}\\b`);
    expect(anchorsOf('docs/options.md')).toContain(option);
    expectLinkAtFirst(
      page => words.test(proseOf(page)),
      `docs/options.md#${option}`,
    );
  });
});

describe.each(CIRCUIT_EVENT_TYPES)('the event %s', type => {
  it('is described, and linked from the page about listening', () => {
    expect(anchorsOf('docs/events.md')).toContain(type);
    expect(linksTo('docs/ways-in/circuit-events.md')).toContain(
      `docs/events.md#${type}`,
    );
  });
});

/** Each term of the glossary, with the text below it. */
const TERMS = Array.from(
  readFileSync('docs/glossary.md', 'utf8').matchAll(
    /^### (.+)\n\n([^#]*(?:#[^#]+)*?)(?=\n+#|\s*$(?!\n))/gm,
  ),
  ([, term = '', text = '']) => ({ term, text }),
);

describe.each(TERMS)('the term "$term"', ({ term, text }) => {
  it('is linked where a reader meets it first', () => {
    const words = new RegExp(`\\b${term.replaceAll(' ', '[ -]')}s?\\b`, 'i');
    const pages = Array.from(text.matchAll(/\]\(([^)#]+\.md)\)/g), ([, page]) =>
      join('docs', page ?? ''),
    );
    expectLinkAtFirst(
      page => words.test(wordsOf(page)),
      `docs/glossary.md#${slug(term)}`,
      ...pages,
    );
  });
});

describe('the glossary', () => {
  it('has each term once', () => {
    const terms = TERMS.map(({ term }) => term.toLowerCase());
    expect(terms.length).toBeGreaterThan(40);
    expect(new Set(terms).size).toBe(terms.length);
  });
});

/**
 * Some page links to where it is explained: the first page that has it in its
 * text, or one before that.
 */
function expectLinkAtFirst(
  has: (page: string) => boolean,
  ...explained: readonly string[]
): void {
  const pages = READING_ORDER.filter(
    page => !explained[0]!.startsWith(`${page}#`),
  );
  const first = pages.findIndex(has);
  const before = first === -1 ? pages : pages.slice(0, first + 1);
  if (!before.flatMap(linksTo).some(link => explained.includes(link))) {
    throw new Error(`${before.at(-1)} has it, and links to no ${explained[0]}`);
  }
}

/** What is said, without addresses and code. */
function wordsOf(page: string): string {
  return proseOf(page)
    .replaceAll(/\]\([^)]*\)/g, ']')
    .replaceAll(/`[^`]*`/g, '');
}

function linksTo(page: string): string[] {
  return linksOf(page).map(link => {
    const { path, anchor } = targetOf(page, link);
    return anchor === undefined ? path : `${path}#${anchor}`;
  });
}

function isThere(page: string, link: string): boolean {
  if (/^(?:https?|mailto):/.test(link)) return URL.canParse(link);
  const { path, anchor } = targetOf(page, link);
  if (!existsSync(path)) return false;
  return anchor === undefined || anchorsOf(path).includes(anchor);
}

function targetOf(page: string, link: string) {
  const [path = '', anchor] = link.split('#');
  return {
    path: path === '' ? page : normalize(join(dirname(page), path)),
    anchor,
  };
}

function readingOrder(): string[] {
  const text = readFileSync('README.md', 'utf8');
  const index = text.slice(text.indexOf('## The documentation'));
  const pages = Array.from(
    index.matchAll(/\]\((docs\/[^)#]+\.md)\)/g),
    ([, path]) => relative('.', path ?? ''),
  );
  return ['README.md', ...pages];
}
