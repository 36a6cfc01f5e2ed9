import { packageUnderTest } from '../subjects/package-under-test.mjs';
import { timedCase } from './case.mjs';

/** @type {readonly string[]} */
const SUBJECTS = ['nestjs-breaker'];

/** Observables behind a circuit. */
export const operator = [
  timedCase({
    name: 'operator',
    about: '`of(42)`, subscribed to with and without `withCircuitBreaker`.',
    subjects: SUBJECTS,
    async contest() {
      const { of } = await import('rxjs');
      const { Circuit, withCircuitBreaker } = await packageUnderTest();
      const source = of(42);
      const piped = source.pipe(withCircuitBreaker(new Circuit('bench')));
      const loop = /** @type {const} */ ('synchronous');
      return {
        contestants: {
          bare: { call: () => source.subscribe(), loop },
          protected: { call: () => piped.subscribe(), loop },
        },
      };
    },
  }),
];
