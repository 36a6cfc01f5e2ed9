import { loadSubject, protect, SUBJECTS } from '../subjects/subject.mjs';
import { timedCase } from './case.mjs';

const REHEARSAL_MS = 200;

/** Calls that fail through a circuit that stays closed. */
export const failing = [1_000, 20_000].map(calls =>
  timedCase({
    name: `failing, ${calls.toLocaleString('en')} calls in the window`,
    about: `A call that rejects after ${calls.toLocaleString('en')} successes in the last 60 s; the circuit stays closed. Fifty of them a round, each round with a new breaker.`,
    subjects: SUBJECTS,
    contest: subject => failingAfter(subject, calls),
  }),
);

/**
 * @param {string} name
 * @param {number} successes
 */
async function failingAfter(name, successes) {
  const subject = await loadSubject(name);
  const down = new Error('down');
  let isDown = false;
  const call = async () => {
    if (isDown) throw down;
    return 42;
  };
  let caller = await renew();
  await rehearse();

  return {
    callsARound: 50,
    contestants: {
      bare: {
        loop: /** @type {const} */ ('caught'),
        prepare: () => (isDown = true),
        call,
      },
      protected: {
        loop: /** @type {const} */ ('caught'),
        prepare: async () => {
          isDown = false;
          caller = await renew();
          for (let i = 0; i < successes; i++) await caller();
          isDown = true;
        },
        call: () => caller(),
      },
    },
  };

  function renew() {
    return protect(
      subject,
      { window: 'time', size: successes, neverTrips: true },
      call,
    );
  }

  /** Warms up on a breaker of its own, as often down as up, so that none trips. */
  async function rehearse() {
    const end = performance.now() + REHEARSAL_MS;
    while (performance.now() < end) {
      for (const next of [false, true]) {
        isDown = next;
        await caller().catch(() => undefined);
      }
    }
  }
}
