import type { HttpException } from '@nestjs/common';

/** The codes of calls that were not made: a circuit, a bulkhead or a rate limit refused them. */
export type RefusalCode = 'CIRCUIT_OPEN' | 'BULKHEAD_FULL' | 'RATE_LIMITED';

/** The codes that our rejections carry, also in their HTTP bodies. */
export type RejectionCode = RefusalCode | 'CALL_TIMEOUT';

const REFUSAL_CODES: ReadonlySet<unknown> = new Set<RefusalCode>([
  'CIRCUIT_OPEN',
  'BULKHEAD_FULL',
  'RATE_LIMITED',
]);

/** What every rejection of ours carries, whatever its class. */
export interface Rejection extends HttpException {
  /** The name of the circuit that refused the call. */
  readonly circuit: string;
  readonly code: RejectionCode;
  /** Milliseconds until a new call makes sense, or `null` when nobody knows. */
  readonly retryAfter: number | null;
}

/** A rejection of a call that was not made. */
export interface Refusal extends Rejection {
  readonly code: RefusalCode;
}

/**
 * Tells whether an error is a rejection of ours. Decided by its code and not by
 * its class: an application may hold two copies of this package (an ESM and a
 * CommonJS build), and each must know the other's errors.
 */
export function isRejection(error: unknown): error is Rejection {
  const code = codeOf(error);
  return code === 'CALL_TIMEOUT' || REFUSAL_CODES.has(code);
}

/**
 * As {@link isRejection}, but not for a timeout: the call was never made. To
 * circuits it is neither success nor failure, and it is never retried.
 */
export function isRefusal(error: unknown): error is Refusal {
  return REFUSAL_CODES.has(codeOf(error));
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'circuit' in error && 'code' in error
    ? error.code
    : undefined;
}
