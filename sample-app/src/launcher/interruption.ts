/** Somebody asked this program to end; `exitCode` is the one a shell expects. */
export class Interruption extends Error {
  constructor(
    signal: NodeJS.Signals,
    readonly exitCode: number,
  ) {
    super(`Interrupted by ${signal}`);
  }
}

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/**
 * Rejects with an `Interruption` at the first signal, so that `finally` blocks
 * run. Further signals are left unanswered: npm hands on a second one.
 */
export function interrupted(): Promise<never> {
  return new Promise((_, reject) => {
    for (const [signal, exitCode] of Object.entries(exitCodes)) {
      process.on(signal, (name: NodeJS.Signals) =>
        reject(new Interruption(name, exitCode)),
      );
    }
  });
}
