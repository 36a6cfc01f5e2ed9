/** What is recorded for a probe that did not end within its deadline; no caller gets it. */
export class ProbeDeadlineError extends Error {
  override readonly name = 'ProbeDeadlineError';

  /**
   * @param circuit the circuit's name
   * @param deadline milliseconds that the probe had
   */
  constructor(
    readonly circuit: string,
    readonly deadline: number,
  ) {
    super(`A probe of "${circuit}" did not end within ${deadline} ms`);
  }
}
