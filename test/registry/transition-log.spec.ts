import { describe, expect, it, jest } from '@jest/globals';
import { logTransitions } from '../../lib/registry/transition-log.js';
import type { LogFields, LogLevel } from '../../lib/registry/log-line.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { RegistryBench } from '../support/registry-bench.js';

describe('logTransitions', () => {
  it('warns of an opening and logs what comes after, in the words of explain()', () => {
    const { lines, circuit, clock } = logOf({
      consecutiveFailures: 1,
      halfOpen: { calls: 1 },
    });

    circuit.tryAcquire()!.failure(new Error('no answer'));
    const whileOpen = circuit.explain().sentence;
    clock.advance(60_000);
    const probe = circuit.tryAcquire()!;
    const whileHalfOpen = circuit.explain().sentence;
    probe.success(1);

    expect(lines).toEqual([
      expect.stringContaining(`warn Circuit ${whileOpen}`),
      expect.stringContaining(`log Circuit ${whileHalfOpen}`),
      expect.stringContaining(
        `log Circuit ${circuit.explain().sentence} Reason: 1 of 1 probes succeeded.`,
      ),
    ]);
    expect(lines[0]).toContain('no answer');
  });

  it('warns of a probe that opens the circuit again', () => {
    const { lines, circuit, clock } = logOf({
      consecutiveFailures: 1,
      halfOpen: { calls: 1 },
    });

    circuit.tryAcquire()!.failure(new Error());
    clock.advance(60_000);
    circuit.tryAcquire()!.failure(new Error());

    expect(lines.map(line => line.split(' ')[0])).toEqual([
      'warn',
      'log',
      'warn',
    ]);
  });

  it('tells of overrides, with their reason', () => {
    const { lines, circuit } = logOf();

    circuit.forceOpen('maintenance until noon');
    circuit.reset();

    expect(lines).toEqual([
      expect.stringMatching(/^warn .*maintenance until noon/),
      expect.stringMatching(/^log .*closed/),
    ]);
  });

  it('tells of keyed circuits, and of those to come', () => {
    const { lines, registry } = logOf();

    registry.keyed('payments', 'acme').forceOpen();
    registry.getOrCreate('late').forceOpen();

    expect(lines).toEqual([
      expect.stringContaining('"payments" (acme)'),
      expect.stringContaining('"late"'),
    ]);
  });

  it('says what callers get, and what they got meanwhile', async () => {
    const { lines, circuit, clock } = logOf({
      consecutiveFailures: 2,
      halfOpen: { calls: 1 },
    });
    const call = () =>
      circuit.execute(() => Promise.reject(new Error('down')), {
        fallback: () => 'later',
      });

    for (let calls = 0; calls < 5; calls++) await call();
    clock.advance(60_000);
    circuit.tryAcquire()!.success(1);

    expect(lines).toEqual([
      // The second failure's own fallback answers after the circuit has opened.
      expect.stringContaining(
        'Callers are refused now or get their fallback, as they did 1 times for 2 failures so far.',
      ),
      expect.stringContaining(
        'Meanwhile 3 calls were refused and 0 failed; fallbacks answered 4 and the cache 0.',
      ),
      expect.stringContaining('Meanwhile 0 calls were refused'),
    ]);
  });

  it('is an error where a critical circuit opens', () => {
    const { lines, circuit } = logOf({
      critical: true,
      consecutiveFailures: 1,
    });
    circuit.tryAcquire()!.failure(new Error());
    expect(lines).toEqual([expect.stringMatching(/^error /)]);
  });

  it('is quieter about what is only watched', () => {
    const { lines, circuit } = logOf({
      critical: true,
      mode: 'shadow',
      consecutiveFailures: 1,
    });
    circuit.tryAcquire()!.failure(new Error());
    circuit.reset();
    expect(lines).toEqual([
      expect.stringMatching(/^log .*mode shadow lets every call through/),
      expect.stringMatching(/^debug /),
    ]);
  });

  it('has the same as data', () => {
    const { fields, circuit, clock } = logOf({
      consecutiveFailures: 1,
      openJitter: 0,
    });
    circuit.tryAcquire()!.failure(new RangeError('no answer'));
    expect(JSON.parse(JSON.stringify(fields))).toEqual([
      {
        circuit: 'payments',
        state: 'open',
        mode: 'enforced',
        since: '2030-01-01T00:00:00.000Z',
        rule: 'consecutiveFailures',
        from: 'closed',
        to: 'open',
        reason: '1 calls in a row failed',
        attempt: 1,
        window: expect.objectContaining({ calls: 1, failures: 1 }),
        nextProbe: '2030-01-01T00:01:00.000Z',
        lastFailure: {
          at: clock.wallTime(),
          name: 'RangeError',
          message: 'no answer',
        },
        callers: { failures: 1, rejected: 0, fallbacks: 0, cacheHits: 0 },
      },
    ]);
  });

  it('names the key in the data, and no probe where none is due', () => {
    const { fields, registry } = logOf();
    registry.keyed('payments', 'acme').forceClosed();
    registry.get('payments').forceOpen();

    expect(fields).toEqual([
      expect.objectContaining({ key: 'acme', nextProbe: null }),
      expect.not.objectContaining({ key: expect.anything() }),
    ]);
  });

  it('warns where a circuit is forced closed', () => {
    const { lines, circuit } = logOf();
    circuit.forceClosed();
    expect(lines).toEqual([expect.stringMatching(/^warn /)]);
  });

  it('tells the reason once, where the sentence has it', () => {
    const { lines, circuit } = logOf({ consecutiveFailures: 1 });
    circuit.tryAcquire()!.failure(new Error());
    expect(lines[0]).not.toContain('Reason:');
    expect(lines[0]).toMatch(/\. Callers are refused now/);
  });

  it('says nothing of calls', () => {
    const { lines, circuit } = logOf();

    circuit.tryAcquire()!.success(1);
    circuit.tryAcquire()!.failure(new Error());
    circuit.configure({ minimumCalls: 3 });

    expect(lines).toEqual([]);
  });
});

