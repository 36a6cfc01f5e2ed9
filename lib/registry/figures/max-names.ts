import { count, option } from '../../state/option.js';

/** The option `maxNames` of what reports figures: each name is a series that a metrics server keeps. */
export const maxNamesOption = option(
  count().default(1_000),
  'a whole number of at least 1',
  'how many names of circuits have series of their own; the others are summed as `(other)`, so that names made of user input harm no metrics server',
);
