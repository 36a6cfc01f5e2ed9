const assert = require('node:assert/strict');

/** A protected service in an application, with nothing but what the package asks for. */
exports.tryBare = async function tryBare(Module, NestFactory, breaker) {
  const { peerDependenciesMeta } = require('nestjs-breaker/package.json');
  for (const peer of Object.keys(peerDependenciesMeta)) {
    assert.throws(() => require.resolve(peer), `${peer} is installed`);
  }

  class Rates {
    async rate() {
      throw new Error('down');
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Rates.prototype, 'rate');
  const decorate = breaker.CircuitBreaker('rates', {
    consecutiveFailures: 1,
    fallback: () => 'last',
  });
  Object.defineProperty(
    Rates.prototype,
    'rate',
    decorate(Rates.prototype, 'rate', descriptor) ?? descriptor,
  );
  // oxlint-disable-next-line typescript/no-extraneous-class -- what a module is
  class App {}
  Module({
    imports: [breaker.CircuitBreakerModule.forRoot()],
    providers: [Rates],
  })(App);

  const app = await NestFactory.createApplicationContext(App, {
    logger: false,
    abortOnError: false,
  });
  assert.equal(await app.get(Rates).rate(), 'last');
  const circuits = app.get(breaker.CircuitBreakerRegistry);
  assert.equal(circuits.get('rates').state, 'open');
  await app.close();
};
