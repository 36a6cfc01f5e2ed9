/**
 * The buffer of `holdWhileOpen` is full and one value more has come. Nothing is
 * lost: the error has what was held.
 */
export class HeldBufferOverflowError extends Error {
  override readonly name = 'HeldBufferOverflowError';

  /**
   * @param circuit the name of the circuit that is open
   * @param values what was held, the oldest first; the last is the one too many
   */
  constructor(
    readonly circuit: string,
    readonly values: readonly unknown[],
  ) {
    super(
      `Circuit "${circuit}" is open, and the ${values.length - 1} places of holdWhileOpen's buffer are taken.` +
        ' Raise buffer.size, have the source stop (with a broker: prefetch at most buffer.size), or give onOverflow: "drop-oldest".',
    );
  }
}
