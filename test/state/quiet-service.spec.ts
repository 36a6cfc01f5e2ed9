import { describe, expect, it } from '@jest/globals';
import { CircuitBench } from '../support/circuit-bench.js';

const MINUTE = 60_000;

/** How the dependency of a quiet service behaves. */
type Weather = 'fine' | 'failing' | 'hanging';

/**
 * A service with the default options that makes few calls.
 *
 * @returns after how many minutes the state was there, or `undefined`
 */
function minutesUntil(
  state: string,
  bench: CircuitBench,
  callsAMinute: number,
  weather: Weather,
): number | undefined {
  const start = bench.clock.now();
  for (let call = 0; call < 60 * callsAMinute; call++) {
    const permit = bench.circuit.tryAcquire();
    if (weather === 'failing') permit?.failure(new Error('down'));
    if (weather === 'fine') permit?.success(20);
    if (bench.state === state) return (bench.clock.now() - start) / MINUTE;
    bench.advance(MINUTE / callsAMinute);
  }
  return undefined;
}

describe('a quiet service with the default options', () => {
  it.each<[number, Weather, number]>([
    // calls a minute, weather, minutes that it may take to open
    [5, 'failing', 2],
    [5, 'hanging', 5],
    [1, 'failing', 10],
    [1, 'hanging', 25],
  ])(
    '%d calls a minute: opens on an outage (%s) within %d minutes and closes after it',
    (callsAMinute, weather, within) => {
      const bench = new CircuitBench({ openJitter: 0.3 });
      bench.random = 0.5;
      minutesUntil('never', bench, callsAMinute, 'fine');
      const opened = minutesUntil('open', bench, callsAMinute, weather);
      expect(opened).toBeDefined();
      expect(opened).toBeLessThanOrEqual(within);
      // The outage lasts for an hour more: now open, now half-open, never closed.
      const closed = minutesUntil('closed', bench, callsAMinute, weather);
      expect(closed).toBeUndefined();
      const recovered = minutesUntil('closed', bench, callsAMinute, 'fine');
      expect(recovered).toBeDefined();
      expect(recovered).toBeLessThanOrEqual(5);
    },
  );

  it('does not open for one failure in two hundred calls', () => {
    const bench = new CircuitBench();
    for (let call = 0; call < 1_000; call++) {
      bench.play(call % 200 === 0 ? 'F' : 'S').advance(12_000);
    }
    expect(bench.transitions).toEqual([]);
  });

  it('does not open for failures that lie far apart', () => {
    const bench = new CircuitBench();
    for (let call = 0; call < 50; call++) {
      bench.play('F').advance(301_000);
    }
    expect(bench.transitions).toEqual([]);
  });
});
