import uPlot from 'uplot';
import { HISTORY_SERIES, type HistorySeries } from '../call-history.js';
import type { CircuitView } from '../circuit-view.js';
import { secondsChart } from './call-chart.js';
import type { CircuitRecord } from './circuit-record.js';
import { element, fact, setText } from './element.js';
import type { ActionType, PageContext } from './page-context.js';
import type { Counters } from './recent-calls.js';
import { SecondsHistory } from './seconds-history.js';
import {
  duration,
  latency,
  percent,
  plural,
  stateWord,
  timeOfDay,
  whole,
} from './wording.js';

const SERIES_WORDS: Record<HistorySeries, string> = {
  calls: 'Calls',
  failures: 'Failures',
  slow: 'Slow',
  rejected: 'Refused',
  fallbacks: 'From a fallback',
};

const ACTIONS: readonly [ActionType, string][] = [
  ['force-open', 'Force open…'],
  ['force-closed', 'Force closed…'],
  ['release', 'Release…'],
  ['reset', 'Reset…'],
  ['configure', 'Change thresholds…'],
];

/** Everything about one circuit: its chart, latencies, window, rules, transitions and actions. */
export class CircuitDetails {
  readonly element: HTMLElement;
  private readonly sentence = element('p', { className: 'sentence' });
  private readonly chartHost = element('div', {
    className: 'chart',
    role: 'img',
  });
  private readonly legend = element('dl', { className: 'legend' });
  private readonly legendValues = {} as Record<HistorySeries, HTMLElement>;
  private readonly legendTime = element('p', { className: 'legend-time' });
  private readonly facts: Record<string, HTMLElement> = {};
  private readonly transitions = element('tbody');
  private readonly actions = element('div', { className: 'actions' });
  private readonly fleet: HTMLElement;
  private readonly history = new SecondsHistory();
  private readonly resizing = new ResizeObserver(() => this.resize());
  private chart: uPlot | undefined;
  private pointedAt: number | undefined;

  constructor(
    private readonly record: CircuitRecord,
    private readonly context: PageContext,
    id: string,
    private readonly heading: 'h4' | 'h5',
  ) {
    for (const series of HISTORY_SERIES) {
      const [pair, value] = fact(
        SERIES_WORDS[series],
        `series series-${series}`,
      );
      this.legendValues[series] = value;
      this.legend.append(pair);
    }
    this.fleet = this.block('Fleet', [
      'State of all',
      'Instances',
      'Calls of all',
      'Of them failed',
      'Share of this one',
    ]);
    this.element = element(
      'div',
      { className: 'details', id },
      this.sentence,
      this.actions,
      element(
        'figure',
        {},
        element(
          'figcaption',
          {},
          'Each second of the last five minutes',
          this.legendTime,
        ),
        this.chartHost,
        this.legend,
      ),
      element(
        'div',
        { className: 'columns' },
        this.block('Latency', ['Mean', 'p50', 'p90', 'p99', 'Longest']),
        this.block('Window', [
          'Calls in window',
          'Failed',
          'Slow',
          'In flight',
        ]),
        this.block('In all', [
          'Successes',
          'Failures',
          'Ignored',
          'Refused',
          'Fallbacks',
        ]),
        this.block('Opens at', [
          'Failure rate',
          'Slower than',
          'Of at least',
          'In a row',
          'Stays open',
        ]),
        this.fleet,
      ),
      element(this.heading, {}, 'Recent transitions'),
      element(
        'div',
        {
          className: 'scroll',
          tabindex: '0',
          role: 'region',
          'aria-label': 'Recent transitions',
        },
        element(
          'table',
          {},
          element(
            'thead',
            {},
            element(
              'tr',
              {},
              element('th', { scope: 'col' }, 'When'),
              element('th', { scope: 'col' }, 'To'),
              element('th', { scope: 'col' }, 'Reason'),
            ),
          ),
          this.transitions,
        ),
      ),
    );
  }

  /** Begins to draw; it must be in the page by now. */
  start(): void {
    this.record.onSecond = (added, at) => this.history.add(at, added);
    this.resizing.observe(this.chartHost);
    this.showState();
    this.load();
  }

  close(): void {
    this.record.onSecond = undefined;
    this.resizing.disconnect();
    this.chart?.destroy();
    this.chart = undefined;
    this.element.remove();
  }

  /** Asks the server for the seconds that it has kept. */
  load(): void {
    void this.fetchHistory().then(() => this.draw());
  }

  /** Its state or its rules have changed. */
  showState(): void {
    const { view } = this.record;
    const now = this.context.now();
    this.transitions.replaceChildren(
      ...view.transitions
        .toReversed()
        .map(({ at, to, reason }) =>
          element(
            'tr',
            {},
            element('td', { className: 'when' }, timeOfDay(at, now)),
            element(
              'td',
              {},
              element(
                'span',
                { className: `badge badge-${to}` },
                stateWord(to),
              ),
            ),
            element('td', { className: 'reason' }, reason),
          ),
        ),
    );
    if (view.transitions.length === 0) {
      this.transitions.append(
        element(
          'tr',
          {},
          element('td', { colspan: '3' }, 'None: closed since the start.'),
        ),
      );
    }
    this.showThresholds(view);
    this.showActions(view);
    this.update();
  }

