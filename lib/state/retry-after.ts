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
  try {
    const response = property(error, 'response');
    const value =
      headerOf(property(response, 'headers')) ??
      headerOf(property(error, 'headers'));
    const wait = millisecondsOf(value, wallTime);
    return wait !== undefined && wait > 0 ? wait : undefined;
  } catch {
    // A getter that throws: the failure counts, its advice is lost.
    return undefined;
  }
}

function headerOf(headers: unknown): unknown {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const get = property(headers, 'get');
  if (typeof get === 'function') return get.call(headers, 'retry-after');
  const name = Object.keys(headers).find(
    key => key.toLowerCase() === 'retry-after',
  );
  return name === undefined ? undefined : property(headers, name);
}

const DAY = /^(mon|tue|wed|thu|fri|sat|sun)/i;

function millisecondsOf(value: unknown, wallTime: number): number | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof first === 'number') {
    return Number.isFinite(first) ? first * 1000 : undefined;
  }
  if (typeof first !== 'string') return undefined;
  const text = first.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  // Every date form of HTTP begins with the name of a day; Date.parse takes far more.
  const date = DAY.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? undefined : date - wallTime;
}

function property(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null
    ? (of as Record<string, unknown>)[name]
    : undefined;
}
