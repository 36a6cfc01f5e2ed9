import { describe, expect, it } from '@jest/globals';
import type { ModuleRef } from '@nestjs/core';
import { applicationRegistry } from '../../lib/registry/application-registry.js';
import { errorFrom } from '../support/registry-bench.js';

describe('an application without circuits', () => {
  it('is told who needs them and what to import, and why they were not found', () => {
    const unknown = new Error('Nest could not find it');
    const moduleRef = {
      get: () => {
        throw unknown;
      },
    } as unknown as ModuleRef;

    const error = errorFrom<Error>(() =>
      applicationRegistry(moduleRef, 'The dashboard'),
    );

    expect(error.message).toMatch(
      /^The dashboard finds no circuits: import CircuitBreakerModule\.forRoot\(\)/,
    );
    expect(error.cause).toBe(unknown);
  });
});
