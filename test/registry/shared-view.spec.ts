import { describe, expect, it } from '@jest/globals';
import type { Circuit } from '../../lib/circuit/circuit.js';
import type { RegistryCoordinator } from '../../lib/registry/registry-coordinator.js';
import { RegistryBench } from '../support/registry-bench.js';

describe('a view that the circuits of a registry share', () => {
  it('is told of the circuits that are there, and of those to come', () => {
    const { registry } = new RegistryBench({ circuits: { a: {}, b: {} } });
    registry.keyed('a', 'k');
    const view = new View();

    registry.coordinate(view);
    expect(view.names).toEqual(['a', 'a k']);

    registry.get('b');
    registry.keyed('b', 'l');
    expect(view.names).toEqual(['a', 'a k', 'b', 'b l']);
  });

  it('is told of keyed circuits that are let go', () => {
    const { registry } = new RegistryBench({ circuits: { a: { maxKeys: 1 } } });
    const view = new View();
    registry.coordinate(view);

    registry.keyed('a', 'first');
    registry.keyed('a', 'second');

    expect(view.names).toEqual(['a', 'a second']);
  });

  it('is how the registry says that it does; without one it says nothing', () => {
    const { registry } = new RegistryBench();
    expect(registry.sharedView).toBeNull();

    const view = new View();
    registry.coordinate(view);

    expect(registry.sharedView).toBe(view.status);
  });

  it('lets go of every circuit when it ends, and hears of no other', () => {
    const { registry } = new RegistryBench({ circuits: { a: {}, b: {} } });
    const view = new View();
    registry.get('a');
    const end = registry.coordinate(view);

    end();
    registry.get('b');

    expect(view.names).toEqual([]);
    expect(registry.sharedView).toBeNull();
  });

  it('is one at a time', () => {
    const { registry } = new RegistryBench({ circuits: { a: {} } });
    const view = new View();
    registry.coordinate(view);

    expect(() => registry.coordinate(new View())).toThrow(
      'The circuits of this application share a view already: import CircuitBreakerFleetModule once.',
    );
    expect(registry.sharedView).toBe(view.status);
  });

  it('is not ended by one that has ended before', () => {
    const { registry } = new RegistryBench({ circuits: { a: {} } });
    registry.get('a');
    const endFirst = registry.coordinate(new View());
    endFirst();
    const second = new View();
    registry.coordinate(second);

    endFirst();

    expect(registry.sharedView).toBe(second.status);
    expect(second.names).toEqual(['a']);
  });
});

class View implements RegistryCoordinator {
  readonly status = { joined: true, reason: null, instances: 1 };
  private readonly circuits = new Set<Circuit>();

  attach(circuit: Circuit): void {
    this.circuits.add(circuit);
  }

  detach(circuit: Circuit): void {
    this.circuits.delete(circuit);
  }

  get names(): string[] {
    return Array.from(this.circuits, ({ name, key }) =>
      key === null ? name : `${name} ${key}`,
    );
  }
}
