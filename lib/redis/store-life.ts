import type { Announcement, ExchangeReply } from './fleet-store.js';

/** The life of a store since it was last empty, and how much of what it announced was heard. */
export class StoreLife {
  private epoch: string | undefined;
  private heard: number | undefined;
  private announced = 0;

  /** Whether an announcement is of this life; one of another is noticed by the next answer. */
  hears({ epoch }: Announcement): boolean {
    return this.epoch === undefined || epoch === this.epoch;
  }

  /** @returns whether announcements before this one were missed */
  hear({ rev }: Announcement): boolean {
    if (this.heard === undefined) return false;
    const hasGap = rev > this.heard + 1;
    this.heard = Math.max(this.heard, rev);
    return hasGap;
  }

  /** @returns whether the store has been emptied since the last answer */
  answered({ epoch, rev }: ExchangeReply): boolean {
    this.announced = rev;
    if (epoch === this.epoch) return false;
    const isAnother = this.epoch !== undefined;
    this.epoch = epoch;
    this.heard = rev;
    return isAnother;
  }

  /** @returns whether announcements were missed, as of the last answer */
  catchUp(): boolean {
    if (this.heard === undefined || this.heard >= this.announced) return false;
    this.heard = this.announced;
    return true;
  }
}
