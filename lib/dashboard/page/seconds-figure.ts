import type uPlot from 'uplot';
import { HISTORY_SERIES, type HistorySeries } from '../call-history.js';
import type { CircuitView } from '../circuit-view.js';
import { secondsChart } from './call-chart.js';
import type { CircuitRecord } from './circuit-record.js';
import { element, fact, setText } from './element.js';
import type { PageContext } from './page-context.js';
import { SecondsHistory } from './seconds-history.js';
import { timeOfDay, whole } from './wording.js';

const SERIES_WORDS: Record<HistorySeries, string> = {
  calls: 'Calls',
  failures: 'Failures',
  slow: 'Slow',
  rejected: 'Refused',
  fallbacks: 'From a fallback',
};

/** A chart of each second of the last five minutes of one circuit, with the figures beside it. */
export class SecondsFigure {
  readonly element: HTMLElement;
  private readonly host = element('div', { className: 'chart', role: 'img' });
  private readonly legendValues = {} as Record<HistorySeries, HTMLElement>;
  private readonly legendTime = element('p', { className: 'legend-time' });
  private readonly history = new SecondsHistory();
  private readonly resizing = new ResizeObserver(() => this.resize());
  private chart: uPlot | undefined;
  private pointedAt: number | undefined;

  constructor(
    private readonly record: CircuitRecord,
    private readonly context: PageContext,
  ) {
    const legend = element('dl', { className: 'legend' });
    for (const series of HISTORY_SERIES) {
      const [pair, value] = fact(
        SERIES_WORDS[series],
        `series series-${series}`,
      );
      this.legendValues[series] = value;
      legend.append(pair);
    }
    const caption = element(
      'figcaption',
      {},
      'Each second of the last five minutes',
      this.legendTime,
    );
    this.element = element('figure', {}, caption, this.host, legend);
  }

  /** Begins to draw; it must be in the page by now. */
  start(): void {
    this.record.onSecond = (added, at) => this.history.add(at, added);
    this.resizing.observe(this.host);
    this.load();
  }

  close(): void {
    this.record.onSecond = undefined;
    this.resizing.disconnect();
    this.drop();
  }

  /** Asks the server for the seconds that it has kept. */
  load(): void {
    void this.fetchHistory().then(() => this.update());
  }

  /** Draws the seconds up to now. */
  update(): void {
    if (!this.host.isConnected) return;
    const now = this.context.now();
    const columns = this.history.columns(now);
    if (this.chart === undefined) {
      this.chart = secondsChart(this.host, columns, index => {
        this.pointedAt = index;
        this.showLegend(this.context.now());
      });
    } else this.chart.setData(columns);
    this.showLegend(now);
  }

  /** The theme has changed. */
  redraw(): void {
    this.drop();
    this.update();
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

  private showLegend(now: number): void {
    const index = this.pointedAt;
    const counters =
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
    this.host.setAttribute(
      'aria-label',
      `Chart of the last five minutes. In the last minute ${HISTORY_SERIES.map(series => `${SERIES_WORDS[series].toLowerCase()} ${counters[series]}`).join(', ')}.`,
    );
  }

  private resize(): void {
    const width = this.host.clientWidth;
    if (this.chart !== undefined && width > 0 && width !== this.chart.width) {
      this.chart.setSize({ width, height: this.chart.height });
    }
  }

  private drop(): void {
    this.chart?.destroy();
    this.chart = undefined;
  }
}
