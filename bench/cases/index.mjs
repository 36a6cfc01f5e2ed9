import { closed } from './closed.mjs';
import { decorated } from './decorated.mjs';
import { failing } from './failing.mjs';
import { inFlight } from './in-flight.mjs';
import { memory } from './memory.mjs';
import { open } from './open.mjs';
import { operator } from './operator.mjs';
import { timeout } from './timeout.mjs';

/** Every case that runs in processes of its own, in the order of the table. */
export const CASES = [
  ...closed,
  ...failing,
  ...open,
  ...timeout,
  ...inFlight,
  ...memory,
  ...decorated,
  ...operator,
];
