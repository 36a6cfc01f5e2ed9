import { loadSubject, protect, SUBJECTS } from '../subjects/subject.mjs';
import { NotBuilt, timedCase } from './case.mjs';

const TIMEOUT_MS = 1_000;
const call = async () => 42;

/** Calls under a timeout that never strikes. */
export const timeout = [
  timedCase({
    name: 'with a timeout',
    about:
      'A call that succeeds through a closed circuit, under a timeout of 1 s.',
    subjects: SUBJECTS,
    async contest(name) {
      const subject = await loadSubject(name);
      // As with other calls in flight: Node keeps timers of one duration in a
      // list, and the first and the last one of a list cost more. Opossum's
      // window keeps a timer of 1 s of its own.
      setInterval(() => {}, TIMEOUT_MS);
      const caller = await protect(subject, { timeoutMs: TIMEOUT_MS }, call);
      await caller().catch(refuseUnknownOption);
      return {
        contestants: { bare: { call }, protected: { call: caller } },
      };
    },
  }),
];

function refuseUnknownOption(/** @type {Error} */ error) {
  throw error.name === 'InvalidOptionsError'
    ? new NotBuilt('not built')
    : error;
}
