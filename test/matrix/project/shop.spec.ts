import { Test } from '@nestjs/testing';
import { CircuitBreakerRegistry, CircuitOpenException } from 'nestjs-breaker';
import {
  CircuitBreakerTesting,
  CircuitBreakerTestingModule,
  circuitMatchers,
} from 'nestjs-breaker/testing';
import { RatesService, ShopModule } from './shop%EXTENSION%';

describe('a protected service', () => {
  it('opens, refuses and falls back', async () => {
    const module = await Test.createTestingModule({
      imports: [ShopModule],
    }).compile();
    await module.init();
    const rates = module.get(RatesService);
    expect(await rates.rate('EUR')).toBe('1 EUR');
    rates.isDown = true;
    await expect(rates.rate('EUR')).rejects.toThrow('the rates are down');
    await expect(rates.rate('EUR')).rejects.toThrow('the rates are down');
    await expect(rates.rate('EUR')).rejects.toBeInstanceOf(
      CircuitOpenException,
    );
    expect(await rates.rateOrLast('EUR')).toBe('last EUR');
    expect(module.get(CircuitBreakerRegistry).get('rates').state).toBe('open');
    await module.close();
  });

  it('is tested with the kit', async () => {
    const module = await Test.createTestingModule({
      imports: [ShopModule, CircuitBreakerTestingModule],
    }).compile();
    await module.init();
    const testing = module.get(CircuitBreakerTesting);
    const rates = module.get(RatesService);
    testing.open('rates');
    expect(await rates.rateOrLast('EUR')).toBe('last EUR');
    await testing.clock.advance(300);
    expect(await rates.rate('EUR')).toBe('1 EUR');
    const faults = testing.injectFaults('rates', { errorRate: 1 });
    await expect(rates.rate('EUR')).rejects.toThrow('Injected fault');
    faults.stop();
    const circuit = testing.circuit('rates');
    expect(circuitMatchers.toBeClosed(circuit).pass).toBe(true);
    expect(circuitMatchers.toHaveFailed(circuit, 1).pass).toBe(true);
    await module.close();
  });
});
