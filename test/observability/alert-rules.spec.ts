import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { hasPromtool, promtool } from '../support/promtool.js';

const FOLDER = 'observability/prometheus';
const RULES = 'circuit-breaker.rules.yml';
const TESTS = 'circuit-breaker.rules.test.yml';

(hasPromtool() ? describe : describe.skip)('the alert rules', () => {
  it('are rules', () => {
    expect(promtool(FOLDER, 'check', 'rules', RULES)).toBe('success');
  });

  it('fire when they should, and only then', () => {
    expect(promtool(FOLDER, 'test', 'rules', TESTS)).toBe('success');
  });

  it.each([
    ['mode="enforced"} == 1', 'mode=~".*"} == 1'],
    ['== bool 1', '== bool 4'],
    ['for: 1m', 'for: 5m'],
    ['> 0.2\n', '> 0.5\n'],
    ['>= 20', '>= 0'],
    ['> 0.1\n', '> 0.01\n'],
    ['and on (job, name) circuit', 'or on (job, name) circuit'],
    ['[15m])) > 4', '[15m])) > 40'],
    ['} == 2\n        for: 5m', '} == 2\n        for: 1m'],
    ['>= 3\n', '>= 9\n'],
  ])('are tested for `%s`', (right, wrong) => {
    const folder = mkdtempSync(join(tmpdir(), 'alert-rules-'));
    const rules = readFileSync(join(FOLDER, RULES), 'utf8');
    expect(rules).toContain(right);
    writeFileSync(join(folder, RULES), rules.replace(right, wrong));
    copyFileSync(join(FOLDER, TESTS), join(folder, TESTS));
    expect(promtool(folder, 'test', 'rules', TESTS)).toContain('FAILED');
    rmSync(folder, { recursive: true });
  });
});
