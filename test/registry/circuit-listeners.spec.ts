import { describe, expect, it } from '@jest/globals';
import { Circuit } from '../../lib/circuit/circuit.js';
import { CircuitListeners } from '../../lib/registry/circuit-listeners.js';

/** Three circuits of which the last comes late, and who was told of a change in which. */
function listening() {
  const [one, two, late] = ['one', 'two', 'late'].map(
    name => new Circuit(name),
  ) as [Circuit, Circuit, Circuit];
  const listeners = new CircuitListeners();
  const told: string[] = [];
  const stop = listeners.add(
    ['transition'],
    (event, circuit) => told.push(`${event.name} ${circuit.state}`),
    [one, two],
  );
  listeners.attach(late);
  const change = () => {
    told.length = 0;
    for (const circuit of [one, two, late]) {
      circuit.forceOpen();
      circuit.reset();
    }
    return [...new Set(told.map(line => line.split(' ')[0]))];
  };
  return { listeners, change, stop, two };
}

describe('a listener to all circuits', () => {
  it('hears those that are there and those that come later', () => {
    expect(listening().change()).toEqual(['one', 'two', 'late']);
  });

  it('hears nothing more of a circuit that is let go', () => {
    const { listeners, change, two } = listening();

    listeners.detach(two);
    // A second time there is nothing to let go.
    listeners.detach(two);

    expect(change()).toEqual(['one', 'late']);
  });

  it('hears nothing more once it is unregistered', () => {
    const { change, stop } = listening();

    stop();

    expect(change()).toEqual([]);
  });

  it('hears nothing more once all are let go, though the circuits live on', () => {
    const { listeners, change } = listening();

    listeners.clear();

    expect(change()).toEqual([]);
  });
});
