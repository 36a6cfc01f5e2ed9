import type {} from 'vitest';
import type { CircuitMatchers } from './circuit-matchers.js';

export { circuitMatchers } from './circuit-matchers.js';
export type { CircuitMatchers } from './circuit-matchers.js';

declare module 'vitest' {
  interface Matchers<T = any> extends CircuitMatchers<T> {}
}
