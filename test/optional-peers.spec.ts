import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';

/** What a user without any optional peer does: a protected service and nothing else. */
const APPLICATION = `
  const descriptor = Object.getOwnPropertyDescriptor(Rates.prototype, 'rate');
  Object.defineProperty(Rates.prototype, 'rate',
    CircuitBreaker('rates', { consecutiveFailures: 1, fallback: () => 'last' })(Rates.prototype, 'rate', descriptor) ?? descriptor);
  Module({ imports: [CircuitBreakerModule.forRoot()], providers: [Rates] })(App);
  const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  console.log(await app.get(Rates).rate(), app.get(CircuitBreakerRegistry).get('rates').state);
  await app.close();`;
const CLASSES = `
  class App {}
  class Rates { async rate() { throw new Error('down'); } }`;
const NAMES = 'CircuitBreaker, CircuitBreakerModule, CircuitBreakerRegistry';

const ESM = `
  import 'reflect-metadata';
  import { Module } from '@nestjs/common';
  import { NestFactory } from '@nestjs/core';
  import { ${NAMES} } from 'nestjs-breaker';
  ${CLASSES} ${APPLICATION}`;
const CJS = `
  require('reflect-metadata');
  const { Module } = require('@nestjs/common');
  const { NestFactory } = require('@nestjs/core');
  const { ${NAMES} } = require('nestjs-breaker');
  ${CLASSES} (async () => { ${APPLICATION} })();`;

// The package by its own name: what was built.
describe('without any optional peer', () => {
  it.each([
    ['ESM', 'module', ESM],
    ['CommonJS', 'commonjs', CJS],
  ])('the root entry works for a user in %s', (_format, type, code) => {
    expect(run(type, code)).toEqual({ stdout: 'last open\n', status: 0 });
  });

  it.each([
    ['nestjs-breaker/redis', 'ioredis'],
    ['nestjs-breaker/prometheus', 'prom-client'],
    ['nestjs-breaker/opentelemetry', '@opentelemetry/api'],
    ['nestjs-breaker/terminus', '@nestjs/terminus'],
  ])('%s asks for %s', (entry, peer) => {
    const answer = `error => console.log(error.message.split('\\n')[0])`;

    expect(run('module', `import('${entry}').catch(${answer})`).stdout).toBe(
      `refused: ${peer}\n`,
    );
    expect(
      run(
        'commonjs',
        `try { require('${entry}') } catch (e) { (${answer})(e) }`,
      ).stdout,
    ).toBe(`refused: ${peer}\n`);
  });

  it('the dashboard works: it needs none', () => {
    const code = `import 'reflect-metadata'; import { CircuitBreakerDashboardModule } from 'nestjs-breaker/dashboard'; console.log(CircuitBreakerDashboardModule.name)`;

    expect(run('module', code).stdout).toBe('CircuitBreakerDashboardModule\n');
  });
});

function run(type: string, code: string) {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [
      '--import',
      './test/support/refuse-optional-peers.mjs',
      `--input-type=${type}`,
      '-e',
      code,
    ],
    { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } },
  );
  return { stdout: stdout + (status === 0 ? '' : stderr), status };
}
