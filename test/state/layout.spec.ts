import { setFlagsFromString } from 'node:v8';
import { describe, expect, it } from '@jest/globals';
import { Circuit } from '../../lib/circuit/circuit.js';

setFlagsFromString('--allow-natives-syntax');
/** Whether the engine keeps two objects in one layout. */
const haveOneLayout = new Function('a', 'b', 'return %HaveSameMap(a, b)') as (
  a: object,
  b: object,
) => boolean;

/** What the path of a call touches of a circuit. */
function partsOf({ machine, pipeline }: Circuit): Record<string, object> {
  const { record, timed, emitter, phase } = machine;
  const { current } = record.latency as unknown as { current: object };
  return {
    machine,
    record,
    totals: record.totals,
    latency: record.latency,
    histogram: current,
    window: record.window,
    timed,
    emitter,
    phase,
    pipeline,
    gate: pipeline.gate,
  };
}

/**
 * Code that meets two layouts of one class is slower, and code that meets a layout
 * which the engine has given up is never compiled to its end: a field that begins
 * as a small integer and turns into a double gives up the layout of all objects
 * that were made before.
 */
describe('the layout of a circuit', () => {
  it.each([
    { type: 'count', size: 10 } as const,
    { type: 'time', duration: 1000, buckets: 10 } as const,
  ])(
    'is the same before its first call and after many: $type window',
    async window => {
      const options = { window, failureRateThreshold: 1 };
      const idle = new Circuit('idle', options);
      const busy = new Circuit('busy', options);
      for (let i = 0; i < 20; i++) {
        await busy.execute(() => i);
        await busy
          .execute(() => Promise.reject(new Error('bad')))
          .catch(() => {});
      }
      busy.reset();
      await busy.execute(() => 'at the end');

      const before = partsOf(idle);
      const after = partsOf(busy);
      const others = Object.keys(before).filter(
        part => !haveOneLayout(before[part]!, after[part]!),
      );

      expect(others).toEqual([]);
    },
  );
});
