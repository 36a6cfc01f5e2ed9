import { Controller, Get, Injectable, Module, Put } from '@nestjs/common';
import {
  HealthCheck,
  HealthCheckService,
  TerminusModule,
} from '@nestjs/terminus';
import {
  type Circuit,
  CircuitBreaker,
  CircuitBreakerModule,
  CircuitBreakerRegistry,
  InjectCircuit,
  withCircuitBreaker,
} from 'nestjs-breaker';
import { CircuitBreakerHealthIndicator } from 'nestjs-breaker/terminus';
import { defer, type Observable } from 'rxjs';

@Injectable()
export class RatesService {
  isDown = false;

  constructor(@InjectCircuit('rates') private readonly circuit: Circuit) {}

  @CircuitBreaker('rates')
  async rate(currency: string): Promise<string> {
    if (this.isDown) throw new Error('the rates are down');
    return `1 ${currency}`;
  }

  @CircuitBreaker('rates', { fallback: 'lastRate' })
  async rateOrLast(currency: string): Promise<string> {
    return this.rate(currency);
  }

  lastRate(_error: unknown, currency: string): string {
    return `last ${currency}`;
  }

  rate$(currency: string): Observable<string> {
    return defer(async () => `1 ${currency}`).pipe(
      withCircuitBreaker(this.circuit),
    );
  }
}

@Controller('rates')
export class RatesController {
  constructor(
    private readonly rates: RatesService,
    private readonly registry: CircuitBreakerRegistry,
  ) {}

  @Get()
  rate() {
    return this.rates.rate('EUR');
  }

  @Get('fallback')
  rateOrLast() {
    return this.rates.rateOrLast('EUR');
  }

  @Get('stream')
  stream() {
    return this.rates.rate$('EUR');
  }

  @Get('state')
  state() {
    return { state: this.registry.get('rates').state };
  }

  @Put('down')
  down() {
    this.rates.isDown = true;
  }

  @Put('up')
  up() {
    this.rates.isDown = false;
  }
}

@CircuitBreaker('handlers', { consecutiveFailures: 1 })
@Controller('handlers')
export class HandlersController {
  @Get()
  fail(): string {
    throw new Error('always');
  }
}

@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly circuits: CircuitBreakerHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([
      () => this.circuits.isHealthy('circuits', { readiness: true }),
    ]);
  }
}

@Module({
  imports: [
    TerminusModule,
    CircuitBreakerModule.forRoot({
      circuits: {
        rates: {
          critical: true,
          consecutiveFailures: 2,
          openDuration: 300,
          openJitter: 0,
          halfOpen: { calls: 1 },
        },
      },
    }),
  ],
  controllers: [RatesController, HandlersController, HealthController],
  providers: [RatesService, CircuitBreakerHealthIndicator],
})
export class ShopModule {}
