// What is augmented below has to be loaded.
/// <reference types="expect" preserve="true" />
import type { CircuitMatchers } from './circuit-matchers.js';

export { circuitMatchers } from './circuit-matchers.js';
export type { CircuitMatchers } from './circuit-matchers.js';

// For `import { expect } from '@jest/globals'`.
declare module 'expect' {
  // oxlint-disable-next-line no-unused-vars -- one interface, declared twice
  interface Matchers<
    R extends void | Promise<void>,
    T = unknown,
  > extends CircuitMatchers<R> {}
}

// For the global `expect` of @types/jest.
declare global {
  namespace jest {
    // oxlint-disable-next-line no-unused-vars
    interface Matchers<R, T = {}> extends CircuitMatchers<R> {}
  }
}
