import { readFileSync } from 'node:fs';

const LIST = new URL('survivors.json', import.meta.url);

/**
 * The mutants that no test finds, and why that is right: for each file a list of
 * `{ code, becomes, why }`. `code` is the line that is changed, so that the list
 * outlives lines that move; `becomes` is what the line is changed to.
 */
export function readSurvivors() {
  return JSON.parse(readFileSync(LIST, 'utf8'));
}

/**
 * Holds the list against a Stryker report: what survived and is not explained, and
 * what is explained although it did not survive.
 */
export function compare(files, survivors) {
  const unexplained = [];
  const outdated = [];
  for (const [file, { source, mutants }] of Object.entries(files)) {
    const left = mutants
      .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
      .map(mutant => ({ file, ...changeOf(source, mutant) }));
    const listed = survivors[file] ?? [];
    unexplained.push(...left.filter(each => !listed.some(isSame(each))));
    outdated.push(
      ...listed
        .filter(each => !left.some(isSame(each)))
        .map(each => ({ file, ...each })),
    );
  }
  return { unexplained, outdated };
}

/** A survivor in a line. */
export function describe({ file, line, code, becomes }) {
  return `${file}${line ? `:${line}` : ''}\n    ${code}\n    ${becomes}`;
}

/** The survivors as a Markdown table, as `docs/mutation-testing.md` shows them. */
export function formatTable(survivors) {
  const rows = Object.entries(survivors).flatMap(([file, listed]) =>
    listed.map(
      ({ code, becomes, why }) =>
        `| \`${file.replace('lib/', '')}\` | ${inCell(code)} | ${inCell(becomes)} | ${why} |`,
    ),
  );
  return [
    '| file | code | changed to | why no test can or need find it |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

/** Code in a cell: a bar ends one, also in a span of code. */
function inCell(code) {
  return `\`${code.replaceAll('|', '\\|')}\``;
}

/** The lines that a mutant changes, before and after. */
function changeOf(source, { location: { start, end }, replacement }) {
  const lines = source.split('\n');
  const touched = lines.slice(start.line - 1, end.line);
  const code = touched.join('\n');
  const from = start.column - 1;
  const last = touched.at(-1);
  const rest = last.slice(end.column - 1);
  const becomes = touched[0].slice(0, from) + replacement + rest;
  return {
    line: start.line,
    code: inOneLine(code),
    becomes: inOneLine(becomes),
  };
}

/** A piece of code without line breaks and indents. */
export function inOneLine(code) {
  return code.replaceAll(/\s+/g, ' ').trim();
}

function isSame(one) {
  return other => one.code === other.code && one.becomes === other.becomes;
}
