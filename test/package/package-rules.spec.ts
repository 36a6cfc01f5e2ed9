import { describe, expect, it } from '@jest/globals';
// @ts-expect-error a script, which has no types
import * as rules from '../../scripts/package-rules.mjs';

const { auditProblems, contentProblems, LIMITS, sizeProblems } = rules as {
  auditProblems(printed: string): string[];
  contentProblems(files: { path: string }[]): string[];
  LIMITS: { packed: number; unpacked: number };
  sizeProblems(packed: { size: number; unpackedSize: number }): string[];
};

const NEEDED = [
  'package.json',
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
  'dist/esm/package.json',
  'dist/esm/index.js',
  'dist/esm/index.d.ts',
  'dist/cjs/package.json',
  'dist/cjs/index.js',
  'dist/cjs/index.d.ts',
];

describe('what is in the package', () => {
  it('is the builds, what people read first, and the rules for Prometheus', () => {
    const files = [
      ...NEEDED,
      'dist/esm/state/circuit-state.d.ts',
      'observability/prometheus/circuit-breaker.rules.yml',
      'observability/grafana/circuit-breaker.dashboard.json',
    ];
    expect(contentProblems(filesOf(files))).toEqual([]);
  });

  it.each([
    'lib/index.ts',
    'test/index.spec.ts',
    'dist/esm/index.js.map',
    'dist/index.js',
    '.npmrc',
    'sample-app/src/main.ts',
  ])('is not %s', path => {
    expect(contentProblems(filesOf([...NEEDED, path]))).toEqual([
      `${path} does not belong into the package`,
    ]);
  });

  it('is told to be missing where nothing was built', () => {
    const problems = contentProblems(filesOf(['package.json', 'README.md']));
    expect(problems).toContain(
      'dist/esm/index.js is missing: was the package built?',
    );
  });
});

describe('the size of the package', () => {
  const { packed, unpacked } = LIMITS;

  it('may be the limit', () => {
    expect(sizeProblems({ size: packed, unpackedSize: unpacked })).toEqual([]);
  });

  it('may not be more, packed or unpacked', () => {
    expect(
      sizeProblems({ size: packed + 1, unpackedSize: unpacked + 1 }),
    ).toEqual([
      expect.stringContaining(`packed it has ${packed + 1} bytes`),
      expect.stringContaining(`unpacked it has ${unpacked + 1} bytes`),
    ]);
  });
});

describe('the audit', () => {
  it('is clean without a vulnerability', () => {
    expect(auditProblems('{"vulnerabilities": {}}')).toEqual([]);
  });

  it('tells each vulnerability', () => {
    const printed = JSON.stringify({
      vulnerabilities: {
        left: { name: 'left', severity: 'high', range: '<2.0.0' },
      },
    });
    expect(auditProblems(printed)).toEqual(['high: left <2.0.0']);
  });

  it.each([
    ['{"message": "405 Method Not Allowed", "statusCode": 405}', '405'],
    ['{}', 'it did not say why'],
    ['npm error network', 'no JSON'],
    ['', 'no JSON'],
  ])('is no audit if the registry answers %j', (printed, why) => {
    expect(auditProblems(printed)).toEqual([expect.stringContaining(why)]);
  });
});

function filesOf(paths: readonly string[]): { path: string }[] {
  return paths.map(path => ({ path }));
}
