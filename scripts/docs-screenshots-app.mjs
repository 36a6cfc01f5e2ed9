// A shop in the middle of an outage, for the pictures: its circuits are real, its
// dependencies are not.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CircuitBreakerModule, CircuitBreakerRegistry } from 'nestjs-breaker';
import { CircuitBreakerDashboardModule } from 'nestjs-breaker/dashboard';

// oxlint-disable-next-line typescript/no-extraneous-class -- decorated below, without the syntax
class ShopModule {}
Module({
  imports: [
    CircuitBreakerModule.forRoot({
      defaults: { openDuration: '45s', openJitter: 0, minimumCalls: 20 },
      circuits: {
        'payment-gateway': { critical: true, slowCallDuration: '800ms' },
        inventory: {
          halfOpen: { calls: 40, concurrency: 2 },
          openDuration: '8s',
        },
        recommendations: { mode: 'shadow' },
        'fraud-check': {},
        search: {},
        'email-relay': {},
        'exchange-rates': {},
        'address-lookup': {},
        'product-images': {},
        'tenant-api': {},
      },
    }),
    CircuitBreakerDashboardModule.forRoot({ authorize: () => 'operator' }),
  ],
})(ShopModule);

const app = await NestFactory.create(ShopModule, { logger: false });
await app.listen(0, '127.0.0.1');
const registry = app.get(CircuitBreakerRegistry);
const started = Date.now();

/** When the pictures are taken, in seconds: what goes wrong does so shortly before. */
const PICTURES_AT = Number(process.env['PICTURES_AT'] ?? 240);

/** What each dependency is like: calls a second, milliseconds, and the share that fails, at a time in seconds before the pictures. */
const shop = {
  'payment-gateway': {
    rate: 9,
    takes: 90,
    fails: at => (at > -24 ? 1 : 0.01),
    error: 'connect ETIMEDOUT 10.0.4.17:443',
    fallback: 'queued for later',
  },
  inventory: {
    rate: 7,
    takes: 700,
    fails: at => (at > -44 && at < -36 ? 1 : 0.02),
    error: 'socket hang up',
  },
  search: { rate: 14, takes: 25, fails: () => 0.004, error: 'HTTP 500' },
  recommendations: { rate: 5, takes: 40, fails: () => 0.1, error: 'HTTP 502' },
  'fraud-check': { rate: 4, takes: 60, fails: () => 0, error: '' },
  'email-relay': {
    rate: 1.5,
    takes: 210,
    fails: () => 0.02,
    error: '451 try again later',
  },
  'exchange-rates': { rate: 0.4, takes: 130, fails: () => 0, error: '' },
  'address-lookup': {
    rate: 3,
    takes: 45,
    fails: () => 0.03,
    error: 'HTTP 503',
  },
  'product-images': {
    rate: 20,
    takes: 12,
    fails: () => 0.002,
    error: 'HTTP 500',
  },
  'tenant-api/acme': { rate: 3, takes: 30, fails: () => 0, error: '' },
  'tenant-api/globex': {
    rate: 2,
    takes: 35,
    fails: at => (at > -14 ? 1 : 0),
    error: 'HTTP 503: maintenance',
  },
  'tenant-api/initech': {
    rate: 2,
    takes: 30,
    fails: () => 0.01,
    error: 'HTTP 500',
  },
  'tenant-api/umbrella': { rate: 1, takes: 42, fails: () => 0, error: '' },
};

for (const [place, dependency] of Object.entries(shop)) {
  const [name, key] = place.split('/');
  const circuit = () =>
    key === undefined ? registry.get(name) : registry.keyed(name, key);
  const options =
    dependency.fallback === undefined
      ? {}
      : { fallback: () => dependency.fallback };
  const call = () => {
    void circuit()
      .execute(() => answer(dependency), options)
      .catch(() => undefined);
    setTimeout(
      call,
      (1_000 / dependency.rate) *
        (0.5 + Math.random()) *
        (1 + 0.3 * Math.sin(Date.now() / 9_000)),
    );
  };
  setTimeout(call, 1_500 * Math.random());
}
setTimeout(
  () =>
    registry
      .get('fraud-check')
      .forceOpen('vendor asked us to stop calling (operator)'),
  (PICTURES_AT - 54) * 1_000,
);
process.send?.({ port: Number(new URL(await app.getUrl()).port) });
process.on('disconnect', () => process.exit(0));

async function answer({ takes, fails, error }) {
  await new Promise(resolve =>
    setTimeout(resolve, takes * (0.5 + Math.random() ** 3 * 3)),
  );
  const at = (Date.now() - started) / 1_000 - PICTURES_AT;
  if (Math.random() < fails(at)) throw new Error(error);
}
