import type { HttpException } from '@nestjs/common';

/** The codes that our rejections carry, also in their HTTP bodies. */
export type RejectionCode = 'CIRCUIT_OPEN';

const REJECTION_CODES: ReadonlySet<unknown> = new Set<RejectionCode>([
  'CIRCUIT_OPEN',
]);

/** What every rejection of ours carries, whatever its class. */
export interface Rejection extends HttpException {
  /** The name of the circuit that refused the call. */
  readonly circuit: string;
  readonly code: RejectionCode;
  /** Milliseconds until a new call makes sense, or `null` when nobody knows. */
  readonly retryAfter: number | null;
}

/**
 * Tells whether an error is a rejection of ours. Decided by its code and not by
 * its class: an application may hold two copies of this package (an ESM and a
 * CommonJS build), and each must know the other's errors.
 */
export function isRejection(error: unknown): error is Rejection {
  return (
    error instanceof Error &&
    'circuit' in error &&
    'code' in error &&
    REJECTION_CODES.has(error.code)
  );
}
