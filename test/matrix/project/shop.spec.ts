import { Test } from '@nestjs/testing';
import { CircuitBreakerRegistry, CircuitOpenException } from 'nestjs-breaker';
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
});
