import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  compare,
  formatTable,
  inOneLine,
  readSurvivors,
} from './survivors.mjs';

const survivors = readSurvivors();
const page = readFileSync('docs/mutation-testing.md', 'utf8');

const plain = (text: string) => text.replaceAll(/ +/g, ' ').split('\n');

describe('the list of mutants that survive', () => {
  it.each(Object.entries(survivors))(
    'names code that stands in %s, and why it may survive',
    (file, listed) => {
      const source = inOneLine(readFileSync(file, 'utf8'));
      for (const { code, becomes, why } of listed) {
        expect(source).toContain(code);
        expect(becomes).not.toBe(code);
        expect(why.length).toBeGreaterThan(10);
      }
    },
  );

  it('is what the docs show', () => {
    // `node test/mutation/write-docs.mjs` writes it anew, and aligns the columns.
    const [, table = ''] = page.split('<!-- survivors -->');
    const shown = plain(table).filter(line => line.startsWith('| `'));
    const listed = plain(formatTable(survivors)).slice(2);
    expect(shown).toEqual(listed);
  });
});

describe('a report of mutants', () => {
  const file = 'lib/a.ts';
  const source = 'const a = 1;\nif (a > 0) {\n  b();\n}\n';
  const location = {
    start: { line: 2, column: 5 },
    end: { line: 2, column: 10 },
  };
  const change = { code: 'if (a > 0) {', becomes: 'if (true) {' };
  const listed = { [file]: [{ ...change, why: 'of no matter here' }] };
  const report = (status: string) => ({
    [file]: { source, mutants: [{ status, location, replacement: 'true' }] },
  });

  it.each(['Survived', 'NoCoverage'])(
    'leaves one unexplained that %s and is not listed',
    status => {
      expect(compare(report(status), {})).toEqual({
        unexplained: [{ file, line: 2, ...change }],
        outdated: [],
      });
    },
  );

  it('takes one that survived and is listed', () => {
    expect(compare(report('Survived'), listed)).toEqual({
      unexplained: [],
      outdated: [],
    });
  });

  it('finds one that is listed but was killed', () => {
    expect(compare(report('Killed'), listed).outdated).toEqual([
      { file, ...change, why: 'of no matter here' },
    ]);
  });

  it('says nothing of files that were not mutated', () => {
    expect(compare({}, listed)).toEqual({ unexplained: [], outdated: [] });
  });
});
