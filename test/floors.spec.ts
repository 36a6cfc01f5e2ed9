import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const ROOT = resolve(import.meta.dirname, '..');
const OXLINT = join(ROOT, 'node_modules/oxlint/bin/oxlint');

/** A package with nothing but one file and the lint rules of this one. */
let project: string;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'floors-'));
  cpSync(join(ROOT, '.oxlintrc.json'), join(project, '.oxlintrc.json'));
});

afterEach(() => {
  rmSync(project, { recursive: true });
});

describe('the lint rule that holds the floors', () => {
  it.each([
    ['errors/a.ts', '../state/clock.js'],
    ['errors/a.ts', '../index.js'],
    ['state/a.ts', '../policies/fallback.js'],
    ['state/a.ts', '../circuit/circuit.js'],
    ['state/deep/a.ts', '../../registry/layers.js'],
    ['state/a.ts', '@nestjs/core'],
    ['state/a.ts', '@nestjs/common'],
    ['state/a.ts', 'rxjs'],
    ['policies/a.ts', '../circuit/circuit.js'],
    ['circuit/a.ts', '../registry/layers.js'],
    ['circuit/a.ts', '../circuit-breaker.module.js'],
    ['registry/a.ts', '../operators/with-circuit-breaker.js'],
    ['registry/a.ts', '../protection/protection.module.js'],
    ['operators/a.ts', '../registry/layers.js'],
    ['protection/a.ts', '../terminus/index.js'],
    ['protection/a.ts', '../circuit-breaker.module.js'],
    ['terminus/a.ts', '../protection/protection.js'],
    ['terminus/a.ts', '../index.js'],
    ['redis/a.ts', '../prometheus/index.js'],
    ['circuit/a.ts', '../testing/inject-faults.js'],
    ['registry/a.ts', '../testing/index.js'],
    ['dashboard/a.ts', '../testing/index.js'],
    ['circuit-breaker.module.ts', './index.js'],
    ['circuit-breaker.module.ts', './terminus/index.js'],
    ['index.ts', './terminus/index.js'],
    ['index.ts', './testing/index.js'],
  ])('keeps lib/%s from %s', (file, source) => {
    expect(lint(file, source)).toContain('eslint(no-restricted-imports)');
  });

  it.each([
    ['state/a.ts', '../errors/rejection.js'],
    ['state/a.ts', './clock.js'],
    ['circuit/a.ts', '../policies/fallback.js'],
    ['circuit/a.ts', 'rxjs'],
    ['registry/a.ts', '../circuit/circuit.js'],
    ['protection/a.ts', '../registry/layers.js'],
    ['terminus/a.ts', '../registry/circuit-breaker.registry.js'],
    ['circuit-breaker.module.ts', './protection/protection.module.js'],
    ['index.ts', './circuit-breaker.module.js'],
    ['testing/a.ts', '../index.js'],
    ['testing/a.ts', '../circuit-breaker.module.js'],
    ['testing/a.ts', '../circuit/pipeline.js'],
  ])('lets lib/%s stand on %s', (file, source) => {
    expect(lint(file, source)).not.toContain('eslint(no-restricted-imports)');
  });

  it.each([
    `import type { Thing } from '../circuit/circuit.js';`,
    `export { Thing } from '../circuit/circuit.js';`,
    `export * from '../circuit/circuit.js';`,
  ])('sees %s', statement => {
    expect(lintText('state/a.ts', statement)).toContain(
      'eslint(no-restricted-imports)',
    );
  });
});

function lint(file: string, source: string): string {
  return lintText(file, `import { thing } from '${source}';\nthing();\n`);
}

function lintText(file: string, text: string): string {
  const path = join(project, 'lib', file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  try {
    return execFileSync(process.execPath, [OXLINT, 'lib'], {
      cwd: project,
      encoding: 'utf8',
    });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
