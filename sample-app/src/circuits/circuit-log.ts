import {
  Injectable,
  Logger,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { CircuitBreakerRegistry } from 'nestjs-breaker';
import { bufferTime, filter, type Subscription } from 'rxjs';

/** Counts what was refused. Transitions are logged by the module itself. */
@Injectable()
export class CircuitLog implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(CircuitLog.name);
  private events?: Subscription;

  constructor(private readonly registry: CircuitBreakerRegistry) {}

  onModuleInit() {
    this.events = this.registry.events$
      .pipe(
        filter(event => event.type === 'rejected'),
        bufferTime(10_000),
        filter(refused => refused.length > 0),
      )
      .subscribe(refused => {
        const names = new Set(refused.map(({ name }) => name));
        this.logger.warn(
          `${refused.length} calls refused: ${[...names].join(', ')}`,
        );
      });
  }

  onModuleDestroy() {
    this.events?.unsubscribe();
  }
}
