// The built package, or another build of it in BENCH_LIBRARY.
import 'reflect-metadata';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';

const folder = pathToFileURL(resolve(process.env.BENCH_LIBRARY ?? 'dist/esm'));
const { CircuitBreakerRegistry } = await import(
  `${folder}/registry/circuit-breaker.registry.js`
);
const { CircuitBreakerFleet } = await import(`${folder}/redis/index.js`);

const silent = { log() {}, warn() {}, error() {} };

export function makeRegistry() {
  return new CircuitBreakerRegistry(undefined, { logger: silent });
}

export function joinFleet(registry, port, options = {}) {
  const connection = { host: '127.0.0.1', port };
  const settings = { connection, namespace: 'bench', ...options };
  return new CircuitBreakerFleet(registry, settings, silent);
}

export const pause = ms => new Promise(done => setTimeout(done, ms));
