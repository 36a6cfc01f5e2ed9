import type { CircuitView } from '../circuit-view.js';
import { element, fact, setText } from './element.js';
import {
  duration,
  latency,
  percent,
  plural,
  stateWord,
  whole,
} from './wording.js';

/** What the blocks say, by title; each fact by its term. */
const BLOCKS = {
  Latency: ['Mean', 'p50', 'p90', 'p99', 'Longest'],
  Window: ['Calls', 'Failed', 'Slow', 'In flight'],
  'In all': ['Successes', 'Failures', 'Ignored', 'Refused', 'Fallbacks'],
  'Opens at': [
    'Failure rate',
    'Slower than',
    'Of at least',
    'In a row',
    'Stays open',
  ],
  Fleet: [
    'State of all',
    'Instances',
    'Calls of all',
    'Of them failed',
    'Share of this one',
  ],
} as const;

type Title = keyof typeof BLOCKS;
type Term = (typeof BLOCKS)[Title][number];

/** The figures and the rules of one circuit, in blocks of a few facts. */
export class FactBlocks {
  readonly element = element('div', { className: 'columns' });
  private readonly blocks = {} as Record<Title, HTMLElement>;
  private readonly facts = {} as Record<Term, HTMLElement>;

  constructor(heading: 'h4' | 'h5') {
    for (const [title, terms] of Object.entries(BLOCKS)) {
      const list = element('dl', {});
      for (const term of terms) {
        const [pair, value] = fact(term);
        this.facts[term] = value;
        list.append(pair);
      }
      const block = element(
        'div',
        { className: 'block' },
        element(heading, {}, title),
        list,
      );
      this.blocks[title as Title] = block;
      this.element.append(block);
    }
  }

  /** Its rules may have changed. */
  updateRules({ thresholds }: CircuitView): void {
    this.show({
      'Failure rate': share(thresholds.failureRateThreshold),
      'Slower than':
        thresholds.slowCallDuration === false
          ? 'off'
          : `${latency(thresholds.slowCallDuration)}, at ${share(thresholds.slowCallRateThreshold)}`,
      'Of at least': plural(thresholds.minimumCalls, 'call'),
      'In a row':
        thresholds.consecutiveFailures === false
          ? 'off'
          : plural(thresholds.consecutiveFailures, 'failure'),
      'Stays open':
        thresholds.openDuration === null
          ? 'as a function says'
          : `${duration(thresholds.openDuration)} or longer`,
    });
  }

  /** Shows the figures of now. */
  update(view: CircuitView): void {
    const { window, totals, inFlight, inFlightSlow } = view;
    this.show({
      Mean: latency(view.latency.mean),
      p50: latency(view.latency.p50),
      p90: latency(view.latency.p90),
      p99: latency(view.latency.p99),
      Longest: latency(view.latency.max),
      Calls: whole(window.calls),
      Failed: withPercent(window.failures, window.calls),
      Slow: withPercent(window.slow, window.calls),
      'In flight': `${whole(inFlight)}${inFlightSlow > 0 ? `, ${whole(inFlightSlow)} slow` : ''}`,
      Successes: whole(totals.successes),
      Failures: whole(totals.failures),
      Ignored: whole(totals.ignored),
      Refused: whole(totals.rejected),
      Fallbacks: whole(totals.fallbacks),
    });
    this.updateFleet(view);
  }

  private updateFleet({ shared }: CircuitView): void {
    this.blocks.Fleet.hidden = shared === null;
    if (shared === null) return;
    const { state, instances, window: all, share: part } = shared;
    this.show({
      'State of all': state === null ? 'out of reach' : stateWord(state),
      Instances: whole(instances),
      'Calls of all': all === null ? '–' : whole(all.calls),
      'Of them failed':
        all === null ? '–' : withPercent(all.failures, all.calls),
      'Share of this one': part === null ? '–' : percent(part, 1),
    });
  }

  private show(texts: Partial<Record<Term, string>>): void {
    for (const [term, text] of Object.entries(texts)) {
      setText(this.facts[term as Term], text);
    }
  }
}

function withPercent(part: number, all: number): string {
  return `${whole(part)} (${percent(part, all)})`;
}

function share(rate: number | false): string {
  return rate === false ? 'off' : `${+(rate * 100).toFixed(1)} %`;
}
