// What the packed package has to be, and what an audit has to say. Each rule answers with a line for each problem.

/** In bytes. Look before you raise them: what has come in that a user does not need? */
export const LIMITS = { packed: 450_000, unpacked: 2_500_000 };

const CONTENTS =
  /^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md|observability\/.+\.(?:ya?ml|json)|dist\/(?:esm|cjs)\/(?:package\.json|.+\.(?:js|d\.ts)))$/;
const NEEDED = [
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
  'dist/esm/index.js',
  'dist/esm/index.d.ts',
  'dist/cjs/index.js',
  'dist/cjs/index.d.ts',
];

/** @param {{ size: number; unpackedSize: number }} packed as `npm pack --json` tells it */
export function sizeProblems({ size, unpackedSize }, limits = LIMITS) {
  return [
    ['packed', size, limits.packed],
    ['unpacked', unpackedSize, limits.unpacked],
  ]
    .filter(([, bytes, limit]) => bytes > limit)
    .map(
      ([what, bytes, limit]) =>
        `${what} it has ${bytes} bytes, and may have ${limit}: see LIMITS in scripts/package-rules.mjs`,
    );
}

/** @param {readonly { path: string }[]} files as `npm pack --json` tells them */
export function contentProblems(files) {
  const paths = new Set(files.map(({ path }) => path));
  return [
    ...NEEDED.filter(path => !paths.has(path)).map(
      path => `${path} is missing: was the package built?`,
    ),
    ...[...paths]
      .filter(path => !CONTENTS.test(path))
      .map(path => `${path} does not belong into the package`),
  ];
}

/** @param {string} printed by `npm audit --json` */
export function auditProblems(printed) {
  let answer;
  try {
    answer = JSON.parse(printed);
  } catch {
    return [`it said no JSON: ${printed.slice(0, 200)}`];
  }
  if (answer.vulnerabilities === undefined) {
    const { message = 'it did not say why' } = answer;
    return [`NOTHING WAS AUDITED, the registry did not answer: ${message}`];
  }
  return Object.values(answer.vulnerabilities).map(
    ({ name, severity, range }) => `${severity}: ${name} ${range}`,
  );
}
