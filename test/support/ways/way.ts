import type { ModuleMetadata, Type } from '@nestjs/common';
import type { CircuitBreakerOptions } from '../../../lib/index.js';
import type { ServerName } from '../servers.js';

/** Where our decorator stands. */
export type Place = 'method' | 'class';

/** What one class of handlers is made with. */
export interface Blueprint {
  /** What the handler is called by its clients: a path, a pattern, a field, an event. */
  readonly pattern: string;
  readonly onClass: ClassDecorator;
  readonly onMethod: MethodDecorator;
  /** On a parameter, `@CallSignal()` where the method is decorated. */
  readonly signal: ParameterDecorator;
}

/** What a client sees of a call. */
export type Seen =
  | { readonly value: unknown }
  /** In the transport's own words. */
  | { readonly error: unknown };

/** A running application and a client of it. */
export interface Session {
  /** Finds a provider of the application. */
  get<T>(token: Type<T>): T;
  /** One call over the wire. */
  ask(pattern: string, word: string): Promise<Seen>;
  close(): Promise<void>;
}

/** The rejection that a client is to see. */
export interface Refusal {
  readonly code: string;
  readonly circuit: string;
  readonly retryAfter: number | null;
}

/** One way into an application. */
export interface Way {
  readonly name: string;
  readonly needs?: ServerName;
  /** The class with the handler. */
  define(blueprint: Blueprint): Type;
  /** Runs the classes in an application; `metadata` has the providers that they need. */
  start(handlers: readonly Type[], metadata: ModuleMetadata): Promise<Session>;
  /** How this transport says it: compared with `toMatchObject`. */
  refusal(refusal: Refusal): unknown;
  /** What answers instead, given the arguments of the door; `'fallback'` where it is left out. */
  fallback?: NonNullable<CircuitBreakerOptions['fallback']>;
  /** Real milliseconds after which an answer has begun that has no value yet; none where there is no such thing. */
  readonly beginsWithinMs?: number;
  /** Nest runs no guards, pipes, filters and interceptors here. */
  readonly isBackground?: boolean;
}
