import { closed } from './closed.mjs';

/** Every case, in the order of the table. */
export const CASES = [...closed];
