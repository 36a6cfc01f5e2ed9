import type { CircuitEvent } from './events.js';

/** The circuit and the generation that a coordinator is asked about. */
export interface ProbeRequest {
  readonly name: string;
  readonly key: string | null;
  readonly generation: number;
}

/**
 * The seam for a view shared by several instances. Synchronous, so that no call
 * ever waits for it. A coordinator that throws is taken to agree: losing the
 * shared view must not keep a circuit open.
 */
export interface Coordinator {
  /** Asked before each probe; false refuses it for now. */
  allowsProbe(request: ProbeRequest): boolean;
  /** Told of each transition, after it. */
  transitioned(transition: CircuitEvent<'transition'>): void;
}
