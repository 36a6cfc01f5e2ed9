/** What callers and bodies of one circuit's calls have seen; only ever counted up. */
export interface Entry {
  /** Calls that were made. */
  issued: number;
  /** Calls that were answered: by the dependency, a cache or a fallback. */
  answered: number;
  /** Those of them that a fallback answered. */
  fellBack: number;
  /** Calls that failed for their caller. */
  failed: number;
  /** Those of them that were refused by the circuit or a limit. */
  refused: number;
  /** Calls that their caller gave up. */
  aborted: number;
  /** Calls that were answered more than once, or both answered and failed. */
  twice: number;
  /** Attempts: how often the protected function ran. */
  attempts: number;
  /** Attempts that had an answer of the dependency, be it an error or a cut connection. */
  returned: number;
  /** Attempts whose signal was aborted first. */
  cancelled: number;
  /** Those attempts that ended before their request had left. */
  unsent: number;
}

/** The books of one instance, by the circuit's name. */
export class Ledger {
  readonly entries: Record<string, Entry> = {};

  of(name: string): Entry {
    return (this.entries[name] ??= {
      issued: 0,
      answered: 0,
      fellBack: 0,
      failed: 0,
      refused: 0,
      aborted: 0,
      twice: 0,
      attempts: 0,
      returned: 0,
      cancelled: 0,
      unsent: 0,
    });
  }

  /** Whether every call has been answered. */
  get isSettled(): boolean {
    return Object.values(this.entries).every(
      ({ issued, answered, failed, aborted, attempts, returned, cancelled }) =>
        issued === answered + failed + aborted &&
        attempts === returned + cancelled,
    );
  }
}

/** What a fallback answers with. */
export const FALLBACK = 'fallback';
