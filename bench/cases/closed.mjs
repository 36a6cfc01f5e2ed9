import { loadSubject, protect, SUBJECTS } from '../subjects/subject.mjs';
import { timedCase } from './case.mjs';

const call = async () => 42;

/** Calls that succeed through a closed circuit. */
export const closed = [
  timedCase({
    name: 'closed, count window',
    about: 'A call that succeeds; the latest 100 calls are watched.',
    subjects: SUBJECTS,
    contest: subject => succeeding(subject, { window: 'count' }),
  }),
  timedCase({
    name: 'closed, time window',
    about: 'A call that succeeds; the last 60 s are watched.',
    subjects: SUBJECTS,
    contest: subject => succeeding(subject, { window: 'time' }),
  }),
  timedCase({
    name: 'closed, eight circuits in turn',
    about:
      'Eight functions behind eight circuits, called in turn, as an application calls more than one dependency: the engine can no longer inline the one function that it knows.',
    subjects: SUBJECTS,
    contest: inTurn,
  }),
  timedCase({
    name: 'closed, window of 100 and of 100,000',
    about: 'What a full window of a thousand times the size adds to a call.',
    subjects: ['nestjs-breaker', 'cockatiel', 'hand-written'],
    contest: twoSizes,
  }),
];

/**
 * @param {string} name
 * @param {import('../subjects/subject.mjs').BreakerOptions} options
 */
async function succeeding(name, options) {
  const subject = await loadSubject(name);
  return {
    contestants: {
      bare: { call },
      protected: { call: await protect(subject, options, call) },
    },
  };
}

async function inTurn(/** @type {string} */ name) {
  const subject = await loadSubject(name);
  const calls = [
    async () => 1,
    async () => 2,
    async () => 3,
    async () => 4,
    async () => 5,
    async () => 6,
    async () => 7,
    async () => 8,
  ];
  const callers = await Promise.all(
    calls.map(each => protect(subject, {}, each)),
  );
  let bareTurn = 0;
  let turn = 0;
  return {
    contestants: {
      bare: { call: () => calls[bareTurn++ & 7]?.() },
      protected: { call: () => callers[turn++ & 7]?.() },
    },
  };
}

async function twoSizes(/** @type {string} */ name) {
  const subject = await loadSubject(name);
  const large = await protect(subject, { size: 100_000 }, call);
  for (let i = 0; i < 100_000; i++) await large();
  return {
    contestants: {
      bare: { call },
      'window of 100': { call: await protect(subject, { size: 100 }, call) },
      'window of 100,000': { call: large },
    },
  };
}
