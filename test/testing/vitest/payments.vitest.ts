import { Inject, Injectable, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CircuitBreaker,
  CircuitBreakerModule,
  getCircuitToken,
  type Circuit,
} from '../../../lib/index.js';
import {
  CircuitBreakerTesting,
  CircuitBreakerTestingModule,
} from '../../../lib/testing/index.js';
import { circuitMatchers } from '../../../lib/testing/vitest.js';

expect.extend(circuitMatchers);

@Injectable()
class Payments {
  constructor(@Inject(getCircuitToken('payments')) readonly circuit: Circuit) {}

  @CircuitBreaker('payments', { timeout: '2s', fallback: 'queue' })
  async charge(order: string): Promise<string> {
    return `paid ${order}`;
  }

  queue(_error: unknown, order: string): string {
    return `queued ${order}`;
  }
}

@Module({
  imports: [CircuitBreakerModule.forRoot({ circuits: { payments: {} } })],
  providers: [Payments],
})
class AppModule {}

let moduleRef: TestingModule;
let testing: CircuitBreakerTesting;
let payments: Payments;

beforeEach(async () => {
  moduleRef = await Test.createTestingModule({
    imports: [AppModule, CircuitBreakerTestingModule],
  }).compile();
  await moduleRef.init();
  testing = moduleRef.get(CircuitBreakerTesting);
  payments = moduleRef.get(Payments);
});

afterEach(() => moduleRef.close());

describe('in Vitest', () => {
  it('the fallback answers while the circuit is open', async () => {
    testing.open('payments');
    expect(await payments.charge('7')).toBe('queued 7');
    expect(payments.circuit).toBeOpen();
    expect(payments.circuit).not.toBeClosed();
    expect(payments.circuit).toHaveRejected(1);
    expect(testing.circuit('payments')).toHaveFallenBack();
  });

  it('time moves on and probes close the circuit', async () => {
    testing.open('payments');
    await testing.clock.advance('60s');
    expect(await payments.charge('7')).toBe('paid 7');
    expect(payments.circuit).toBeHalfOpen();
    expect(payments.circuit).toHaveSucceeded(1);
  });

  it('a dependency that hangs times out', async () => {
    testing.injectFaults('payments', { hangRate: 1 });
    const answer = payments.charge('7');
    expect(await testing.clock.runUntil(answer)).toBe('queued 7');
    expect(payments.circuit).toHaveTimedOut(1);
  });

  it('a red matcher says why', () => {
    expect(() => expect(payments.circuit).toBeOpen()).toThrow(
      /expected circuit "payments" to be open\n"payments" is closed: no calls in its window/,
    );
    expect(() => expect(payments.circuit).toHaveRejected(2)).toThrow(
      /to have rejected 2 calls; the count is 0/,
    );
  });
});
