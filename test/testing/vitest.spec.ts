import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const VITEST = resolve('node_modules/vitest/vitest.mjs');
const CONFIG = resolve(import.meta.dirname, 'vitest/vitest.config.mjs');

describe('the testing kit in Vitest', () => {
  it('works as in Jest', () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [VITEST, 'run', '--config', CONFIG, '--reporter=json'],
      { encoding: 'utf8', env: environment() },
    );
    const told = `${stdout}\n${stderr}`;
    expect({ status, told }).toMatchObject({ status: 0 });
    expect(JSON.parse(stdout)).toMatchObject({
      numPassedTests: 4,
      numTotalTests: 4,
    });
  }, 120_000);
});

/** What Jest was started with is not what Vitest is started with. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, NODE_ENV: _env, ...rest } = process.env;
  return Object.fromEntries(
    Object.entries(rest).filter(([name]) => !name.startsWith('JEST_')),
  );
}
