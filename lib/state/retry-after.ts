/**
 * Milliseconds that an error's `Retry-After` header asks for (RFC 9110, section
 * 10.2.3: seconds, or a date), or `undefined` if it has none that can be read.
 *
 * @param wallTime now, in milliseconds since the epoch
 */
export function retryAfterOf(
  error: unknown,
  wallTime: number,
): number | undefined {
  let wait = NaN;
  try {
    const response = property(error, 'response');
    const value =
      headerOf(property(response, 'headers')) ??
      headerOf(property(error, 'headers'));
    wait = millisecondsOf(value, wallTime);
  } catch {
    // A getter that throws: the failure counts, its advice is lost.
  }
  return wait > 0 ? wait : undefined;
}

function headerOf(headers: unknown): unknown {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const get = property(headers, 'get');
  if (typeof get === 'function') return get.call(headers, 'retry-after');
  const header = Object.entries(headers).find(
    ([name]) => name.toLowerCase() === 'retry-after',
  );
  return header?.[1];
}

const DAY = /^(mon|tue|wed|thu|fri|sat|sun)/i;

/** `NaN` for what is neither a number of seconds nor a date. */
function millisecondsOf(value: unknown, wallTime: number): number {
  const text = String(Array.isArray(value) ? value[0] : value).trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  // Every date form of HTTP begins with the name of a day; Date.parse takes far more.
  // The oldest of them does not say GMT, but means it.
  return (DAY.test(text) ? Date.parse(`${text} GMT`) : NaN) - wallTime;
}

function property(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null
    ? (of as Record<string, unknown>)[name]
    : undefined;
}
