/**
 * Builds an error without capturing a stack, which is most of an error's cost
 * (`bench/`, case "open, rejected"). The limit is process-wide but only changed
 * for the length of one synchronous constructor.
 */
export function withoutStack<E extends Error>(build: () => E): E {
  const limit = Error.stackTraceLimit;
  if (!stackTraceLimitIsWritable) return build();
  // Not 0: V8 then still builds the header line of the stack.
  (Error as { stackTraceLimit: number | undefined }).stackTraceLimit =
    undefined;
  try {
    return build();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** False in processes that freeze their intrinsics, or the limit alone. */
const stackTraceLimitIsWritable = isWritable(
  Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit'),
);

function isWritable(limit: PropertyDescriptor | undefined): boolean {
  return limit === undefined
    ? Object.isExtensible(Error)
    : limit.writable === true;
}
