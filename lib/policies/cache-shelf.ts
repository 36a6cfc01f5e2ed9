import { LRUCache } from 'lru-cache';
import type { Clock } from '../state/clock.js';

/** A value that was kept, and how old it is by now. */
export interface Kept {
  readonly value: unknown;
  /** Milliseconds; below 0, which is as good as new, where a clock was set back or another process's is ahead. */
  readonly age: number;
}

/** One look for a key; several questions cost one reading. */
export interface Look {
  /** What is kept, if anything; answers at once where it can. */
  find(): Kept | undefined | Promise<Kept | undefined>;
}

/** Where a cache keeps its values. Neither fails nor hangs. */
export interface CacheShelf {
  look(key: string): Look;
  keep(key: string, value: unknown): void;
}

interface Entry {
  readonly value: unknown;
  /** On the monotonic clock. */
  readonly at: number;
}

/** The process's own memory. Values are kept and handed out as they are, not copied. */
export class MemoryShelf implements CacheShelf {
  private entries: LRUCache<string, Entry> | undefined;

  /** @param maxEntries above it the one that was used least recently goes */
  constructor(
    private readonly maxEntries: number,
    private readonly clock: Clock,
  ) {}

  look(key: string): { find(): Kept | undefined } {
    return { find: () => this.find(key) };
  }

  find(key: string): Kept | undefined {
    const entry = this.entries?.get(key);
    return (
      entry && {
        value: entry.value,
        age: this.clock.now() - entry.at,
      }
    );
  }

  keep(key: string, value: unknown): void {
    // Made when it is needed: it sets aside its whole room at once.
    this.entries ??= new LRUCache({ max: this.maxEntries });
    this.entries.set(key, { value, at: this.clock.now() });
  }
}
