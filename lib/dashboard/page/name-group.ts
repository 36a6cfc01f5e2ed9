import {
  compareRecords,
  rankOf,
  WELL,
  type CircuitRecord,
} from './circuit-record.js';
import type { CircuitRow } from './circuit-row.js';
import { element, setText } from './element.js';
import { placeInOrder } from './place-in-order.js';
import { plural, rate, stateWord, whole } from './wording.js';

/** Makes and remembers the row of a circuit. */
export type RowOf = (record: CircuitRecord, isKeyed: boolean) => CircuitRow;

/** The keyed circuits of one name, folded under it: those in trouble are always shown. */
export class NameGroup {
  readonly element: HTMLLIElement;
  private readonly summary = element('p', { className: 'group-summary' });
  private readonly figures = element('p', { className: 'group-figures' });
  private readonly button = element('button', {
    type: 'button',
    className: 'quiet',
    'aria-expanded': 'false',
  });
  private readonly list = element('ul', { className: 'list keyed' });
  private isUnfolded = false;

  constructor(
    name: string,
    private readonly rowOf: RowOf,
    private readonly onToggle: () => void,
  ) {
    this.element = element(
      'li',
      { className: 'group' },
      element(
        'div',
        { className: 'group-head' },
        element(
          'h3',
          { title: name },
          element('span', { className: 'name-text' }, name),
        ),
        this.summary,
        this.figures,
        this.button,
      ),
      this.list,
    );
    this.button.addEventListener('click', () => {
      this.isUnfolded = !this.isUnfolded;
      this.onToggle();
    });
  }

  /**
   * Shows its circuits.
   *
   * @param matching those that the search and the filter leave
   * @param isSearched whether somebody looks for something: then nothing is folded
   */
  show(
    all: readonly CircuitRecord[],
    matching: readonly CircuitRecord[],
    isSearched: boolean,
  ): void {
    const shown = matching
      .filter(
        ({ view }) => isSearched || this.isUnfolded || rankOf(view) < WELL,
      )
      .toSorted(compareRecords);
    const foldable = all.filter(({ view }) => rankOf(view) >= WELL).length;
    this.button.hidden = isSearched || foldable === 0;
    this.button.setAttribute('aria-expanded', String(this.isUnfolded));
    setText(
      this.button,
      this.isUnfolded
        ? 'Fold what is closed'
        : `Show ${plural(foldable, 'closed key')}`,
    );
    setText(this.summary, summaryOf(all));
    const isTrouble = all.some(({ view }) => rankOf(view) < WELL);
    this.element.classList.toggle('is-trouble', isTrouble);
    placeInOrder(
      this.list,
      shown.map(record => this.rowOf(record, true).element),
    );
  }

  /** Shows what all of its circuits do together. */
  update(all: readonly CircuitRecord[], now: number): void {
    let calls = 0;
    let rejected = 0;
    for (const { recent } of all) {
      const rates = recent.rates(now);
      calls += rates.calls;
      rejected += rates.rejected;
    }
    setText(
      this.figures,
      `${rate(calls)} calls/s${rejected > 0 ? `, ${rate(rejected)} refused/s` : ''}`,
    );
  }
}

function summaryOf(all: readonly CircuitRecord[]): string {
  const keyed = all.filter(({ view }) => view.key !== null);
  const counts = new Map<string, number>();
  for (const { view } of keyed) {
    const word = stateWord(view.state).toLowerCase();
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const parts = [...counts].map(([word, count]) => `${whole(count)} ${word}`);
  return `${plural(keyed.length, 'key')}: ${parts.join(', ')}`;
}
