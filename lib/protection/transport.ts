import { PATH_METADATA } from '@nestjs/common/constants.js';

/**
 * The transports whose clients see nothing of an error but what an exception
 * class of the transport's own package says. HTTP and GraphQL need no such class.
 */
export type Transport = 'rpc' | 'ws';

/** How Nest's packages mark the handlers of a transport. */
const MARKS: Readonly<Record<Transport, string>> = {
  rpc: 'microservices:pattern',
  ws: 'websockets:message_mapping',
};

/** How `@nestjs/graphql` marks queries, mutations, subscriptions, fields and references. */
const GRAPHQL_MARKS = [
  'graphql:resolver_type',
  'graphql:resolve_property',
  'graphql:resolve_reference',
];

const HANDLER_MARKS = [
  PATH_METADATA,
  ...Object.values(MARKS),
  ...GRAPHQL_MARKS,
];

/** Every {@link Transport}. */
export const TRANSPORTS = Object.keys(MARKS) as readonly Transport[];

/** Whether Nest calls a method for one of its transports. */
export function isHandler(method: unknown): boolean {
  return isFunction(method) && HANDLER_MARKS.some(mark => has(mark, method));
}

/** Whether a method is a handler of a transport. */
export function isHandlerOf(transport: Transport, method: unknown): boolean {
  return isFunction(method) && has(MARKS[transport], method);
}

/**
 * The transport of a handler, by its own metadata; `undefined` for what answers
 * in HTTP or GraphQL, for plain methods, and for a handler of two transports:
 * only the interceptor knows which of them a call came by.
 */
export function transportOf(method: unknown): Transport | undefined {
  if (!isFunction(method) || has(PATH_METADATA, method)) return undefined;
  const [transport, another] = TRANSPORTS.filter(each =>
    has(MARKS[each], method),
  );
  return another === undefined ? transport : undefined;
}

/** The transport of a call, by what `ExecutionContext.getType()` says. */
export function transportOfType(type: string): Transport | undefined {
  return TRANSPORTS.find(transport => transport === type);
}

function has(mark: string, method: object): boolean {
  return Reflect.hasMetadata(mark, method);
}

function isFunction(value: unknown): value is Function {
  return typeof value === 'function';
}
