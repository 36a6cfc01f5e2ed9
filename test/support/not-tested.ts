/**
 * Tells loudly that something a suite needs is missing. The suite is to be
 * skipped then, never to pass, and with `CI=true` it is a failure.
 *
 * @param message what is missing, what was NOT tested, and what helps
 * @returns `false`: it is not there
 * @throws Error in CI
 */
export function notTested(message: string): false {
  if (process.env['CI'] === 'true') throw new Error(message);
  // Jest shows nothing of the console of a suite that is skipped as a whole.
  process.stderr.write(`\n*** ${message} ***\n\n`);
  return false;
}
