import { PATH_METADATA } from '@nestjs/common/constants.js';

/**
 * The transports whose clients see nothing of an error but what one of the
 * transport's own says. HTTP has exceptions that are made for it.
 */
export type Transport = 'rpc' | 'ws' | 'graphql';

/** How Nest's packages mark the handlers of a transport. */
const MARKS: Readonly<Record<Transport, readonly string[]>> = {
  rpc: ['microservices:pattern'],
  ws: ['websockets:message_mapping'],
  graphql: [
    'graphql:resolver_type',
    'graphql:resolve_property',
    'graphql:resolve_reference',
  ],
};

const HANDLER_MARKS = [PATH_METADATA, ...Object.values(MARKS).flat()];

/** Every {@link Transport}. */
export const TRANSPORTS = Object.keys(MARKS) as readonly Transport[];

/** Whether Nest calls a method for one of its transports. */
export function isHandler(method: unknown): boolean {
  return hasOneOf(HANDLER_MARKS, method);
}

/** Whether a method is a handler of a transport. */
export function isHandlerOf(transport: Transport, method: unknown): boolean {
  return hasOneOf(MARKS[transport], method);
}

/**
 * The transport of a handler, by its own metadata; `undefined` for what answers
 * in HTTP, for plain methods, and for a handler of two transports: only the
 * interceptor knows which of them a call came by.
 */
export function transportOf(method: unknown): Transport | undefined {
  if (hasOneOf([PATH_METADATA], method)) return undefined;
  const [transport, another] = TRANSPORTS.filter(each =>
    isHandlerOf(each, method),
  );
  return another === undefined ? transport : undefined;
}

/** The transport of a call, by what `ExecutionContext.getType()` says. */
export function transportOfType(type: string): Transport | undefined {
  return TRANSPORTS.find(transport => transport === type);
}

function hasOneOf(marks: readonly string[], method: unknown): boolean {
  return (
    typeof method === 'function' &&
    marks.some(mark => Reflect.hasMetadata(mark, method))
  );
}
