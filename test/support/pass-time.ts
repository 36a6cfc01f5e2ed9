import { settled } from './policy-host.js';
import type { VirtualClock } from './virtual-clock.js';

/** Lets time pass millisecond by millisecond, with all that each brings about. */
export async function passTime(
  clock: VirtualClock,
  milliseconds: number,
): Promise<void> {
  await settled();
  for (let each = 0; each < milliseconds; each++) {
    const before = clock.pending;
    clock.advance(1);
    // Waiting for promises is what costs; without a timer nothing has happened.
    if (clock.pending !== before) await settled();
  }
  await settled();
}
