import { Test } from '@nestjs/testing';
import {
  CircuitBreakerTesting,
  CircuitBreakerTestingModule,
} from 'nestjs-breaker/testing';
import { circuitMatchers } from 'nestjs-breaker/testing/%RUNNER%';
import { RatesService, ShopModule } from './shop%EXTENSION%';

expect.extend(circuitMatchers);

describe('the package for tests', () => {
  it('opens a circuit, moves its time and says what became of it', async () => {
    const module = await Test.createTestingModule({
      imports: [ShopModule, CircuitBreakerTestingModule],
    }).compile();
    await module.init();
    const testing = module.get(CircuitBreakerTesting);
    const rates = module.get(RatesService);

    testing.open('rates');
    expect(testing.circuit('rates')).toBeOpen();
    expect(await rates.rateOrLast('EUR')).toBe('last EUR');
    await testing.clock.advance(300);
    expect(await rates.rate('EUR')).toBe('1 EUR');
    expect(testing.circuit('rates')).toBeClosed();
    await module.close();
  });
});
