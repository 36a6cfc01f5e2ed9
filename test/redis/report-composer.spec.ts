import { beforeEach, describe, expect, it } from '@jest/globals';
import { Circuit } from '../../lib/circuit/circuit.js';
import type { FleetCircuit } from '../../lib/redis/fleet-circuit.js';
import type { CircuitReport } from '../../lib/redis/fleet-store.js';
import { ReportComposer } from '../../lib/redis/report-composer.js';

const circuit = new Circuit('a', {});

/** A part in the fleet that has something to tell, or nothing. */
function part(id: string, hasNews = true): FleetCircuit {
  const report = { id, gen: 1, configGen: 0, rules: 0, wait: 0 };
  const told: Partial<FleetCircuit> = {
    id,
    circuit,
    collect: (): CircuitReport | undefined => (hasNews ? report : undefined),
  };
  return told as FleetCircuit;
}

function parts(howMany: number): FleetCircuit[] {
  return Array.from({ length: howMany }, (_, index) => part(String(index)));
}

function compose(composer: ReportComposer, all: FleetCircuit[]): string[] {
  const { circuits, tellers } = composer.compose(all);
  const ids = circuits.map(({ id }) => id);
  expect(tellers.map(({ id }) => id)).toEqual(ids);
  return ids;
}

describe('what a flush tells', () => {
  let composer: ReportComposer;

  beforeEach(() => {
    composer = new ReportComposer({ duration: 1_000, buckets: 10 });
  });

  it('is nothing without circuits', () => {
    expect(composer.compose([])).toEqual({
      circuits: [],
      tellers: [],
      rules: [],
    });
  });

  it('is of the circuits that have news, each with its rules', () => {
    const all = [part('a'), part('b', false), part('c')];
    const { circuits, rules } = composer.compose(all);
    expect(circuits.map(({ id }) => id)).toEqual(['a', 'c']);
    expect(circuits.map(each => each.rules)).toEqual([1, 1]);
    expect(rules).toHaveLength(1);
  });

  it('is of 500 circuits at most, and the others are first the next time', () => {
    const all = parts(1_200);
    const [first, second, third] = [1, 2, 3].map(() => compose(composer, all));
    expect([first!.length, second!.length, third!.length]).toEqual([
      500, 500, 500,
    ]);
    expect([first![0], second![0], third![0]]).toEqual(['0', '500', '1000']);
    expect(third![200]).toBe('0');
    expect(new Set([...first!, ...second!, ...third!]).size).toBe(1_200);
  });

  it('begins with the same circuit where all found room', () => {
    const all = parts(500);
    expect(compose(composer, all)[0]).toBe('0');
    expect(compose(composer, all)[0]).toBe('0');
  });

  it('goes on from where it was when there are fewer circuits than then', () => {
    compose(composer, parts(600));
    expect(compose(composer, parts(3))).toEqual(['2', '0', '1']);
    expect(compose(composer, [])).toEqual([]);
  });
});
