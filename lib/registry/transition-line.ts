import type { Circuit } from '../circuit/circuit.js';
import type { CircuitEvent } from '../state/events.js';
import { describeCallers, type CallerCounts } from './caller-report.js';
import type { LogFields, LogLevel } from './log-line.js';

/** What is logged of a transition. */
export interface TransitionLine {
  readonly level: LogLevel;
  readonly sentence: string;
  readonly fields: LogFields;
}

/** The line of a transition that has just happened. */
export function transitionLine(
  event: CircuitEvent<'transition'>,
  circuit: Circuit,
  callers: CallerCounts,
): TransitionLine {
  const { from, to, reason, attempt } = event;
  const { sentence } = circuit.explain();
  // The sentence of a closed circuit says how it is now, not how it came to be.
  const why = to === 'closed' ? ` Reason: ${reason}.` : '';
  const outcome = describeCallers(event, circuit.rules.mode, callers);
  return {
    level: levelOf(circuit),
    sentence: `Circuit ${sentence}${why} ${outcome}`,
    fields: {
      ...stateFields(circuit),
      from,
      to,
      reason,
      attempt,
      callers,
    },
  };
}

/** Where a circuit stands, as data. */
export function stateFields(circuit: Circuit): LogFields {
  const { name, key, state, rules } = circuit;
  const { since, rule, figures, nextProbe, lastFailures } = circuit.explain();
  return {
    circuit: name,
    ...(key === null ? {} : { key }),
    state,
    mode: rules.mode,
    since: new Date(since).toISOString(),
    rule,
    window: figures,
    nextProbe: nextProbe === null ? null : new Date(nextProbe).toISOString(),
    lastFailure: lastFailures.at(-1) ?? null,
  };
}

/** How much a person should care about where a circuit stands now. */
export function levelOf({ state, rules }: Circuit): LogLevel {
  if (rules.mode !== 'enforced') return state === 'open' ? 'log' : 'debug';
  switch (state) {
    case 'open':
      return rules.critical ? 'error' : 'warn';
    case 'forced-open':
    case 'forced-closed':
      return 'warn';
    default:
      return 'log';
  }
}