  /** Shows the figures of now. */
  update(): void {
    const { view } = this.record;
    const { window, totals } = view;
    setText(
      this.sentence,
      view.state === 'closed' ? `${closedSentence(view)}` : view.sentence,
    );
    this.show('Mean', latency(view.latency.mean));
    this.show('p50', latency(view.latency.p50));
    this.show('p90', latency(view.latency.p90));
    this.show('p99', latency(view.latency.p99));
    this.show('Longest', latency(view.latency.max));
    this.show('Calls in window', whole(window.calls));
    this.show(
      'Failed',
      `${whole(window.failures)} (${percent(window.failures, window.calls)})`,
    );
    this.show(
      'Slow',
      `${whole(window.slow)} (${percent(window.slow, window.calls)})`,
    );
    this.show(
      'In flight',
      `${whole(view.inFlight)}${view.inFlightSlow > 0 ? `, ${whole(view.inFlightSlow)} slow` : ''}`,
    );
    this.show('Successes', whole(totals.successes));
    this.show('Failures', whole(totals.failures));
    this.show('Ignored', whole(totals.ignored));
    this.show('Refused', whole(totals.rejected));
    this.show('Fallbacks', whole(totals.fallbacks));
    this.showFleet(view);
    this.draw();
  }

  /** The theme has changed. */
  redraw(): void {
    this.chart?.destroy();
    this.chart = undefined;
    this.draw();
  }

  private showThresholds({ thresholds }: CircuitView): void {
    this.show('Failure rate', share(thresholds.failureRateThreshold));
    this.show(
      'Slower than',
      thresholds.slowCallDuration === false
        ? 'off'
        : `${latency(thresholds.slowCallDuration)}, at ${share(thresholds.slowCallRateThreshold)}`,
    );
    this.show('Of at least', plural(thresholds.minimumCalls, 'call'));
    this.show(
      'In a row',
      thresholds.consecutiveFailures === false
        ? 'off'
        : plural(thresholds.consecutiveFailures, 'failure'),
    );
    this.show(
      'Stays open',
      thresholds.openDuration === null
        ? 'as a function says'
        : `${duration(thresholds.openDuration)} or longer`,
    );
  }

  private showFleet({ shared }: CircuitView): void {
    this.fleet.hidden = shared === null;
    if (shared === null) return;
    const { state, instances, window: all, share: part } = shared;
    this.show(
      'State of all',
      state === null ? 'out of reach' : stateWord(state),
    );
    this.show('Instances', whole(instances));
    this.show('Calls of all', all === null ? '–' : whole(all.calls));
    this.show(
      'Of them failed',
      all === null
        ? '–'
        : `${whole(all.failures)} (${percent(all.failures, all.calls)})`,
    );
    this.show('Share of this one', part === null ? '–' : percent(part, 1));
  }

  private showActions(view: CircuitView): void {
    const isForced =
      view.state === 'forced-open' || view.state === 'forced-closed';
    const offered = ACTIONS.filter(
      ([type]) =>
        type !== view.state.replace('forced', 'force') &&
        (type !== 'release' || isForced),
    );
    // Anew only where they differ, so that a focused button stays.
    const wanted = this.context.actions
      ? offered.map(([type]) => type).join()
      : '';
    if (this.actions.dataset['offered'] === wanted) return;
    this.actions.dataset['offered'] = wanted;
    this.actions.hidden = wanted === '';
    this.actions.replaceChildren(
      ...(wanted === '' ? [] : offered).map(([type, word]) => {
        const button = element(
          'button',
          { type: 'button', className: 'quiet' },
          word,
        );
        button.addEventListener('click', () =>
          this.context.ask(this.record, type),
        );
        return button;
      }),
    );
  }

  private block(title: string, terms: readonly string[]): HTMLElement {
    const list = element('dl', {});
    for (const term of terms) {
      const [pair, value] = fact(term === 'Calls in window' ? 'Calls' : term);
      this.facts[term] = value;
      list.append(pair);
    }
    return element(
      'div',
      { className: 'block' },
      element(this.heading, {}, title),
      list,
    );
  }

  private show(term: string, text: string): void {
    setText(this.facts[term]!, text);
  }

  private async fetchHistory(): Promise<void> {
    const { name, key } = this.record.view;
    const query = new URLSearchParams(key === null ? { name } : { name, key });
    try {
      const response = await fetch(`api/circuit?${query}`);
      if (!response.ok) return;
      const { instance, circuit } = (await response.json()) as {
        instance: string;
        circuit: CircuitView;
      };
      // Behind a load balancer another process may have answered: its seconds are not these.
      if (instance === this.context.instance)
        this.history.load(circuit.history);
    } catch {
      // The chart fills from now on.
    }
  }

  private draw(): void {
    if (!this.chartHost.isConnected) return;
    const now = this.context.now();
    const columns = this.history.columns(now);
    if (this.chart === undefined) {
      this.chart = secondsChart(this.chartHost, columns, index => {
        this.pointedAt = index;
        this.showLegend(this.context.now());
      });
    } else this.chart.setData(columns);
    this.showLegend(now);
  }

  private showLegend(now: number): void {
    const index = this.pointedAt;
    const counters: Counters =
      index === undefined
        ? this.record.recent.sumSince(now - 60_000, now)
        : this.history.at(index, now);
    for (const series of HISTORY_SERIES)
      setText(this.legendValues[series], whole(counters[series]));
    const second = this.chart?.data[0][index ?? -1];
    setText(
      this.legendTime,
      second === undefined
        ? 'Sums of the last minute'
        : `At ${timeOfDay(second * 1_000, now)}`,
    );
    if (index !== undefined) return;
    this.chartHost.setAttribute(
      'aria-label',
      `Chart of the last five minutes. In the last minute ${HISTORY_SERIES.map(series => `${SERIES_WORDS[series].toLowerCase()} ${counters[series]}`).join(', ')}.`,
    );
  }

  private resize(): void {
    const width = this.chartHost.clientWidth;
    if (this.chart !== undefined && width > 0 && width !== this.chart.width) {
      this.chart.setSize({ width, height: this.chart.height });
    }
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

function share(rate: number | false): string {
  return rate === false ? 'off' : `${+(rate * 100).toFixed(1)} %`;
}
