import uPlot from 'uplot';
import { sparkline } from './call-chart.js';
import { CircuitAnswers } from './circuit-answers.js';
import { CircuitDetails } from './circuit-details.js';
import { rankOf, WELL, type CircuitRecord } from './circuit-record.js';
import { element, fact, setText } from './element.js';
import type { PageContext } from './page-context.js';
import { latency, percent, rate, stateWord } from './wording.js';

let made = 0;

/** A circuit in the list: what is wrong with it at a glance, and its details on demand. */
export class CircuitRow {
  readonly element: HTMLLIElement;
  private readonly badge: HTMLElement;
  private readonly button: HTMLButtonElement;
  private readonly tags: HTMLElement;
  private readonly spark: HTMLElement;
  private readonly figures: Record<
    'calls' | 'rejected' | 'failed' | 'p50' | 'p99',
    HTMLElement
  >;
  private readonly detailsId = `details-${made++}`;
  private answers: CircuitAnswers | undefined;
  private details: CircuitDetails | undefined;
  private chart: uPlot | undefined;
  private isVisible = false;
  private shownVersion = -1;

  /** @param isKeyed whether it stands under its name and shows only its key */
  constructor(
    readonly record: CircuitRecord,
    private readonly context: PageContext,
    private readonly isKeyed: boolean,
  ) {
    const { name, key } = record.view;
    const title = isKeyed ? (key ?? 'without a key') : name;
    this.badge = element('span', { className: 'badge' });
    this.button = element(
      'button',
      {
        type: 'button',
        className: 'name',
        'aria-expanded': 'false',
        'aria-controls': this.detailsId,
        title,
      },
      element('span', { className: 'name-text' }, title),
    );
    this.tags = element('span', { className: 'tags' });
    this.spark = element('div', { className: 'spark', 'aria-hidden': 'true' });
    const [callsPair, calls] = fact('calls/s');
    const [rejectedPair, rejected] = fact('refused/s', 'refused');
    const [failedPair, failed] = fact('failed');
    const [p50Pair, p50] = fact('p50');
    const [p99Pair, p99] = fact('p99');
    this.figures = { calls, rejected, failed, p50, p99 };
    this.element = element(
      'li',
      { className: 'circuit' },
      element(
        'div',
        { className: 'row' },
        this.badge,
        element(isKeyed ? 'h4' : 'h3', {}, this.button, this.tags),
        element(
          'dl',
          { className: 'figures' },
          callsPair,
          rejectedPair,
          failedPair,
          p50Pair,
          p99Pair,
        ),
        this.spark,
      ),
    );
    this.button.addEventListener('click', () => this.toggle());
    this.showState();
  }

  get isOpen(): boolean {
    return this.details !== undefined;
  }

  /** Its state, its rules or its override have changed. */
  showState(): void {
    const { view, version } = this.record;
    if (version === this.shownVersion) return;
    this.shownVersion = version;
    const isTrouble = rankOf(view) < WELL;
    this.element.dataset['state'] =
      view.mode === 'enforced' ? view.state : 'closed';
    this.element.classList.toggle('is-trouble', isTrouble);
    setText(this.badge, stateWord(view.state));
    this.badge.className = `badge badge-${view.state}`;
    const tags = [
      view.critical ? 'critical' : '',
      view.mode === 'enforced' ? '' : view.mode,
    ];
    this.tags.replaceChildren(
      ...tags
        .filter(tag => tag !== '')
        .map(tag => element('span', { className: 'tag' }, tag)),
    );
    if (isTrouble && this.answers === undefined) {
      this.answers = new CircuitAnswers(this.record, this.context);
      this.element.firstElementChild!.after(this.answers.element);
    } else if (!isTrouble) {
      this.answers?.element.remove();
      this.answers = undefined;
    }
    this.details?.showState();
    this.update();
  }

  /** Shows the figures of now; nothing while it is out of sight. */
  update(): void {
    if (!this.isVisible) return;
    const { view, recent } = this.record;
    const now = this.context.now();
    const { calls, rejected } = recent.rates(now);
    setText(this.figures.calls, rate(calls));
    setText(this.figures.rejected, rate(rejected));
    this.figures.rejected.parentElement!.classList.toggle(
      'is-none',
      rejected === 0,
    );
    setText(
      this.figures.failed,
      percent(view.window.failures, view.window.calls),
    );
    this.figures.failed.parentElement!.classList.toggle('is-bad', isMuch(view));
    setText(this.figures.p50, latency(view.latency.p50));
    setText(this.figures.p99, latency(view.latency.p99));
    this.answers?.update();
    this.details?.update();
    this.drawSpark(now);
  }

  /** Countdowns and ages run on between the server's messages. */
  updateTimes(): void {
    if (this.isVisible) this.answers?.update();
  }

  /** Whether it is near the part of the page that is seen: a chart out of sight costs nothing. */
  setVisible(isVisible: boolean): void {
    if (isVisible === this.isVisible) return;
    this.isVisible = isVisible;
    if (isVisible) this.update();
    else this.dropSpark();
  }

  /** The theme has changed. */
  redraw(): void {
    this.dropSpark();
    this.details?.redraw();
    this.update();
  }

  /** Lets go of everything that runs. */
  remove(): void {
    this.dropSpark();
    this.details?.close();
    this.details = undefined;
    this.element.remove();
  }

  /** The stream began anew: what was drawn may have a gap. */
  restart(): void {
    this.details?.load();
    this.showState();
  }

  private toggle(): void {
    this.button.setAttribute('aria-expanded', String(!this.isOpen));
    if (this.details !== undefined) {
      this.details.close();
      this.details = undefined;
      return;
    }
    this.details = new CircuitDetails(
      this.record,
      this.context,
      this.detailsId,
      this.isKeyed ? 'h5' : 'h4',
    );
    this.element.append(this.details.element);
    this.details.start();
  }

  private drawSpark(now: number): void {
    const columns = this.record.recent.columns(now);
    if (this.chart === undefined) this.chart = sparkline(this.spark, columns);
    else this.chart.setData(columns);
  }

  private dropSpark(): void {
    this.chart?.destroy();
    this.chart = undefined;
  }
}

/** Whether the failures are worth a look: half of what opens the circuit. */
function isMuch({ window, thresholds }: CircuitRecord['view']): boolean {
  const { failureRateThreshold } = thresholds;
  const most = failureRateThreshold === false ? 0.5 : failureRateThreshold;
  return window.calls > 0 && window.failures / window.calls >= most / 2;
}
