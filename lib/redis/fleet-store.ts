import type { CircuitState } from '../state/circuit-state.js';
import type { OptionChange, SharedOptions } from './shared-options.js';

/**
 * What the instances of a fleet share. One exchange tells and asks everything;
 * in production it is one script call at Redis, in the simulation plain code.
 */
export interface FleetStore {
  /**
   * Applies a request once, however often it is sent, and answers.
   *
   * @throws (as a rejection) when there is no answer in time: the request may or
   *   may not have been applied
   */
  exchange(request: ExchangeRequest): Promise<ExchangeReply>;
  /** Starts listening to announcements. */
  open(listener: FleetListener): void;
  /** Lets go of every connection. */
  close(): Promise<void>;
}

/** Told of what other instances do. */
export interface FleetListener {
  announced(announcement: Announcement): void;
  /** Announcements may have been missed until now. */
  resumed(): void;
}

/** The rules of a circuit in numbers that the script can compare; 0 is off. */
export interface SharedRules {
  /** How many of the latest calls count, in whole buckets; 0 in a window of time. */
  readonly size: number;
  /** Milliseconds of one bucket. */
  readonly width: number;
  readonly buckets: number;
  readonly minimumCalls: number;
  /** In thousandths. */
  readonly failureRate: number;
  /** In thousandths. */
  readonly slowRate: number;
  readonly failureCount: number;
  readonly consecutive: number;
  /** Probes in all. */
  readonly probes: number;
  /** Probes at once. */
  readonly concurrency: number;
  /** In thousandths. */
  readonly successRate: number;
  /** Milliseconds after which a probe counts as failed. */
  readonly callDeadline: number;
  /** Milliseconds after which the results so far decide. */
  readonly maxDuration: number;
}

/** What one instance tells and asks in one call. */
export interface ExchangeRequest {
  readonly instance: string;
  /** Counts the requests of the instance, from 1; one that was applied is not applied again. */
  readonly seq: number;
  /** Becomes the name of the store's life if it has none: it was empty. */
  readonly epoch: string;
  /** Instances that have to agree. */
  readonly quorum: number;
  /** Milliseconds after its last request for which an instance counts as alive. */
  readonly aliveFor: number;
  /** Milliseconds for which a lease can be taken up after it was granted or renewed. */
  readonly claimFor: number;
  /** Milliseconds after which what nobody asks for is forgotten. */
  readonly ttl: number;
  /** The instance says goodbye. */
  readonly leaving?: true;
  readonly rules: readonly SharedRules[];
  readonly circuits: readonly CircuitReport[];
}

/** What an instance tells and asks about one circuit. What is not there is nothing. */
export interface CircuitReport {
  /** The circuit, safe for keys. */
  readonly id: string;
  /** The generation that the instance knows; what it tells belongs to this one. */
  readonly gen: number;
  /** The generation of the options that the instance knows; 0 if it knows none. */
  readonly configGen: number;
  /** Index into the request's rules, from 1. */
  readonly rules: number;
  /** Milliseconds that an opening caused by this report shall last. */
  readonly wait: number;
  /** Calls that ended since the last report, in closed. */
  readonly calls?: number;
  readonly failures?: number;
  readonly slow?: number;
  /** The circuit has opened at this instance alone, for this many milliseconds. */
  readonly opened?: number;
  /** The circuit has closed at this instance alone, on its own probes, while the store was out of reach. */
  readonly closedAlone?: true;
  /** Leases that are wanted. */
  readonly want?: number;
  /** A call was refused for want of a lease. */
  readonly urgent?: true;
  /** Leases that are still idle and wanted. */
  readonly keep?: true;
  /** Leases that became probes. */
  readonly started?: readonly number[];
  readonly succeeded?: readonly number[];
  readonly failed?: readonly number[];
  readonly returned?: readonly number[];
  /** What a person ordered. */
  readonly order?: { readonly state: CircuitState; readonly reason: string };
  /** The whole of what the instance knows: the state to compare, and to restore if the store has lost it. */
  readonly view?: ReportedView;
  /** Options that were changed here at run time. */
  readonly change?: OptionChange;
}

/** A circuit's state as an instance knows it. */
export interface ReportedView {
  readonly state: CircuitState;
  readonly reason: string;
  readonly attempt: number;
  /** Milliseconds until the first probe. */
  readonly left: number;
  /** The generation of the last order; 0 if there was none. */
  readonly ordered: number;
  /** All options that were changed at run time. */
  readonly config?: SharedOptions;
}

/** What the store answers. */
export interface ExchangeReply {
  readonly epoch: string;
  /** Counts announcements; a gap means that one was missed. */
  readonly rev: number;
  /** Instances that are alive. */
  readonly instances: number;
  /** In the order of the request. */
  readonly circuits: readonly CircuitReply[];
}

/** What the store answers about one circuit. */
export interface CircuitReply {
  /** Only where it differs from what the instance knows. */
  readonly state?: StoredState;
  /** The leases that the instance holds; only in half-open. */
  readonly leases?: readonly number[];
  /** The window; only where it was added to, and goes on. */
  readonly window?: StoredWindow;
}

/** The sums of a shared window, and which of its buckets count. */
export type StoredWindow = readonly [
  calls: number,
  failures: number,
  slow: number,
  oldest: number,
  latest: number,
];

/** A circuit's state as the store keeps it. */
export interface StoredState {
  readonly state: CircuitState;
  /** A fencing token: never goes back. */
  readonly gen: number;
  readonly reason: string;
  readonly attempt: number;
  /** Milliseconds until the first probe. */
  readonly left: number;
  readonly ordered: number;
  /** All options that were changed at run time. */
  readonly config: SharedOptions;
  /** Which these are: another one with each change of them. */
  readonly configGen: number;
}

/** What is told to every instance at once. */
export type Announcement = {
  readonly id: string;
  readonly rev: number;
  readonly epoch: string;
} & (
  | { readonly what: 'state'; readonly state: StoredState }
  /** Somebody needs a lease that others hold idle. */
  | { readonly what: 'wanted'; readonly gen: number }
);
