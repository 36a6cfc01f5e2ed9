import { describe, expect, it } from '@jest/globals';
import { Circuit } from '../../lib/circuit/circuit.js';
import type { CallOptions } from '../../lib/circuit/call-options.js';
import type { CircuitEvent } from '../../lib/state/events.js';
import { settled } from '../support/policy-host.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** A disabled circuit whose calls have policies of their own. */
function disabled() {
  const clock = new VirtualClock();
  const circuit = new Circuit('c', { mode: 'disabled' }, { clock });
  const events: CircuitEvent[] = [];
  circuit.events$.subscribe(event => events.push(event));
  const before = circuit.snapshot().totals;
  return {
    circuit,
    clock,
    call: (call: () => unknown, options: CallOptions) =>
      circuit.execute(call, options),
    expectNothingRecorded() {
      expect(circuit.snapshot().totals).toEqual(before);
      expect(events).toEqual([]);
    },
  };
}

const fail = () => Promise.reject(new Error('down'));

describe('a disabled circuit', () => {
  it('lets a fallback answer, and records nothing', async () => {
    const { call, expectNothingRecorded } = disabled();
    await expect(call(fail, { fallback: () => 'spare' })).resolves.toBe(
      'spare',
    );
    expectNothingRecorded();
  });

  it('lets a timeout end a call, and records nothing', async () => {
    const { call, clock, expectNothingRecorded } = disabled();
    const outcome = call(() => new Promise(() => {}), { timeout: '1s' }).catch(
      (error: { code?: string }) => error.code,
    );
    await settled();
    clock.advance(1_001);
    expect(await outcome).toBe('CALL_TIMEOUT');
    expectNothingRecorded();
  });

  it('lets a call be tried again, and records nothing', async () => {
    const { call, clock, expectNothingRecorded } = disabled();
    let calls = 0;
    const answer = call(() => (++calls < 2 ? fail() : 'second'), {
      retry: { attempts: 2, backoff: { initial: '1s', jitter: 0 } },
    });
    await settled();
    clock.advance(1_001);
    expect(await answer).toBe('second');
    expectNothingRecorded();
  });

  it('lets a cache answer, and records nothing', async () => {
    const { call, expectNothingRecorded } = disabled();
    const options: CallOptions = {
      cache: { staleFor: '1h', freshFor: '1h', key: () => 'k' },
    };
    await call(() => 'kept', options);
    expect(await call(fail, options)).toBe('kept');
    expectNothingRecorded();
  });
});