describe('the log of a circuit that flaps', () => {
  const flap = {
    consecutiveFailures: 1,
    openDuration: 1_000,
    maxOpenDuration: 1_000,
    openJitter: 0,
    halfOpen: { calls: 1 },
  };

  it('has ten lines a minute, and one that counts the others and says how it stands', () => {
    const { lines, circuit, clock } = logOf(flap);
    for (let round = 0; round < 20; round++) {
      circuit.tryAcquire()!.failure(new Error());
      clock.advance(1_000);
    }
    expect(lines).toHaveLength(10);

    clock.advance(40_000);
    // One transition into open, then two for each probe.
    expect(lines.slice(10)).toEqual([
      expect.stringMatching(
        /^warn Circuit "payments" changed its state 29 times more within a minute. Now "payments" is open because/,
      ),
    ]);

    clock.advance(60_000);
    circuit.tryAcquire();
    expect(lines[11]).toMatch(/^log Circuit "payments" is half-open/);
    expect(lines).toHaveLength(12);
  });

  it('has the count of the others as data', () => {
    const { fields, circuit, clock } = logOf(flap);
    for (let round = 0; round < 6; round++) {
      circuit.tryAcquire()!.failure(new Error());
      clock.advance(1_000);
    }
    clock.advance(54_000);
    expect(fields[10]).toMatchObject({
      circuit: 'payments',
      state: 'open',
      untold: 1,
    });
  });

  it('begins a new minute 60 seconds after the first line, and not before', () => {
    const { lines, registry, clock } = logOf(flap);
    const open = (tenant: number) =>
      registry
        .keyed('payments', `${tenant}`)
        .tryAcquire()!
        .failure(new Error());
    clock.advance(5_000);
    for (let tenant = 0; tenant < 10; tenant++) open(tenant);

    clock.advance(60_000);
    for (let tenant = 10; tenant < 21; tenant++) open(tenant);
    expect(lines).toHaveLength(20);

    clock.advance(59_999);
    expect(lines).toHaveLength(20);
    clock.advance(1);
    expect(lines).toHaveLength(21);
  });

  it('tells what a suspended process had put off before it goes on', () => {
    const { lines, registry, clock } = logOf(flap);
    for (let tenant = 0; tenant < 12; tenant++) {
      registry
        .keyed('payments', `${tenant}`)
        .tryAcquire()!
        .failure(new Error());
    }
    // Time has passed, and no timer has run yet.
    clock.set(60_000);
    registry.keyed('payments', 'late').tryAcquire()!.failure(new Error());

    expect(lines.slice(10)).toEqual([
      expect.stringContaining('2 times more'),
      expect.stringContaining('"payments" (late)'),
    ]);
    expect(clock.pending).toBe(0);
  });

  it('has the end of an override', () => {
    const { lines, circuit, clock } = logOf(flap);
    circuit.forceOpen('early');
    for (let tenant = 0; tenant < 5; tenant++) {
      circuit.reset();
      circuit.tryAcquire()!.failure(new Error());
      clock.advance(1);
      circuit.forceOpen();
    }
    const before = lines.length;
    circuit.reset();
    expect(lines).toHaveLength(before + 1);
  });

  it('has every override', () => {
    const { lines, circuit, clock } = logOf(flap);
    for (let round = 0; round < 20; round++) {
      circuit.tryAcquire()!.failure(new Error());
      clock.advance(1_000);
    }
    circuit.forceOpen('enough');
    expect(lines[10]).toContain('enough');
  });

  it('leaves those of other names alone', () => {
    const { lines, registry, clock, circuit } = logOf(flap);
    for (let round = 0; round < 20; round++) {
      circuit.tryAcquire()!.failure(new Error());
      clock.advance(1_000);
    }
    registry.getOrCreate('search').forceOpen();
    expect(lines[10]).toContain('"search" is forced open');
  });

  it('is bounded for the keyed circuits of one name, too', () => {
    const { lines, registry, clock } = logOf(flap);
    for (let tenant = 0; tenant < 100; tenant++) {
      registry
        .keyed('payments', `${tenant}`)
        .tryAcquire()!
        .failure(new Error());
    }
    clock.advance(60_000);
    expect(lines).toHaveLength(11);
    expect(lines[10]).toContain('90 times more');
  });

  it('comes a minute later without a clock of its own, unless it has ended', () => {
    jest.useFakeTimers();
    try {
      const { lines, stop, registry } = logOf(flap, null);
      const open = (tenants: string) => {
        for (let tenant = 0; tenant < 12; tenant++) {
          const circuit = registry.keyed('payments', `${tenants} ${tenant}`);
          circuit.tryAcquire()!.failure(new Error());
        }
      };
      open('early');
      expect(lines).toHaveLength(10);
      jest.advanceTimersByTime(60_000);
      expect(lines.slice(10)).toEqual([
        expect.stringContaining('2 times more within a minute'),
      ]);

      open('late');
      expect(lines).toHaveLength(21);
      stop();
      jest.advanceTimersByTime(60_000);
      expect(lines).toHaveLength(21);
    } finally {
      jest.useRealTimers();
    }
  });

  it('ends also where nothing was put off', () => {
    const { lines, stop, circuit } = logOf(flap);
    circuit.forceOpen();

    stop();
    circuit.reset();

    expect(lines).toHaveLength(1);
  });

  it('ends with the application', () => {
    const { lines, stop, clock, circuit } = logOf(flap);
    for (let round = 0; round < 20; round++) {
      circuit.tryAcquire()!.failure(new Error());
      clock.advance(1_000);
    }
    stop();
    clock.advance(60_000);
    expect(lines).toHaveLength(10);
    expect(clock.pending).toBe(0);
  });
});

/** @param clock `null` for none: that of the system */
function logOf(options: CircuitOptions = {}, clock?: null) {
  const bench = new RegistryBench({ circuits: { payments: options } });
  const lines: string[] = [];
  const fields: LogFields[] = [];
  const log = (level: LogLevel) => (message: string, more: LogFields) => {
    lines.push(`${level} ${message}`);
    fields.push(more);
  };
  const stop = logTransitions(
    bench.registry,
    {
      error: log('error'),
      warn: log('warn'),
      log: log('log'),
      debug: log('debug'),
    },
    clock === null ? undefined : bench.clock,
  );
  const { registry } = bench;
  const circuit = registry.get('payments');
  return { lines, fields, stop, registry, clock: bench.clock, circuit };
}
