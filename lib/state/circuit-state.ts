/** Where a circuit stands. The forced states are overrides by people. */
export type CircuitState =
  'closed' | 'open' | 'half-open' | 'forced-open' | 'forced-closed';
