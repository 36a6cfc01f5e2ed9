/** One thing that is wrong with a set of options. */
export interface OptionProblem {
  /** Where it stands, e.g. `circuits.payments.openDuration`. */
  readonly path: string;
  /** What was wrong, what is right and what to do, in one sentence. */
  readonly message: string;
}

/**
 * Options that cannot be taken. Lists every problem at once, so that a start
 * need not fail once for each.
 */
export class InvalidOptionsError extends Error {
  override readonly name = 'InvalidOptionsError';

  /**
   * @param subject whose options they are, e.g. `Circuit "payments"`
   * @param problems all that is wrong; never empty
   */
  constructor(
    subject: string,
    readonly problems: readonly OptionProblem[],
  ) {
    super(
      `${subject}: ${problems.length === 1 ? 'an option' : `${problems.length} options`} cannot be taken.\n` +
        problems
          .map(({ path, message }) => `  - ${path}: ${message}`)
          .join('\n'),
    );
  }
}
