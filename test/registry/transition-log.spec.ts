import { describe, expect, it } from '@jest/globals';
import { logTransitions } from '../../lib/registry/transition-log.js';
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
      `warn Circuit ${whileOpen}`,
      `log Circuit ${whileHalfOpen}`,
      `log Circuit ${circuit.explain().sentence} Reason: 1 of 1 probes succeeded.`,
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

  it('says nothing of calls', () => {
    const { lines, circuit } = logOf();

    circuit.tryAcquire()!.success(1);
    circuit.tryAcquire()!.failure(new Error());
    circuit.configure({ minimumCalls: 3 });

    expect(lines).toEqual([]);
  });
});

function logOf(options: CircuitOptions = {}) {
  const bench = new RegistryBench({ circuits: { payments: options } });
  const lines: string[] = [];
  logTransitions(bench.registry, {
    log: (message: string) => void lines.push(`log ${message}`),
    warn: (message: string) => void lines.push(`warn ${message}`),
  });
  const { registry, clock } = bench;
  return { lines, registry, clock, circuit: registry.get('payments') };
}
