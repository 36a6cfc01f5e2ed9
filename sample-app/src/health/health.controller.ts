import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService } from '@nestjs/terminus';
import { CircuitBreakerHealthIndicator } from 'nestjs-breaker/terminus';

@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly circuits: CircuitBreakerHealthIndicator,
  ) {}

  /** Liveness: whether the process answers. A restart mends no dependency, so no circuit is asked. */
  @Get('live')
  @HealthCheck()
  live() {
    return this.health.check([]);
  }

  /** Readiness: down while a critical circuit is open and its wait has not run out. */
  @Get('ready')
  @HealthCheck()
  ready() {
    return this.health.check([
      () => this.circuits.isHealthy('circuits', { readiness: true }),
    ]);
  }

  /** For people: all circuits, never down. */
  @Get()
  @HealthCheck()
  check() {
    return this.health.check([
      () => this.circuits.isHealthy('circuits'),
      () => this.circuits.isHealthy('payments', { names: ['payment-gateway'] }),
    ]);
  }
}
