import type { Circuit } from '../circuit/circuit.js';

/** How many circuits are shown at most. */
const MOST_CIRCUITS = 2_000;

/** The circuits that are shown. */
export interface Roster {
  readonly circuits: readonly Circuit[];
  /** How many closed keyed circuits there was no room for. */
  readonly omitted: number;
}

/**
 * Chooses the circuits to show: every one without a key and every one that is
 * not closed, then other keyed circuits while there is room.
 *
 * @param shown circuits that go first among equals, so that the choice is stable
 */
export function chooseCircuits(
  all: Iterable<Circuit>,
  shown: { has(circuit: Circuit): boolean } = new Set(),
  most = MOST_CIRCUITS,
): Roster {
  const everyone = [...all];
  if (everyone.length <= most) return { circuits: everyone, omitted: 0 };
  const needed: Circuit[] = [];
  const known: Circuit[] = [];
  const others: Circuit[] = [];
  for (const circuit of everyone) {
    if (circuit.key === null || circuit.state !== 'closed') {
      needed.push(circuit);
    } else (shown.has(circuit) ? known : others).push(circuit);
  }
  const room = Math.max(0, most - needed.length);
  const circuits = [...needed, ...[...known, ...others].slice(0, room)];
  return { circuits, omitted: everyone.length - circuits.length };
}

/** The circuit of a name and a key, among those that there are: nothing is made for who asks. */
export function findCircuit(
  all: Iterable<Circuit>,
  name: string | null,
  key: string | null,
): Circuit | undefined {
  for (const circuit of all) {
    if (circuit.name === name && circuit.key === key) return circuit;
  }
  return undefined;
}
