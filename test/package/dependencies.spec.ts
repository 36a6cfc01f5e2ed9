import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly scripts?: Record<string, string>;
}

const manifest = jsonOf('package.json') as Manifest;
const { packages } = jsonOf('package-lock.json') as {
  packages: Record<string, Manifest & { hasInstallScript?: boolean }>;
};

describe('what comes with the package', () => {
  it('are three libraries that bring nothing else', () => {
    const names = Object.keys(manifest.dependencies ?? {});
    expect(names).toEqual(['lru-cache', 'ms', 'zod']);
    for (const name of names) {
      const { dependencies, hasInstallScript } =
        packages[`node_modules/${name}`]!;
      expect({ name, dependencies, hasInstallScript }).toEqual({ name });
    }
  });

  it('runs nothing when it is installed', () => {
    const names = Object.keys(manifest.scripts ?? {});
    expect(names.filter(name => /^(?:pre|post)?install$/.test(name))).toEqual(
      [],
    );
  });
});

function jsonOf(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
