import type { Circuit } from '../circuit/circuit.js';
import { CallHistory, type Counts, type HistoryView } from './call-history.js';

/** How many circuits have a chart at most: 6 KB each. Those without calls need none. */
const MOST_HISTORIES = 2_000;

interface Track {
  before: Counts;
  history: CallHistory | undefined;
  seen: number;
}

/**
 * Reads every circuit's totals once a second, so that a chart shows what came
 * before somebody looked. It listens to no event: a call costs nothing more.
 */
export class TrafficSampler {
  private readonly tracks = new Map<Circuit, Track>();
  private histories = 0;
  private second = -1;
  private until = 0;

  /** @param mostHistories how many circuits have a history at most */
  constructor(
    private readonly circuits: Iterable<Circuit>,
    private readonly mostHistories = MOST_HISTORIES,
  ) {}

  /**
   * Samples all circuits.
   *
   * @param at the time in milliseconds since the epoch; a late sample leaves the missed seconds empty
   */
  sample(at: number): void {
    const isFirst = this.second < 0;
    const seconds = isFirst ? 1 : Math.round((at - this.until) / 1_000);
    this.second += Math.max(seconds, 1);
    this.until = at;
    for (const circuit of this.circuits) this.sampleOne(circuit, isFirst);
    this.forgetTheGone();
  }

  /**
   * The last minutes of a circuit.
   *
   * @param step seconds in one entry
   * @returns `undefined` if there were no calls
   */
  historyOf(circuit: Circuit, step: number): HistoryView | undefined {
    return this.tracks
      .get(circuit)
      ?.history?.view(this.second, this.until, step);
  }

  private sampleOne(circuit: Circuit, isFirst: boolean): void {
    const { calls, failures, slow, rejected, fallbacks } = circuit.totals;
    let track = this.tracks.get(circuit);
    if (track === undefined) {
      // Calls from before the first sample were not made in this second.
      const before = isFirst
        ? { calls, failures, slow, rejected, fallbacks }
        : NOTHING;
      track = { before, history: undefined, seen: this.second };
      this.tracks.set(circuit, track);
    }
    track.seen = this.second;
    const { before } = track;
    if (
      calls === before.calls &&
      rejected === before.rejected &&
      fallbacks === before.fallbacks
    ) {
      if (track.history?.isStale(this.second)) this.drop(track);
      return;
    }
    track.before = { calls, failures, slow, rejected, fallbacks };
    this.historyFor(track)?.add(this.second, {
      calls: calls - before.calls,
      failures: failures - before.failures,
      slow: slow - before.slow,
      rejected: rejected - before.rejected,
      fallbacks: fallbacks - before.fallbacks,
    });
  }

  private historyFor(track: Track): CallHistory | undefined {
    if (track.history === undefined && this.histories < this.mostHistories) {
      track.history = new CallHistory();
      this.histories++;
    }
    return track.history;
  }

  private forgetTheGone(): void {
    for (const [circuit, track] of this.tracks) {
      if (track.seen === this.second) continue;
      this.drop(track);
      this.tracks.delete(circuit);
    }
  }

  private drop(track: Track): void {
    if (track.history !== undefined) this.histories--;
    track.history = undefined;
  }
}

const NOTHING: Counts = {
  calls: 0,
  failures: 0,
  slow: 0,
  rejected: 0,
  fallbacks: 0,
};
