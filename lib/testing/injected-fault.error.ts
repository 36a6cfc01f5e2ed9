/** What an injected fault fails with, unless the faults name an error. */
export class InjectedFaultError extends Error {
  override readonly name = 'InjectedFaultError';

  /** @param circuit the name of the circuit whose dependency pretends to fail */
  constructor(
    readonly circuit: string,
    what = 'the call fails',
  ) {
    super(`Injected fault in "${circuit}": ${what}`);
  }
}
