import type { CircuitMatchers } from './circuit-matchers.js';

export { circuitMatchers } from './circuit-matchers.js';
export type { CircuitMatchers } from './circuit-matchers.js';

// What is augmented below has to be loaded, in both builds and where they are used.
export type { Matchers } from 'vitest';

declare module 'vitest' {
  interface Matchers<T = any> extends CircuitMatchers<T> {}
}
