import type { CircuitView } from '../circuit-view.js';
import { ActionButtons } from './action-buttons.js';
import { titleOf, type CircuitRecord } from './circuit-record.js';
import { element, setText } from './element.js';
import { FactBlocks } from './fact-blocks.js';
import type { PageContext } from './page-context.js';
import { SecondsFigure } from './seconds-figure.js';
import { TransitionTable } from './transition-table.js';
import { plural, whole } from './wording.js';

/** Everything about one circuit: its chart, latencies, window, rules, transitions and actions. */
export class CircuitDetails {
  readonly element: HTMLElement;
  private readonly sentence = element('p', { className: 'sentence' });
  private readonly actions: ActionButtons;
  private readonly figure: SecondsFigure;
  private readonly facts: FactBlocks;
  private readonly transitions: TransitionTable;

  constructor(
    private readonly record: CircuitRecord,
    private readonly context: PageContext,
    id: string,
    heading: 'h4' | 'h5',
  ) {
    this.actions = new ActionButtons(record, context);
    this.figure = new SecondsFigure(record, context);
    this.facts = new FactBlocks(heading);
    this.transitions = new TransitionTable(titleOf(record.view));
    this.element = element(
      'div',
      { className: 'details', id },
      this.sentence,
      this.actions.element,
      this.figure.element,
      this.facts.element,
      element(heading, {}, 'Recent transitions'),
      this.transitions.element,
    );
  }

  /** Begins to draw; it must be in the page by now. */
  start(): void {
    this.figure.start();
    this.showState();
  }

  close(): void {
    this.figure.close();
    this.element.remove();
  }

  /** The stream began anew: what was drawn may have a gap. */
  load(): void {
    this.figure.load();
  }

  /** Its state or its rules have changed. */
  showState(): void {
    const { view } = this.record;
    this.transitions.update(view, this.context.now());
    this.facts.updateRules(view);
    this.actions.update();
    this.update();
  }

  /** Shows the figures of now. */
  update(): void {
    const { view } = this.record;
    setText(
      this.sentence,
      view.state === 'closed' ? closedSentence(view) : view.sentence,
    );
    this.facts.update(view);
    this.figure.update();
  }

  /** The theme has changed. */
  redraw(): void {
    this.figure.redraw();
  }
}

function closedSentence({ window, thresholds }: CircuitView): string {
  if (window.calls === 0) return 'Closed: no calls in its window.';
  const few =
    window.calls < thresholds.minimumCalls
      ? ', too few for a rate to count'
      : '';
  return `Closed: of ${plural(window.calls, 'call')} in its window ${whole(window.failures)} failed and ${whole(window.slow)} were slow${few}.`;
}
