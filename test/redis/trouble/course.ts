import { expect } from '@jest/globals';
import type { CircuitBreakerFleetOptions } from '../../../lib/redis/fleet-options.js';
import { Member } from './member.js';

/** What is done to the server, and what ends it. */
export interface Trouble {
  begin(): unknown;
  end(): unknown;
}

/** How long the trouble lasts once everybody has noticed it, in milliseconds. */
const LASTS_MS = 700;

/** Commands that may wait at once: one exchange, and what a connection asks when it is made. */
const MOST_QUEUED = 6;

/**
 * Takes two instances through a trouble, from joined to joined, and holds what is
 * promised: no call fails or waits, what the fleet knew is honoured, each decides
 * alone what it did not know, the log says it once each way, nothing piles up,
 * and all is shared again in the end.
 */
export async function takeThrough(
  options: CircuitBreakerFleetOptions,
  trouble: Trouble,
): Promise<void> {
  const members = [new Member(options), new Member(options)];
  const [one, two] = members as [Member, Member];
  try {
    await until(() => members.every(each => each.instances === 2));
    for (const each of members) each.breakDown(each.search);
    await until(() =>
      members.every(({ search }) => search.snapshot().shared?.state === 'open'),
    );
    const { generation } = one.search.snapshot().shared!;

    await trouble.begin();
    await until(() => members.every(({ joined }) => !joined));
    const before = members.map(({ calls }) => calls);
    one.breakDown(one.inventory);
    await pause(LASTS_MS);
    members.forEach((each, index) => {
      expect(each.joined).toBe(false);
      expect(each.calls - before[index]!).toBeGreaterThan(20);
      expect(each.search.state).toBe('open');
      expect(each.search.tryAcquire()).toBeUndefined();
      expect(each.payments.state).toBe('closed');
      expect(each.search.snapshot().shared).toMatchObject({ joined: false });
    });
    expect(one.inventory.state).toBe('open');
    expect(two.inventory.state).toBe('closed');

    await trouble.end();
    await until(() => members.every(({ joined }) => joined));
    await until(() => members.every(({ instances }) => instances === 2));
    await until(() =>
      members.every(({ search }) => search.snapshot().shared?.state === 'open'),
    );
    for (const { search } of members) {
      expect(search.state).toBe('open');
      expect(search.snapshot().shared!.generation).toBeGreaterThanOrEqual(
        generation,
      );
    }
    // One was open by itself, and has said so: a second makes the quorum.
    two.breakDown(two.inventory);
    await until(() =>
      members.every(
        ({ inventory }) => inventory.snapshot().shared?.state === 'open',
      ),
    );
    members.forEach(each => {
      expect({
        failed: each.failed,
        waited: each.waited,
        ...each.lines(),
      }).toEqual({ failed: 0, waited: 0, lost: 1, joined: 2 });
      expect(each.mostQueued).toBeLessThanOrEqual(MOST_QUEUED);
    });
  } finally {
    await Promise.all(members.map(each => each.leave()));
  }
}

export async function until(
  holds: () => boolean | Promise<boolean>,
  within = 10_000,
): Promise<void> {
  for (const end = Date.now() + within; !(await holds());) {
    if (Date.now() > end) {
      throw new Error(`not within ${within} ms: ${String(holds)}`);
    }
    await pause(10);
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}
