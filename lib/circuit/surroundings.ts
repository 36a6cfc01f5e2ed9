import type { Clock } from '../state/clock.js';
import type { Answering } from './answering.js';
import type { PolicyPool } from './call-policies.js';
import type { Gate } from './gate.js';
import type { PipelineHost, Settlement } from './settlement.js';

/** What stands around the calls of one circuit. */
export interface Surroundings {
  readonly host: PipelineHost & { readonly clock: Clock };
  readonly gate: Gate;
  readonly settlement: Settlement;
  readonly answering: Answering;
  readonly pool: PolicyPool;
}
