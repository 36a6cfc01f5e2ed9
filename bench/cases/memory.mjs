import { BYTES_FLAGS, measureBytes } from '../measure-bytes.mjs';
import { IDLE_FLAGS, measureIdle } from '../measure-idle.mjs';
import { loadSubject, protect, SUBJECTS } from '../subjects/subject.mjs';

const call = async () => 42;

/** @type {import('./case.mjs').Case[]} */
export const memory = [
  {
    name: 'bytes a call',
    about: 'What a call that succeeds allocates over a bare one, count window.',
    unit: 'bytes',
    subjects: SUBJECTS,
    flags: BYTES_FLAGS,
    async measure(name, pace) {
      const caller = await protect(await loadSubject(name), {}, call);
      const contestants = { bare: { call }, protected: { call: caller } };
      return measureBytes({ contestants }, pace);
    },
  },
  {
    name: 'idle, 10,000 circuits',
    about:
      'Made, called once each, left alone. Bytes on and off the heap, for each circuit with a window of 100 calls (opossum: 60 buckets); timers for each circuit; CPU of all together.',
    unit: 'bytes',
    units: { timers: '', 'idle CPU of all': '% of a core' },
    subjects: SUBJECTS,
    flags: IDLE_FLAGS,
    measure: measureIdle,
  },
];
