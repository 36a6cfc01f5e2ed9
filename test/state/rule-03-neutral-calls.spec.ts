import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { CircuitBench } from '../support/circuit-bench.js';

const hang = () => new Promise<never>(() => {});

/** Starts a call that never ends, and tells how to abort it. */
function startHanging(bench: CircuitBench) {
  const controller = new AbortController();
  const answer = bench.circuit.execute(hang, { signal: controller.signal });
  answer.catch(() => {});
  return { answer, abort: (reason?: unknown) => controller.abort(reason) };
}

describe('rule 3: ignored and cancelled calls', () => {
  it('rule 3: a released permit is neither success nor failure', () => {
    const bench = new CircuitBench().play('I');
    expect(bench.window.calls).toBe(0);
    expect(bench.totals).toMatchObject({
      calls: 1,
      ignored: 1,
      successes: 0,
      failures: 0,
    });
    expect(bench.told).toEqual(['ignored']);
  });

  it('rule 3: an ignored call does not end a streak of failures', () => {
    const bench = new CircuitBench({ consecutiveFailures: 2 });
    expect(bench.statesAfter('FIF')).toEqual(['closed', 'closed', 'open']);
  });

  it('rule 3: a released probe gives back its place in all and at once', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      halfOpen: { calls: 1 },
    });
    bench.tripAndProbe().release();
    expect(bench.halfOpen).toEqual({
      admitted: 0,
      inFlight: 0,
      successes: 0,
      failures: 0,
    });
    expect(bench.isRefused()).toBe(false);
  });

  it('rule 3: an ignored error gives the permit back', async () => {
    class NotOurs extends Error {}
    const bench = new CircuitBench({ ignoreErrors: [NotOurs] });
    await expect(
      bench.circuit.execute(() => Promise.reject(new NotOurs())),
    ).rejects.toThrow(NotOurs);
    expect(bench.totals).toMatchObject({ ignored: 1, failures: 0 });
    expect(bench.window.calls).toBe(0);
    expect(bench.circuit.snapshot().inFlight).toBe(0);
  });

  it('rule 3: an ignored slow call is neutral too', async () => {
    class NotOurs extends Error {}
    const bench = new CircuitBench({ ignoreErrors: [NotOurs] });
    await bench.circuit
      .execute(() => {
        bench.advance(10_000);
        return Promise.reject(new NotOurs());
      })
      .catch(() => {});
    expect(bench.window).toMatchObject({ calls: 0, slow: 0 });
    expect(bench.totals).toMatchObject({ ignored: 1, slow: 0 });
  });

  it('rule 3: release is neutral however late', () => {
    const bench = new CircuitBench({ minimumCalls: 1 });
    const permit = bench.acquire();
    bench.advance(3_600_000);
    permit.release();
    expect(bench.window).toMatchObject({ calls: 0, slow: 0 });
    expect(bench.totals).toMatchObject({ ignored: 1, slow: 0 });
    expect(bench.told).toEqual(['ignored']);
  });

  it.each([0, 1, 2_000])(
    'rule 3: a call cancelled after %d ms is neutral',
    milliseconds => {
      const bench = new CircuitBench();
      const call = startHanging(bench);
      bench.advance(milliseconds);
      call.abort();
      expect(bench.window.calls).toBe(0);
      expect(bench.totals).toMatchObject({ calls: 1, ignored: 1, slow: 0 });
    },
  );

  it('rule 3: a call cancelled after slowCallDuration is recorded as slow', () => {
    const bench = new CircuitBench();
    const call = startHanging(bench);
    bench.advance(2_001);
    call.abort();
    expect(bench.window).toMatchObject({ calls: 1, slow: 1, failures: 0 });
    expect(bench.totals).toMatchObject({
      calls: 1,
      ignored: 1,
      slow: 1,
      successes: 0,
      failures: 0,
    });
  });

  it('rule 3: impatient callers do not hide an outage', () => {
    const bench = new CircuitBench({ minimumCalls: 5 });
    for (let call = 1; call <= 5; call++) {
      expect(bench.state).toBe('closed');
      const { abort } = startHanging(bench);
      bench.advance(2_001);
      abort();
    }
    expect(bench.state).toBe('open');
  });

  it('rule 3: a call cancelled after slowCallDuration leaves a streak as it is', () => {
    const bench = new CircuitBench({ consecutiveFailures: 2 }).play('F');
    const call = startHanging(bench);
    bench.advance(2_001);
    call.abort();
    expect(bench.state).toBe('closed');
    expect(bench.play('F').state).toBe('open');
  });

  it("rule 3: a call cancelled late in an older generation adds to the totals' slow calls alone", () => {
    const bench = new CircuitBench();
    const call = startHanging(bench);
    bench.circuit.reset();
    bench.advance(2_001);
    call.abort();
    expect(bench.totals).toMatchObject({ ignored: 1, slow: 1 });
    expect(bench.window).toMatchObject({ calls: 0, slow: 0 });
  });

  it('rule 3: a cancelled probe gives its place back', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      halfOpen: { calls: 1 },
    });
    bench.trip().advance(60_000);
    startHanging(bench).abort();
    expect(bench.halfOpen).toMatchObject({ admitted: 0, failures: 0 });
    expect(bench.isRefused()).toBe(false);
  });

  it('rule 3: a probe cancelled after slowCallDuration counts against the verdict', () => {
    const bench = new CircuitBench({
      consecutiveFailures: 1,
      halfOpen: { calls: 2 },
    });
    bench.trip().advance(60_000);
    const probe = startHanging(bench);
    bench.advance(2_001);
    probe.abort();
    // One failure of two leaves at best a half, under the threshold of 0.6.
    expect(bench.state).toBe('open');
  });

  it("rule 3: execute rejects at the abort, with the signal's reason", async () => {
    const bench = new CircuitBench();
    const call = startHanging(bench);
    const reason = new Error('the client left');
    call.abort(reason);
    await expect(call.answer).rejects.toBe(reason);
  });

  it('rule 3: the permit is given back at the abort, whether or not the call ends', () => {
    const bench = new CircuitBench();
    const call = startHanging(bench);
    expect(bench.circuit.snapshot().inFlight).toBe(1);
    call.abort();
    expect(bench.circuit.snapshot().inFlight).toBe(0);
  });

  it('rule 3: what a cancelled call answers later changes nothing', async () => {
    const bench = new CircuitBench();
    const controller = new AbortController();
    let fail: ((error: Error) => void) | undefined;
    const answer = bench.circuit.execute(
      () => new Promise((_resolve, reject) => void (fail = reject)),
      { signal: controller.signal },
    );
    controller.abort('gone');
    const before = bench.circuit.snapshot();
    fail?.(new Error('too late'));
    await expect(answer).rejects.toBe('gone');
    expect(bench.circuit.snapshot()).toEqual(before);
  });

  it('rule 3: a call whose signal is aborted already does not start', async () => {
    const bench = new CircuitBench();
    let started = false;
    const answer = bench.circuit.execute(
      () => {
        started = true;
      },
      { signal: AbortSignal.abort('gone') },
    );
    await expect(answer).rejects.toBe('gone');
    expect(started).toBe(false);
    expect(bench.circuit.snapshot().inFlight).toBe(0);
    expect(bench.window.calls).toBe(0);
  });

  it('rule 3: totals.calls is successes + failures + ignored', () => {
    const bench = new CircuitBench({ slowCallRateThreshold: false });
    bench.play('SSSFFILI');
    bench.acquire();
    expect(bench.totals).toMatchObject({
      calls: 8,
      successes: 4,
      failures: 2,
      ignored: 2,
      slow: 1,
    });
  });

  it('rule 3: a signal that lives long keeps no listener of a call that ended', async () => {
    const bench = new CircuitBench();
    const { signal } = new AbortController();
    for (let call = 0; call < 5; call++) {
      await bench.circuit.execute(() => Promise.resolve(call), { signal });
    }
    const error = new Error('down');
    await bench.circuit
      .execute(() => Promise.reject(error), { signal })
      .catch(() => {});
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('rule 3: an abort after the end changes nothing', async () => {
    const bench = new CircuitBench();
    const controller = new AbortController();
    const { signal } = controller;
    await bench.circuit.execute(() => Promise.resolve(1), { signal });
    const before = bench.circuit.snapshot();
    controller.abort();
    expect(bench.circuit.snapshot()).toEqual(before);
  });
});
