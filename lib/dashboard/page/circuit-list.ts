import type { CircuitState } from '../../state/circuit-state.js';
import {
  compareRecords,
  rankOf,
  WELL,
  type CircuitRecord,
} from './circuit-record.js';
import { CircuitRow } from './circuit-row.js';
import { byId, setText } from './element.js';
import { NameGroup } from './name-group.js';
import type { PageContext } from './page-context.js';
import { keepingFocus, placeInOrder } from './place-in-order.js';
import { plural } from './wording.js';

interface Entry {
  readonly element: HTMLElement;
  /** The worst of its circuits. */
  readonly worst: CircuitRecord;
}

/** What a person looks for. */
export interface Selection {
  readonly words: string;
  readonly states: readonly CircuitState[] | undefined;
}

/** The two lists of circuits: those in trouble, and the others. */
export class CircuitList {
  private readonly trouble = byId('trouble');
  private readonly closed = byId('closed');
  private readonly calm = byId('calm');
  private readonly matches = byId('matches');
  private readonly rows = new Map<string, CircuitRow>();
  private readonly groups = new Map<string, NameGroup>();
  private readonly rowsByElement = new WeakMap<Element, CircuitRow>();
  private readonly sight = new IntersectionObserver(
    entries => {
      for (const { target, isIntersecting } of entries) {
        this.rowsByElement.get(target)?.setVisible(isIntersecting);
      }
    },
    { rootMargin: '150px' },
  );
  private selection: Selection = { words: '', states: undefined };

  constructor(
    private readonly records: ReadonlyMap<string, CircuitRecord>,
    private readonly context: PageContext,
  ) {}

  select(selection: Selection): void {
    this.selection = selection;
    this.arrange();
  }

  /** Some circuits have another state, or came, or went. */
  arrange(): void {
    this.dropTheGone();
    keepingFocus(() => this.place());
    for (const row of this.rows.values()) row.showState();
  }

  /** Figures have changed. */
  update(): void {
    for (const row of this.rows.values()) row.update();
    if (this.groups.size === 0) return;
    const now = this.context.now();
    for (const [name, all] of this.byName())
      this.groups.get(name)?.update(all, now);
  }

  /** Time has passed. */
  updateTimes(): void {
    for (const row of this.rows.values()) row.updateTimes();
  }

  /** The stream began anew. */
  restart(): void {
    this.arrange();
    for (const row of this.rows.values()) row.restart();
  }

  redraw(): void {
    for (const row of this.rows.values()) row.redraw();
  }

  private place(): void {
    const { words, states } = this.selection;
    const isSearched = words !== '' || states !== undefined;
    const entries: Entry[] = [];
    let matched = 0;
    for (const [name, all] of this.byName()) {
      const matching = all.filter(record => this.isWanted(record));
      matched += matching.length;
      if (matching.length === 0) continue;
      const worst = matching.toSorted(compareRecords)[0]!;
      if (all.length === 1 && worst.view.key === null) {
        entries.push({ worst, element: this.rowOf(worst, false).element });
        continue;
      }
      let group = this.groups.get(name);
      if (group === undefined) {
        group = new NameGroup(
          name,
          (record, isKeyed) => this.rowOf(record, isKeyed),
          () => this.arrange(),
        );
        this.groups.set(name, group);
      }
      group.show(all, matching, isSearched);
      group.update(all, this.context.now());
      entries.push({ worst, element: group.element });
    }
    entries.sort((a, b) => compareRecords(a.worst, b.worst));
    const isTrouble = ({ worst }: Entry) => rankOf(worst.view) < WELL;
    placeInOrder(
      this.trouble,
      entries.filter(isTrouble).map(({ element }) => element),
    );
    placeInOrder(
      this.closed,
      entries.filter(entry => !isTrouble(entry)).map(({ element }) => element),
    );
    this.calm.hidden =
      this.trouble.childElementCount > 0 ||
      isSearched ||
      this.records.size === 0;
    setText(
      this.matches,
      isSearched
        ? `${plural(matched, 'circuit')} of ${this.records.size} shown`
        : '',
    );
  }

  private byName(): Map<string, CircuitRecord[]> {
    const names = new Map<string, CircuitRecord[]>();
    for (const record of this.records.values()) {
      const all = names.get(record.view.name);
      if (all === undefined) names.set(record.view.name, [record]);
      else all.push(record);
    }
    for (const all of names.values()) dropUnusedOwner(all);
    return names;
  }

  private isWanted(record: CircuitRecord): boolean {
    const { words, states } = this.selection;
    return (
      (words === '' || record.words.includes(words)) &&
      (states === undefined || states.includes(record.view.state))
    );
  }

  private rowOf(record: CircuitRecord, isKeyed: boolean): CircuitRow {
    const id = `${isKeyed} ${record.id}`;
    let row = this.rows.get(id);
    if (row === undefined) {
      row = new CircuitRow(record, this.context, isKeyed);
      this.rows.set(id, row);
      this.rowsByElement.set(row.element, row);
      this.sight.observe(row.element);
    }
    return row;
  }

  private dropTheGone(): void {
    for (const [id, row] of this.rows) {
      if (this.records.get(row.record.id) === row.record) continue;
      this.sight.unobserve(row.element);
      row.remove();
      this.rows.delete(id);
    }
  }
}

/** A name that is only used with keys has a circuit without one, which never has a call. */
function dropUnusedOwner(all: CircuitRecord[]): void {
  if (all.length === 1) return;
  const owner = all.findIndex(
    ({ view }) =>
      view.key === null && view.state === 'closed' && view.totals.calls === 0,
  );
  if (owner >= 0) all.splice(owner, 1);
}
