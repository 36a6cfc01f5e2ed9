import { loadSubject, protect, SUBJECTS } from '../subjects/subject.mjs';
import { timedCase } from './case.mjs';

const CALLS = 1_000;

/** Many calls at once. */
export const inFlight = [
  timedCase({
    name: 'in flight, waves of 1,000',
    about: 'A thousand calls start, then all end; told for each call.',
    subjects: SUBJECTS,
    contest: waves,
  }),
  timedCase({
    name: 'in flight, one beside 999',
    about: 'One call after another while 999 others hang.',
    subjects: SUBJECTS,
    contest: besideHanging,
  }),
];

async function waves(/** @type {string} */ name) {
  /** @type {Promise<unknown> | undefined} */
  let gate;
  const call = async () => {
    await gate;
    return 42;
  };
  const caller = await protect(await loadSubject(name), {}, call);
  return {
    callsARun: CALLS,
    contestants: {
      bare: { call: () => wave(call) },
      protected: { call: () => wave(caller) },
    },
  };

  async function wave(/** @type {() => Promise<unknown>} */ start) {
    /** @type {(value?: unknown) => void} */
    let open;
    gate = new Promise(resolve => (open = resolve));
    const answers = Array.from({ length: CALLS }, start);
    // @ts-expect-error assigned, but only the promise's constructor knows
    open();
    await Promise.all(answers);
  }
}

async function besideHanging(/** @type {string} */ name) {
  let hangs = true;
  const call = async () => (hangs ? new Promise(() => {}) : 42);
  const options = { neverTrips: true };
  const caller = await protect(await loadSubject(name), options, call);
  for (let i = 1; i < CALLS; i++) void caller();
  hangs = false;
  return { contestants: { bare: { call }, protected: { call: caller } } };
}
