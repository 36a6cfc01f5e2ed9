import { inspect } from 'node:util';

/** Long enough to recognise a value by, short enough for a line of a log. */
const LONGEST = 100;

/** Objects with more keys are not formatted: that takes long and is cut off anyway. */
const MOST_KEYS = 20;

/** A value as an error message shows it: on one line, never long, and never throwing. */
export function quote(value: unknown): string {
  const text = describe(value).replaceAll(/\s+/g, ' ');
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

function describe(value: unknown): string {
  try {
    if (value instanceof Error) return `[${value.name}: ${value.message}]`;
    if (typeof value === 'function') return `[function ${value.name}]`;
    if (typeof value === 'object' && value && !Array.isArray(value)) {
      const { length } = Object.keys(value);
      if (length > MOST_KEYS) return `[object with ${length} keys]`;
    }
    return inspect(value, {
      depth: 0,
      maxArrayLength: 5,
      maxStringLength: LONGEST,
      breakLength: Infinity,
      // A user's own inspector may throw, print secrets or take its time.
      customInspect: false,
    });
  } catch {
    return `[${typeof value} that cannot be shown]`;
  }
}
