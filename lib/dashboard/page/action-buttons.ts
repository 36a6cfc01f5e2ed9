import type { CircuitRecord } from './circuit-record.js';
import { element } from './element.js';
import type { ActionType, PageContext } from './page-context.js';

const ACTIONS: readonly [ActionType, string][] = [
  ['force-open', 'Force open…'],
  ['force-closed', 'Force closed…'],
  ['release', 'Release…'],
  ['reset', 'Reset…'],
  ['configure', 'Change thresholds…'],
];

/** Buttons for what can be done to one circuit as it is; none where nothing may be done. */
export class ActionButtons {
  readonly element = element('div', { className: 'actions' });
  private offered: string | undefined;

  constructor(
    private readonly record: CircuitRecord,
    private readonly context: PageContext,
  ) {}

  /** Its state has changed. */
  update(): void {
    const { state } = this.record.view;
    const isForced = state === 'forced-open' || state === 'forced-closed';
    const offered = (this.context.actions ? ACTIONS : []).filter(
      ([type]) =>
        type !== state.replace('forced', 'force') &&
        (type !== 'release' || isForced),
    );
    // Anew only where they differ, so that a focused button stays.
    const types = offered.map(([type]) => type).join();
    if (this.offered === types) return;
    this.offered = types;
    this.element.hidden = offered.length === 0;
    this.element.replaceChildren(
      ...offered.map(([type, word]) => this.button(type, word)),
    );
  }

  private button(type: ActionType, word: string): HTMLButtonElement {
    const button = element(
      'button',
      { type: 'button', className: 'quiet' },
      word,
    );
    button.addEventListener('click', () => this.context.ask(this.record, type));
    return button;
  }
}
