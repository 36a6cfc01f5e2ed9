import { decorateClass, decorateMethod } from '../decorate.mjs';
import { packageUnderTest } from '../subjects/package-under-test.mjs';
import { timedCase } from './case.mjs';

/** Decorated methods of a Nest provider. */
export const decorated = [
  timedCase({
    name: 'decorated method',
    about:
      "A provider's method behind `@CircuitBreaker`; what it takes over `circuit.execute` with the same method.",
    subjects: ['nestjs-breaker'],
    contest,
  }),
];

async function contest() {
  // Not above: the other cases' processes shall not load Nest.
  const { Injectable, Module } = await import('@nestjs/common');
  const { NestFactory } = await import('@nestjs/core');
  const { CircuitBreaker, CircuitBreakerModule, CircuitBreakerRegistry } =
    await packageUnderTest();

  class Rates {
    async plain() {
      return 42;
    }
    async protected() {
      return 42;
    }
  }
  decorateMethod(Rates, 'protected', CircuitBreaker('decorated'));
  decorateClass(Rates, Injectable());

  // oxlint-disable-next-line no-extraneous-class -- Nest's modules are
  class App {}
  decorateClass(
    App,
    Module({
      imports: [CircuitBreakerModule.forRoot({ circuits: { executed: {} } })],
      providers: [Rates],
    }),
  );
  const app = await NestFactory.createApplicationContext(App, {
    logger: ['error'],
  });
  const rates = app.get(Rates);
  const circuit = app.get(CircuitBreakerRegistry).get('executed');
  const plain = () => rates.plain();
  return {
    contestants: {
      bare: { call: plain },
      execute: { call: () => circuit.execute(plain) },
      'decorated, over execute': {
        call: () => rates.protected(),
        over: 'execute',
      },
    },
  };
}
