// What is augmented below has to be loaded.
/// <reference types="vitest" preserve="true" />
import type { CircuitMatchers } from './circuit-matchers.js';

export { circuitMatchers } from './circuit-matchers.js';
export type { CircuitMatchers } from './circuit-matchers.js';

declare module 'vitest' {
  interface Matchers<T = any> extends CircuitMatchers<T> {}
}
