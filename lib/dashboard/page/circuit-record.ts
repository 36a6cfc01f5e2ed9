import type { CircuitFigures, CircuitView } from '../circuit-view.js';
import { RecentCalls, type Counters } from './recent-calls.js';

/** Told of each second of one circuit: what was added, and when. */
export type SecondListener = (added: Counters, at: number) => void;

/** What the page knows of one circuit. */
export class CircuitRecord {
  readonly id: string;
  recent: RecentCalls;
  /** Counts what changes more than its figures. */
  version = 0;
  /** What draws its seconds, while its details are shown. */
  onSecond: SecondListener | undefined;

  constructor(public view: CircuitView) {
    this.id = idOf(view);
    this.recent = new RecentCalls(view.totals, view.history);
  }

  /** The stream began anew: nothing is continued. */
  restart(view: CircuitView): void {
    this.replace(view);
    this.recent = new RecentCalls(view.totals, view.history);
  }

  /** Its state or its rules have changed. */
  replace(view: CircuitView): void {
    this.view = view;
    this.version++;
  }

  /** Its figures have changed. */
  refresh(figures: CircuitFigures, at: number): void {
    const { window, ...others } = figures;
    this.view = {
      ...this.view,
      ...others,
      window: { ...this.view.window, ...window },
    };
    const added = this.recent.continue(figures.totals, at);
    this.onSecond?.(added, at);
  }

  /** By what it is searched, in lower case. */
  get words(): string {
    return `${this.view.name} ${this.view.key ?? ''}`.toLowerCase();
  }
}

/** One text for a name and a key. */
export function idOf({
  name,
  key,
}: {
  name: string;
  key: string | null;
}): string {
  return JSON.stringify([name, key]);
}

/** How a circuit is called among all. */
export function titleOf({
  name,
  key,
}: {
  name: string;
  key: string | null;
}): string {
  return key === null ? name : `${name} (${key})`;
}

/** The order of trouble: what is 0 comes first, what is {@link WELL} or more is well. */
export function rankOf({ state, mode }: CircuitView): number {
  if (mode === 'disabled') return WELL + 1;
  if (state === 'closed') return WELL;
  const rank = ['open', 'forced-open', 'half-open', 'forced-closed'].indexOf(
    state,
  );
  return mode === 'shadow' ? 4 : rank;
}

/** The rank of a circuit that is closed. */
export const WELL = 5;

/** Sorts trouble first, then what is critical, then by name and key. */
export function compareRecords(
  { view: a }: CircuitRecord,
  { view: b }: CircuitRecord,
): number {
  return (
    rankOf(a) - rankOf(b) ||
    Number(b.critical) - Number(a.critical) ||
    compareText(a.name, b.name) ||
    compareText(a.key ?? '', b.key ?? '')
  );
}

function compareText(a: string, b: string): number {
  return COLLATOR.compare(a, b);
}

const COLLATOR = new Intl.Collator('en', { numeric: true });
