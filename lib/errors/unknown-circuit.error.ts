/**
 * A circuit was asked for that nothing declares. Only `getOrCreate` creates; a
 * misspelt name must not give an unprotected call a circuit of its own.
 */
export class UnknownCircuitError extends Error {
  override readonly name = 'UnknownCircuitError';

  /**
   * @param circuit the name that was asked for
   * @param closest the declared name that resembles it most, if one does
   * @param declared every declared name
   */
  constructor(
    readonly circuit: string,
    readonly closest: string | undefined,
    declared: readonly string[],
  ) {
    super(
      `No circuit is called "${circuit}".` +
        (closest === undefined ? '' : ` Did you mean "${closest}"?`) +
        ' Declare it in CircuitBreakerModule.forRoot({ circuits }), in forFeature() or in a @CircuitBreaker() decorator,' +
        ' or create it with getOrCreate().' +
        (declared.length === 0
          ? ' None is declared yet.'
          : ` Declared: ${declared.slice(0, 20).join(', ')}${declared.length > 20 ? ', …' : ''}.`),
    );
  }
}
