import { loadSubject, protect, SUBJECTS } from '../subjects/subject.mjs';

/** @type {import('./case.mjs').Case[]} */
export const closed = [
  {
    name: 'closed, count window',
    about: 'a call that succeeds; the latest 100 calls are watched',
    subjects: SUBJECTS,
    contest: subject => succeeding(subject, { window: 'count' }),
  },
  {
    name: 'closed, time window',
    about: 'a call that succeeds; the last 60 s are watched',
    subjects: SUBJECTS,
    contest: subject => succeeding(subject, { window: 'time' }),
  },
];

/**
 * @param {string} subject
 * @param {import('../subjects/subject.mjs').BreakerOptions} options
 */
async function succeeding(subject, options) {
  const call = async () => 42;
  return {
    contestants: {
      bare: { call },
      protected: {
        call: await protect(await loadSubject(subject), options, call),
      },
    },
  };
}
