import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Circuit } from '../../lib/circuit/circuit.js';
import { collectGarbage } from '../support/garbage.js';

describe('a circuit', () => {
  it.each([
    ['arguments', () => ({ args: [{ id: 1 }] })],
    ['a signal', () => ({ signal: new AbortController().signal })],
    [
      'both',
      () => ({ args: [{ id: 1 }], signal: new AbortController().signal }),
    ],
  ])(
    'keeps nothing of the options of a call with %s, also if it was repeated',
    async (_what, optionsOf) => {
      const circuit = new Circuit('shop');
      const call = async () => {
        const options = optionsOf();
        await circuit.execute(() => 1, options);
        await circuit.execute(() => 1, options);
        return new WeakRef(options);
      };
      const held = await call();

      // A `WeakRef` holds until the turn in which it was made is over.
      await sleep(0);
      collectGarbage();

      expect(held.deref()).toBeUndefined();
      expect(circuit.snapshot().totals.calls).toBe(2);
    },
  );
});
