import { describe, expect, it } from '@jest/globals';
import { firstValueFrom, of } from 'rxjs';
import type { ExecuteOptions } from '../../lib/circuit/call-plans.js';
import { Circuit } from '../../lib/circuit/circuit.js';

const DOORS: Record<
  string,
  (circuit: Circuit, options: ExecuteOptions) => Promise<unknown>
> = {
  execute: (circuit, options) => circuit.execute(() => 'value', options),
  executeSync: async (circuit, options) =>
    circuit.executeSync(() => 'value', options),
  protect: (circuit, options) =>
    firstValueFrom(circuit.protect(of('value'), options)),
};

describe.each(Object.entries(DOORS))('%s', (_name, door) => {
  it('makes no call for a caller who has gone before it', async () => {
    const circuit = new Circuit('door');
    const signal = AbortSignal.abort('gone');
    await expect(door(circuit, { signal })).rejects.toBe('gone');
    expect(circuit.snapshot().inFlight).toBe(0);
  });

  it('answers a mistake in the options by no fallback', async () => {
    const circuit = new Circuit('door');
    const options: ExecuteOptions = {
      cache: { staleFor: '1m' },
      fallback: () => 'fallback',
    };
    await expect(door(circuit, options)).rejects.toThrow('cache.key');
    expect(circuit.snapshot().totals.calls).toBe(0);
  });
});
