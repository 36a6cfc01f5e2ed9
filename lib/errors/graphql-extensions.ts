import type { Rejection, RejectionCode } from './rejection.js';

/** A rejection of ours as a GraphQL client sees it, under `errors[].extensions`. */
export interface GraphqlExtensions {
  readonly code: RejectionCode;
  readonly circuit: string;
  /** Milliseconds until a new call makes sense, or `null` when nobody knows. */
  readonly retryAfter: number | null;
  // The type that GraphQL servers give an error's extensions.
  readonly [key: string]: unknown;
}

/**
 * The extensions of a rejection. GraphQL servers take them from the `extensions`
 * of whatever a resolver throws, so neither `graphql` nor a filter is needed, and
 * it works for errors that come from services underneath, too.
 */
export function graphqlExtensions({
  code,
  circuit,
  retryAfter,
}: Pick<Rejection, 'code' | 'circuit' | 'retryAfter'>): GraphqlExtensions {
  return { code, circuit, retryAfter };
}
