import type { CircuitRules } from '../state/circuit-options.js';
import type { SharedRules } from './fleet-store.js';
import { sharedRules, type FleetWindow } from './shared-rules.js';

/** Rules are resolved once and shared by circuits of the same options. */
const known = new WeakMap<FleetWindow, WeakMap<CircuitRules, SharedRules>>();

/** The rules of one request: circuits that share them name them by number. */
export class RuleTable {
  readonly rules: SharedRules[] = [];
  private readonly indices = new Map<string, number>();
  private readonly byRules = new Map<CircuitRules, number>();

  constructor(private readonly window: FleetWindow) {}

  /** From 1, as the script counts. */
  indexOf(rules: CircuitRules): number {
    let index = this.byRules.get(rules);
    if (index === undefined) {
      const shared = this.resolve(rules);
      const text = JSON.stringify(shared);
      index = this.indices.get(text);
      if (index === undefined) {
        index = this.rules.push(shared);
        this.indices.set(text, index);
      }
      this.byRules.set(rules, index);
    }
    return index;
  }

  private resolve(rules: CircuitRules): SharedRules {
    let resolved = known.get(this.window);
    if (resolved === undefined)
      known.set(this.window, (resolved = new WeakMap()));
    let shared = resolved.get(rules);
    if (shared === undefined) {
      shared = sharedRules(rules, this.window);
      resolved.set(rules, shared);
    }
    return shared;
  }
}
