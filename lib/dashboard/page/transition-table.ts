import type { CircuitView } from '../circuit-view.js';
import { element } from './element.js';
import { stateWord, timeOfDay } from './wording.js';

/** The last transitions of a circuit, the latest first. */
export class TransitionTable {
  readonly element: HTMLElement;
  private readonly rows = element('tbody');

  /** @param circuit how it is called: several tables may be shown */
  constructor(circuit: string) {
    const head = ['When', 'To', 'Reason'].map(title =>
      element('th', { scope: 'col' }, title),
    );
    this.element = element(
      'div',
      {
        className: 'scroll',
        tabindex: '0',
        role: 'region',
        'aria-label': `Recent transitions of ${circuit}`,
      },
      element(
        'table',
        {},
        element('thead', {}, element('tr', {}, ...head)),
        this.rows,
      ),
    );
  }

  /** Its state has changed. */
  update({ transitions }: CircuitView, now: number): void {
    const rows = transitions
      .toReversed()
      .map(transition => rowOf(transition, now));
    this.rows.replaceChildren(...(rows.length > 0 ? rows : [emptyRow()]));
  }
}

function rowOf(
  { at, to, reason }: CircuitView['transitions'][number],
  now: number,
): HTMLElement {
  const badge = element(
    'span',
    { className: `badge badge-${to}` },
    stateWord(to),
  );
  return element(
    'tr',
    {},
    element('td', { className: 'when' }, timeOfDay(at, now)),
    element('td', {}, badge),
    element('td', { className: 'reason' }, reason),
  );
}

function emptyRow(): HTMLElement {
  const text = 'None: closed since the start.';
  return element('tr', {}, element('td', { colspan: '3' }, text));
}
