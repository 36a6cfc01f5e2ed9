import type { SharedSnapshot } from '../state/coordinator.js';
import type { StoredWindow } from './fleet-store.js';

/** What an instance knows of the window that the fleet shares, and how much of it is its own. */
export class SharedWindow {
  private stored: StoredWindow | undefined;
  private heardAt = 0;
  /** Calls that this instance has told, by the bucket that they went to: as many as the window has buckets. */
  private readonly own = new Map<number, number>();

  /** The window begins anew. */
  clear(): void {
    this.stored = undefined;
    this.own.clear();
  }

  /**
   * Takes over how the window stands.
   *
   * @param added the calls that this instance has just added to its latest bucket
   */
  take(stored: StoredWindow, added: number, now: number): void {
    const [, , , oldest, latest] = stored;
    this.stored = stored;
    this.heardAt = now;
    this.own.set(latest, (this.own.get(latest) ?? 0) + added);
    for (const bucket of this.own.keys()) {
      // Later than the latest: of a time before the store's clock was set back.
      if (bucket < oldest || bucket > latest) this.own.delete(bucket);
    }
  }

  /** @param maxAge milliseconds after which none of those calls counts any more */
  describe(
    now: number,
    maxAge: number,
  ): Pick<SharedSnapshot, 'share' | 'window'> {
    if (this.stored === undefined || now - this.heardAt > maxAge) {
      return { share: null, window: null };
    }
    const [calls, failures, slow] = this.stored;
    let own = 0;
    for (const told of this.own.values()) own += told;
    return {
      share: calls === 0 ? null : Math.min(1, own / calls),
      window: { calls, failures, slow },
    };
  }
}
