import {
  Injectable,
  Logger,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { CircuitBreakerRegistry } from 'nestjs-breaker';
import { filter, type Subscription } from 'rxjs';

/** Writes down what operators want to read later. */
@Injectable()
export class CircuitLog implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(CircuitLog.name);
  private events?: Subscription;

  constructor(private readonly registry: CircuitBreakerRegistry) {}

  onModuleInit() {
    this.events = this.registry.events$
      .pipe(filter(event => event.type === 'transition'))
      .subscribe(({ name, key, from, to, reason }) => {
        const circuit = key === null ? name : `${name}[${key}]`;
        this.logger.log(`${circuit}: ${from} → ${to}, ${reason}`);
      });
  }

  onModuleDestroy() {
    this.events?.unsubscribe();
  }
}
