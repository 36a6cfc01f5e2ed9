import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';

describe('the package', () => {
  it('ships the alert rules, their tests and the Grafana dashboard', () => {
    const { stdout } = spawnSync(
      'npm',
      ['pack', '--dry-run', '--json', '--ignore-scripts'],
      { encoding: 'utf8' },
    );
    const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
    const shipped = files
      .map(({ path }) => path)
      .filter(path => path.startsWith('observability/'));
    expect(shipped.toSorted()).toEqual([
      'observability/grafana/circuit-breaker.dashboard.json',
      'observability/prometheus/circuit-breaker.rules.test.yml',
      'observability/prometheus/circuit-breaker.rules.yml',
    ]);
  });
});
