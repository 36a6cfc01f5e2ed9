import { Injectable } from '@nestjs/common';
import { afterEach, describe, expect, it } from '@jest/globals';
import { CircuitBreakerModule } from '../../lib/circuit-breaker.module.js';
import { compileCallOptions } from '../../lib/circuit/call-options.js';
import { Circuit } from '../../lib/circuit/circuit.js';
import { CircuitBreaker } from '../../lib/protection/circuit-breaker.decorator.js';
import {
  closeApps,
  LogKeeper,
  plainModule,
  startContext,
} from '../support/nest-app.js';

function setUp(options: ConstructorParameters<typeof Circuit>[1]) {
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const circuit = new Circuit('rates', options, {
    logger: { warn, error: warn },
  });
  return { circuit, warnings };
}

@Injectable()
class Rates {
  @CircuitBreaker('rates', { slowCallDuration: '3s', timeout: '2s' })
  async get(): Promise<number> {
    return 1;
  }
}

describe('a timeout that does not fit its circuit', () => {
  afterEach(closeApps);

  it('is told once, however often the call is made', async () => {
    const { circuit, warnings } = setUp({ slowCallDuration: '3s' });

    for (let timeout = 1_000; timeout < 1_005; timeout++) {
      await circuit.execute(() => 1, { timeout });
    }

    expect(warnings).toEqual([
      expect.stringMatching(
        /^Circuit "rates": A call of "rates": slowCallDuration: 3000 ms is not below the timeout of 1000 ms/,
      ),
    ]);
  });

  it('is told of a wrapped function when it is wrapped', () => {
    const { circuit, warnings } = setUp({ openDuration: '1s' });

    circuit.wrap(async () => 1, { timeout: '1s' });

    expect(warnings).toEqual([expect.stringContaining('openDuration: 1000')]);
  });

  it('is told of an option that was configured', async () => {
    const { circuit, warnings } = setUp({});
    circuit.configure({ slowCallDuration: '5s' });

    await circuit.execute(() => 1, { timeout: '2s' });

    expect(warnings).toHaveLength(1);
  });

  it('is told of each option that does not fit, and for each subject', async () => {
    const { circuit, warnings } = setUp({
      slowCallDuration: '3s',
      openDuration: '1s',
    });
    const other = compileCallOptions({ timeout: '2s' }, 'Rates.get');

    await circuit.execute(() => 1, { timeout: '2s' });
    circuit.warnOfTimeout(other);

    expect(warnings).toEqual([
      expect.stringMatching(/A call of "rates": slowCallDuration/),
      expect.stringMatching(/A call of "rates": openDuration/),
      expect.stringMatching(/Rates.get: slowCallDuration/),
      expect.stringMatching(/Rates.get: openDuration/),
    ]);
  });

  it('says nothing without a timeout', () => {
    const { circuit, warnings } = setUp({ slowCallDuration: '3s' });

    circuit.wrap(async () => 1);

    expect(warnings).toEqual([]);
  });

  it('says nothing where both fit, nor of defaults', async () => {
    const { circuit, warnings } = setUp({});

    await circuit.execute(() => 1, { timeout: '1s' });

    expect(warnings).toEqual([]);
  });

  it('is told of a decorated method, by its name', async () => {
    const log = new LogKeeper();
    const app = await startContext(
      plainModule({
        imports: [CircuitBreakerModule.forRoot()],
        providers: [Rates],
      }),
      log,
    );

    await app.get(Rates).get();
    await app.get(Rates).get();

    expect(log.warnings).toEqual([
      expect.stringContaining('Rates.get: slowCallDuration: 3000'),
    ]);
  });
});
