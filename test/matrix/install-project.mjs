import { cp, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UNNEEDED } from './projects.mjs';
import { run } from './run-command.mjs';

const OVERLAY = join(import.meta.dirname, 'project');

/**
 * Packs the package as `npm publish` would.
 *
 * @returns {Promise<string>} the tarball's path
 */
export async function pack(source, target) {
  const printed = await run(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', target],
    { cwd: source },
  );
  const [{ filename }] = JSON.parse(printed.slice(printed.indexOf('[')));
  return join(target, basename(filename));
}

/**
 * Makes the stock project, puts the package and a small shop into it, and builds it.
 *
 * @param {import('./projects.mjs').Project} project
 */
export async function installProject(project, folder, tarball) {
  const { nest } = project;
  const create = `npm exec --yes --package=@nestjs/cli@${nest} -- nest new ${basename(folder)} --skip-git --skip-install --package-manager npm`;
  const [npm = '', ...words] = create.split(' ');
  await run(npm, words, { cwd: dirname(folder) });
  await edit(join(folder, 'package.json'), text => {
    const manifest = JSON.parse(text);
    for (const name of Object.keys(manifest.devDependencies)) {
      if (UNNEEDED.test(name)) delete manifest.devDependencies[name];
    }
    Object.assign(manifest.dependencies, {
      'nestjs-breaker': `file:${tarball}`,
      '@nestjs/platform-fastify': `^${nest}.0.0`,
      '@nestjs/terminus': `^${nest}.0.0`,
      '@opentelemetry/api': '^1.9.0',
      '@opentelemetry/sdk-metrics': '^2.0.0',
      ioredis: nest === 11 ? '^5.11.0' : '^6.0.0',
      'prom-client': '^15.0.0',
    });
    project.adapt(manifest);
    return JSON.stringify(manifest, null, 2);
  });
  await overlay(project, folder);
  await run('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder });
  await run('npm', ['run', 'build'], { cwd: folder });
  // ts-jest of Nest 11 looks at the types of tests, SWC does not.
  if (nest === 12) {
    await run('npx', ['tsc', '-p', 'tsconfig.specs.json'], { cwd: folder });
  }
}

async function overlay({ name, nest, runner }, folder) {
  const extension = nest === 12 ? '.js' : '';
  for (const file of [
    'shop.ts',
    'shop.spec.ts',
    'testing.spec.ts',
    'wings.ts',
    'main.ts',
  ]) {
    const text = await readFile(join(OVERLAY, file), 'utf8');
    const target = join(folder, 'src', file);
    await writeFile(
      target,
      text.replaceAll('%EXTENSION%', extension).replaceAll('%RUNNER%', runner),
    );
  }
  await edit(join(folder, 'src/app.module.ts'), text =>
    text
      .replace('imports: []', 'imports: [ShopModule, WingsModule]')
      .replace(
        '@Module(',
        `import { ShopModule } from './shop${extension}';\nimport { WingsModule } from './wings${extension}';\n\n@Module(`,
      ),
  );
  await cp(join(OVERLAY, 'entries.mjs'), join(folder, 'entries.mjs'));
  await writeFile(
    join(folder, 'tsconfig.specs.json'),
    '{ "extends": "./tsconfig.json", "compilerOptions": { "noEmit": true }, "include": ["src"] }',
  );
  // Express answers supertest only in the end-to-end tests of the stock project.
  if (name === 'nest11-cjs-vitest') {
    await cp(
      join(OVERLAY, 'vitest.config.mjs'),
      join(folder, 'vitest.config.mjs'),
    );
  }
  if (nest === 12 && runner === 'jest') {
    await edit(join(folder, 'tsconfig.json'), text =>
      text.replace('vitest/globals', 'jest'),
    );
  }
}

async function edit(path, change) {
  await writeFile(path, change(await readFile(path, 'utf8')));
}
