import type { CacheShelf, Kept, Look } from './cache-shelf.js';
import type { PolicyHost } from './policy-host.js';

/**
 * A cache that lives elsewhere. What Nest gives out as `CACHE_MANAGER` is one, and
 * so is any `Cache` of the `cache-manager` package from version 5 on.
 */
export interface CacheStore {
  /** What was set, or nothing. */
  get(key: string): Promise<unknown>;
  /** @param ttl milliseconds after which the value may be forgotten */
  set(key: string, value: unknown, ttl?: number): Promise<unknown>;
}

/** Keys in a store begin with this. */
const PREFIX = 'nestjs-breaker:';

/** What is put into a store: `undefined` and `null` survive, and the age is known. */
interface Envelope {
  /** Milliseconds since the epoch: other processes read it, too. */
  readonly at: number;
  /** Absent for `undefined`. */
  readonly value?: unknown;
}

/**
 * Keeps values in a store that may be slow, fail or hang: a reading takes no
 * longer than its deadline, a writing is never waited for, and whatever goes
 * wrong is reported once and is as if nothing had been kept.
 */
export class StoreShelf implements CacheShelf {
  private readonly reported = new Set<string>();

  /**
   * @param keepFor milliseconds after which a value is of no use to anybody
   * @param deadline milliseconds that a reading may take
   */
  constructor(
    private readonly store: CacheStore,
    private readonly keepFor: number,
    private readonly deadline: number,
    private readonly host: PolicyHost,
  ) {}

  look(key: string): Look {
    return new StoreLook(
      () => this.store.get(PREFIX + key),
      this.deadline,
      this.host,
      error => this.report('get', error),
    );
  }

  keep(key: string, value: unknown): void {
    const envelope: Envelope = { at: this.host.clock.wallTime(), value };
    // A store may throw at once, too.
    soon(() =>
      this.store.set(PREFIX + key, envelope, Math.ceil(this.keepFor)),
    ).catch((error: unknown) => this.report('set', error));
  }

  private report(method: string, error: unknown): void {
    // Once: a store that is down fails at every call.
    if (this.reported.has(method)) return;
    this.reported.add(method);
    this.host.report(`the cache store's ${method}`, error);
  }
}

/** Reads once, and waits once: what comes after the deadline can still be found later. */
class StoreLook implements Look {
  private reading: Promise<void> | undefined;
  private envelope: Envelope | undefined;

  constructor(
    private readonly get: () => Promise<unknown>,
    private readonly deadline: number,
    private readonly host: PolicyHost,
    private readonly report: (error: unknown) => void,
  ) {}

  find(): Promise<Kept | undefined> {
    this.reading ??= this.read();
    return this.reading.then(() => this.kept());
  }

  private read(): Promise<void> {
    return new Promise(resolve => {
      const cancel = this.host.clock.schedule(this.deadline, () => {
        this.report(
          new Error(`no answer within the deadline of ${this.deadline} ms`),
        );
        resolve();
      });
      soon(this.get)
        .then(
          found => {
            if (isEnvelope(found)) this.envelope = found;
          },
          (error: unknown) => this.report(error),
        )
        .then(() => {
          cancel();
          resolve();
        });
    });
  }

  private kept(): Kept | undefined {
    return (
      this.envelope && {
        value: this.envelope.value,
        age: this.host.clock.wallTime() - this.envelope.at,
      }
    );
  }
}

function isEnvelope(found: unknown): found is Envelope {
  return (
    typeof found === 'object' &&
    found !== null &&
    Number.isFinite((found as Partial<Envelope>).at)
  );
}

async function soon(ask: () => Promise<unknown>): Promise<unknown> {
  return ask();
}
