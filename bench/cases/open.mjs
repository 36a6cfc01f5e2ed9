import { loadSubject, SUBJECTS, protect } from '../subjects/subject.mjs';
import { timedCase } from './case.mjs';

/** Calls that an open circuit refuses. */
export const open = [
  timedCase({
    name: 'open, rejected',
    about: 'A refused call, caught where it is awaited.',
    subjects: SUBJECTS,
    contest: subject => refused(subject, {}, 'caught'),
  }),
  timedCase({
    name: 'open, rejected 30 frames deep',
    about:
      'The same under thirty frames, as in a handler: stacks cost more there.',
    subjects: SUBJECTS,
    contest: subject => refused(subject, {}, 'caughtDeep'),
  }),
  timedCase({
    name: 'open, fallback',
    about: 'A fallback without parameters answers.',
    subjects: SUBJECTS,
    contest: subject => refused(subject, { fallback: 'plain' }, 'awaited'),
  }),
  timedCase({
    name: 'open, fallback with the error',
    about:
      'A fallback that reads the error answers. Cockatiel hands none over.',
    subjects: SUBJECTS,
    contest: subject => refused(subject, { fallback: 'with-error' }, 'awaited'),
  }),
];

/**
 * @param {string} name
 * @param {import('../subjects/subject.mjs').BreakerOptions} options
 * @param {'awaited' | 'caught' | 'caughtDeep'} loop
 */
async function refused(name, options, loop) {
  const down = new Error('down');
  let isDown = true;
  let reached = 0;
  const call = async () => {
    reached++;
    if (isDown) throw down;
    return 42;
  };
  const caller = await protect(await loadSubject(name), options, call);
  for (let i = 0; i < 200; i++) await caller().catch(() => undefined);
  if (reached === 200) throw new Error(`${name} did not open`);
  isDown = false;
  return {
    contestants: { bare: { call, loop }, protected: { call: caller, loop } },
  };
}
