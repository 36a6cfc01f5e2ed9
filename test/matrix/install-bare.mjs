import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run-command.mjs';

/** Makes a project with the package and the peers that it cannot do without. */
export async function installBare({ nest }, folder, tarball) {
  await cp(join(import.meta.dirname, 'bare'), folder, { recursive: true });
  const manifest = {
    private: true,
    dependencies: {
      'nestjs-breaker': `file:${tarball}`,
      '@nestjs/common': `^${nest}.0.0`,
      '@nestjs/core': `^${nest}.0.0`,
      'reflect-metadata': '^0.2.2',
      rxjs: '^7.8.1',
    },
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  await run('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder });
}
