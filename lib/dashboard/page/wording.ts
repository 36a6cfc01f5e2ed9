import type { CircuitState } from '../../state/circuit-state.js';

const STATE_WORDS: Record<CircuitState, string> = {
  open: 'Open',
  'half-open': 'Half-open',
  closed: 'Closed',
  'forced-open': 'Forced open',
  'forced-closed': 'Forced closed',
};

/** A state as a person reads it. */
export function stateWord(state: CircuitState): string {
  return STATE_WORDS[state];
}

/** `4 min 12 s`: two units at most. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

/** `0:18`, rounded up: it says 0:00 only when the time is over. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** A time of day, with the date where it is not today. */
export function timeOfDay(at: number, now: number): string {
  const date = new Date(at);
  const time = CLOCK.format(date);
  return date.toDateString() === new Date(now).toDateString()
    ? time
    : `${DAY.format(date)}, ${time}`;
}

/** How long a call took. */
export function latency(ms: number | null): string {
  if (ms === null) return '–';
  if (ms >= 10_000) return `${Math.round(ms / 1_000)} s`;
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms >= 10) return `${Math.round(ms)} ms`;
  return `${ms.toFixed(1)} ms`;
}

/** Calls a second. */
export function rate(perSecond: number): string {
  if (perSecond === 0) return '0';
  return perSecond >= 100 ? whole(perSecond) : perSecond.toFixed(1);
}

/** A share of calls; `–` without calls. */
export function percent(part: number, all: number): string {
  if (all === 0) return '–';
  const share = (part / all) * 100;
  return `${share > 0 && share < 10 ? share.toFixed(1) : Math.round(share)} %`;
}

/** A number of things, in groups of three digits. */
export function whole(count: number): string {
  return GROUPED.format(Math.round(count));
}

/** `1 call`, `2 calls`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

const GROUPED = new Intl.NumberFormat('en');
const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const DAY = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
});
