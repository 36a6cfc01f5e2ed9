import type { CircuitState } from '../../state/circuit-state.js';
import type { CircuitRecord } from './circuit-record.js';
import { byId, element, setText } from './element.js';

const CHIPS: readonly {
  word: string;
  className: string;
  states: readonly CircuitState[] | undefined;
}[] = [
  { word: 'all', className: 'all', states: undefined },
  { word: 'open', className: 'open', states: ['open'] },
  { word: 'half-open', className: 'half-open', states: ['half-open'] },
  {
    word: 'forced',
    className: 'forced-open',
    states: ['forced-open', 'forced-closed'],
  },
  { word: 'closed', className: 'closed', states: ['closed'] },
];

/** How many circuits are in which state; each count shows only those. */
export class StateCounts {
  private readonly chips: { button: HTMLButtonElement; count: HTMLElement }[];

  constructor(onSelect: (states: readonly CircuitState[] | undefined) => void) {
    this.chips = CHIPS.map(({ word, className, states }, index) => {
      const count = element('strong', {}, '–');
      const button = element(
        'button',
        {
          type: 'button',
          className: `chip chip-${className}`,
          'aria-pressed': String(index === 0),
        },
        count,
        ` ${word}`,
      );
      button.addEventListener('click', () => {
        for (const chip of this.chips)
          chip.button.setAttribute(
            'aria-pressed',
            String(chip.button === button),
          );
        onSelect(states);
      });
      return { button, count };
    });
    byId('counts').append(...this.chips.map(({ button }) => button));
  }

  update(records: Iterable<CircuitRecord>): void {
    const all = [...records];
    CHIPS.forEach(({ states }, index) => {
      const count =
        states === undefined
          ? all.length
          : all.filter(({ view }) => states.includes(view.state)).length;
      const chip = this.chips[index]!;
      setText(chip.count, String(count));
      chip.button.classList.toggle('is-none', count === 0);
    });
    const open = all.filter(
      ({ view }) => view.state === 'open' || view.state === 'forced-open',
    ).length;
    document.title = open > 0 ? `(${open} open) Circuits` : 'Circuits';
  }
}
