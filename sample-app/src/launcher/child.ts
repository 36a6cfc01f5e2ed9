/**
 * Tells the launcher that this process listens, and ends it when the launcher
 * is gone, however that came about. Does nothing in a process started by hand.
 */
export function reportListening(port: number): void {
  if (!process.send) return;
  process.send({ port });
  process.once('disconnect', () => process.exit());
  // Ctrl-C reaches the whole group of processes; the launcher decides who ends when.
  process.on('SIGINT', () => {});
}
