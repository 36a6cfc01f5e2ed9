import {
  Logger,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { isObservable, type Observable, type Subscription } from 'rxjs';
import { systemClock, type Clock } from '../state/clock.js';
import { backgroundClock } from './background-clock.js';
import {
  rulesOf,
  type ConfigSource,
  type LiveOptions,
  type SourceRules,
} from './config-source.js';

/** What a live configuration stands on. */
export interface LiveConfigurationHost {
  /**
   * Puts options in force.
   *
   * @returns the names of the circuits that have changed
   * @throws if anything is wrong with them; nothing has changed then
   */
  take(options: unknown): readonly string[];
  readonly clock?: Clock | undefined;
  readonly logger?: Pick<Logger, 'log' | 'error'> | undefined;
}

const KEPT = 'The circuits keep the options that they have.';

/**
 * Has circuits follow a configuration source. Options that are wrong, and a source
 * that fails or hangs, are logged and change nothing.
 */
export class LiveConfiguration implements OnModuleInit, OnModuleDestroy {
  private readonly clock: Clock;
  /** Between two loads nothing keeps the process alive. */
  private readonly background: Clock;
  private readonly logger: Pick<Logger, 'log' | 'error'>;
  private subscription: Subscription | undefined;
  private cancelRefresh: (() => void) | undefined;
  private readonly closing = new AbortController();
  /** The last thing that was complained about: a source that is down is so at each load. */
  private complaint: string | undefined;

  constructor(
    private readonly source: ConfigSource | Observable<LiveOptions>,
    private readonly host: LiveConfigurationHost,
  ) {
    this.clock = host.clock ?? systemClock;
    this.background = host.clock ?? backgroundClock;
    this.logger = host.logger ?? new Logger('CircuitBreaker');
  }

  /**
   * Begins; the first load is over when the answer resolves.
   *
   * @throws (as a rejection) if the source is `required` and gives no options
   */
  async onModuleInit(): Promise<void> {
    const { source } = this;
    if (isObservable(source)) {
      this.subscription = source.subscribe({
        next: options => void this.attempt(() => this.take(options)),
        error: (error: unknown) => this.complain('has ended', error),
      });
      return;
    }
    const rules = rulesOf(source);
    const failure = await this.refresh(source, rules, this.clock);
    if (rules.required && failure !== undefined) {
      this.onModuleDestroy();
      throw failure.error;
    }
  }

  /** Ends: nothing is loaded any more, and a load under way is aborted. */
  onModuleDestroy(): void {
    this.subscription?.unsubscribe();
    this.cancelRefresh?.();
    this.closing.abort();
  }

  private async refresh(
    source: ConfigSource,
    rules: SourceRules,
    clock: Clock,
  ): Promise<{ readonly error: unknown } | undefined> {
    const failure = await this.attempt(async () =>
      this.take(await this.load(source, rules, clock)),
    );
    if (rules.refreshEvery !== undefined && !this.closing.signal.aborted) {
      this.cancelRefresh = this.background.schedule(
        rules.refreshEvery,
        () => void this.refresh(source, rules, this.background),
      );
    }
    return failure;
  }

  /** Options, or a rejection at the timeout or when the application is closed. */
  private async load(
    source: ConfigSource,
    { timeout }: SourceRules,
    clock: Clock,
  ): Promise<LiveOptions> {
    const { signal: closing } = this.closing;
    const loading = new AbortController();
    const interrupted = new Promise<never>((_, reject) => {
      loading.signal.addEventListener('abort', () =>
        // An error of our own, or that of the closing.
        // oxlint-disable-next-line prefer-promise-reject-errors
        reject(loading.signal.reason),
      );
    });
    const close = () => loading.abort(closing.reason);
    closing.addEventListener('abort', close);
    const cancel = clock.schedule(timeout, () =>
      loading.abort(new Error(`it did not answer within ${timeout} ms`)),
    );
    try {
      const { signal } = loading;
      return await Promise.race([source.load({ signal }), interrupted]);
    } finally {
      cancel();
      closing.removeEventListener('abort', close);
    }
  }

  private async attempt(
    work: () => void | Promise<void>,
  ): Promise<{ readonly error: unknown } | undefined> {
    try {
      await work();
      this.complaint = undefined;
      return undefined;
    } catch (error) {
      if (!this.closing.signal.aborted) this.complain('is not followed', error);
      return { error };
    }
  }

  private take(options: unknown): void {
    if (this.closing.signal.aborted) return;
    const changed = this.host.take(options);
    if (changed.length > 0) {
      this.logger.log(
        `The configuration source has changed ${changed.map(name => `"${name}"`).join(', ')}.`,
      );
    }
  }

  private complain(what: string, error: unknown): void {
    const complaint = `The configuration source ${what}: ${textOf(error)}`;
    if (complaint === this.complaint) return;
    this.complaint = complaint;
    this.logger.error(`${complaint}\n${KEPT}`);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
