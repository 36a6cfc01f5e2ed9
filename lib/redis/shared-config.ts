import { isDeepStrictEqual } from 'node:util';
import type { CircuitOptions } from '../state/circuit-options.js';
import { mergeOptions, withWindowType } from '../state/merge-options.js';
import type { StoredState } from './fleet-store.js';
import {
  asDocument,
  joinOptions,
  layPatch,
  sendable,
  type OptionChange,
  type SharedOptions,
} from './shared-options.js';

/** What a circuit is to take over of its fleet's options. */
export interface OptionUpdate {
  readonly patch: CircuitOptions;
  /** Options of which nothing stays that was changed at run time before. */
  readonly renewed: readonly string[];
}

/**
 * Examines an update.
 *
 * @returns puts it in force
 * @throws if it does not fit
 */
export type PrepareUpdate = (update: OptionUpdate) => () => void;

/** Options as the store has them. */
type StoredOptions = Pick<StoredState, 'config' | 'configGen'>;

/** Generations from here on are this instance's own: of changes that the store has not confirmed. */
const UNCONFIRMED = 2 ** 52;

/** Options of one circuit that were changed at run time, for the whole fleet. */
export class SharedConfig {
  /** The generation of what is known; 0 until the store has something. */
  gen = 0;
  /** What the store has, as far as this instance knows. */
  private known: SharedOptions = {};
  /** Changes that were made here and that the store has not confirmed. */
  private mine: SharedOptions = {};
  private latest = UNCONFIRMED;
  /** The latest of them that is on its way to the store. */
  private sentUpTo = UNCONFIRMED;
  /** What of all is in force here. */
  private inForce: CircuitOptions = {};

  /**
   * Adds a change that was made here.
   *
   * @param windowType what is in force; told with a part of the window where the fleet does not know it
   * @returns false if a part of it cannot be sent: functions and classes stay here
   */
  change(patch: CircuitOptions, windowType?: string): boolean {
    const all = this.all();
    const given = sendable(patch);
    const isTyped = all['window.type'] !== undefined;
    const sent = isTyped ? given : withWindowType(given, windowType);
    this.mine = since(UNCONFIRMED, layPatch(all, sent, ++this.latest));
    this.inForce = mergeOptions(this.inForce, sent);
    return isDeepStrictEqual(given, mergeOptions({}, patch));
  }

  /** Takes what the store is to be told; `undefined` if there is nothing. */
  take(): OptionChange | undefined {
    if (this.sentUpTo === this.latest) return undefined;
    const untold = Object.entries(since(this.sentUpTo, this.mine));
    this.sentUpTo = this.latest;
    if (untold.length === 0) return undefined;
    return Object.fromEntries(untold.map(([path, [, json]]) => [path, json]));
  }

  /** What is told to a store that may have lost it. */
  report(): { config?: SharedOptions } {
    return this.gen > 0 ? { config: this.known } : {};
  }

  /** The store has what was taken. */
  told(): void {
    this.mine = since(this.sentUpTo, this.mine);
  }

  /** The store may not have what was taken. */
  tellAgain(): void {
    this.sentUpTo = UNCONFIRMED;
  }

  /** Takes over what the store has. What it has lost stays known. */
  adopt({ config, configGen }: StoredOptions): void {
    this.known = joinOptions(this.known, config);
    this.gen = Math.max(this.gen, configGen);
  }

  /** Whether the store has lost something that is known here. */
  isAheadOf({ config, configGen }: StoredOptions): boolean {
    return configGen < this.gen || !isDeepStrictEqual(config, this.known);
  }

  /**
   * Puts in force what is known, and over it what the store has not confirmed. Of
   * changes that do not fit together one is left out, the latest that is enough,
   * or else each that does not fit with those before it: the same at every
   * instance, until another change makes them fit.
   *
   * @returns what was thrown over the changes that were left out
   */
  settle(prepare: PrepareUpdate): unknown {
    const examine = (options: SharedOptions) => {
      const update = this.updateTo(asDocument(options));
      return update === undefined ? () => {} : prepare(update);
    };
    let problem: unknown;
    for (const options of candidates(this.all(), examine)) {
      const { inForce } = this;
      try {
        const commit = examine(options);
        // Before it is told: who listens may change more.
        this.inForce = asDocument(options);
        commit();
        break;
      } catch (error) {
        this.inForce = inForce;
        problem ??= error;
      }
    }
    return problem;
  }

  private all(): SharedOptions {
    return joinOptions(this.known, this.mine);
  }

  private updateTo(document: CircuitOptions): OptionUpdate | undefined {
    const from = this.inForce as Record<string, unknown>;
    const to = document as Record<string, unknown>;
    const patch: Record<string, unknown> = {};
    const renewed: string[] = [];
    for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) {
      if (isDeepStrictEqual(from[name], to[name])) continue;
      const wanted = only(to, name);
      Object.assign(patch, wanted);
      const laid = mergeOptions(only(from, name), wanted);
      if (!isDeepStrictEqual(laid, wanted)) renewed.push(name);
    }
    if (Object.keys(patch).length + renewed.length === 0) return undefined;
    return { patch, renewed };
  }
}

/** All changes; all but one, the latest first; each that fits with the earlier ones that do. */
function* candidates(
  options: SharedOptions,
  examine: (options: SharedOptions) => unknown,
): Iterable<SharedOptions> {
  yield options;
  const gens = Object.values(options).map(([gen]) => gen);
  const latestFirst = [...new Set(gens)].toSorted((one, other) => other - one);
  for (const left of latestFirst) yield select(options, gen => gen !== left);
  const kept = new Set<number>();
  for (const gen of latestFirst.toReversed()) {
    kept.add(gen);
    try {
      examine(select(options, each => kept.has(each)));
    } catch {
      kept.delete(gen);
    }
  }
  yield select(options, gen => kept.has(gen));
}

function since(gen: number, options: SharedOptions): SharedOptions {
  return select(options, each => each > gen);
}

function select(
  options: SharedOptions,
  isChosen: (gen: number) => boolean,
): SharedOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([, [gen]]) => isChosen(gen)),
  );
}

function only(
  options: Record<string, unknown>,
  name: string,
): Record<string, unknown> {
  return name in options ? { [name]: options[name] } : {};
}
