import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { CircuitBreakerModule } from '../../lib/circuit-breaker.module.js';
import type { Circuit } from '../../lib/circuit/circuit.js';
import {
  InjectCircuit,
  injectedCircuits,
} from '../../lib/registry/inject-circuit.js';
import { closeApps, rootModule, startContext } from '../support/nest-app.js';

afterEach(closeApps);

describe('a circuit that a property asks for', () => {
  it('stops the start, in the name of the class, where nothing declares it', async () => {
    @Injectable()
    class Orders {
      @InjectCircuit('nowhere') readonly circuit!: Circuit;
    }

    await expect(
      startContext(rootModule({ providers: [Orders] })),
    ).rejects.toThrow(/Orders: asks for circuit "nowhere"/);
  });

  it('is one of those of its class, with those of the classes that it extends', () => {
    class Base {
      @InjectCircuit('base') readonly base!: Circuit;
    }
    class Orders extends Base {
      @InjectCircuit('own') readonly own!: Circuit;

      constructor(@InjectCircuit('first') readonly first: Circuit) {
        super();
      }
    }

    expect(injectedCircuits(Orders)).toEqual(['own', 'first', 'base']);
  });
});

describe('circuits of a module that is loaded late and by itself', () => {
  it('are said to stand in a module, which has no other name', async () => {
    const app = await startContext(rootModule({}));

    await expect(
      app
        .get(LazyModuleLoader)
        .load(() =>
          CircuitBreakerModule.forFeature([{ name: 'late', maxKeys: 0 }]),
        ),
    ).rejects.toThrow(/forFeature\(\) in a module: maxKeys: got 0/);
  });
});
