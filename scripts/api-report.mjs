/**
 * The public API of every entry point, as a text that can be read and compared.
 *
 *   npm run api                            writes api/*.api.md anew
 *   node scripts/api-report.mjs --check    fails where they differ from the code
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  CompilerState,
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
} from '@microsoft/api-extractor';

const ROOT = resolve(import.meta.dirname, '..');
const REPORTS = join(ROOT, 'api');

const { values } = parseArgs({
  options: { check: { type: 'boolean', default: false } },
});

mkdirSync(REPORTS, { recursive: true });
// Inside the project, so that the declarations find the packages that they import.
const folder = mkdtempSync(join(REPORTS, '.types-'));
try {
  emitDeclarations(join(folder, 'types'));
  const entries = entryPoints().map(prepared);
  const [{ config }] = entries;
  // One program for all of them: to read the types takes longest.
  const compilerState = CompilerState.create(config, {
    additionalEntryPoints: entries.map(
      entry => entry.config.mainEntryPointFilePath,
    ),
  });
  const changed = entries.filter(entry => report(entry, compilerState));
  for (const { file } of changed) {
    console.log(`${values.check ? 'differs' : 'written'}: api/${file}`);
  }
  if (values.check && changed.length > 0) {
    console.error(
      'The public API is not the one in api/. If the change is meant, run `npm run api`, look at the difference, and commit it with the change.',
    );
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** What `exports` of package.json names, but for package.json itself. */
function entryPoints() {
  const { exports } = JSON.parse(
    readFileSync(join(ROOT, 'package.json'), 'utf8'),
  );
  return Object.entries(exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([path, target]) => ({
      file: `${path === '.' ? 'nestjs-breaker' : path.slice(2).replaceAll('/', '-')}.api.md`,
      types: join(folder, target.import.types.replace('./dist/esm', 'types')),
    }));
}

function emitDeclarations(outDir) {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const { status } = spawnSync(
    process.execPath,
    [
      tsc,
      '-p',
      'tsconfig.esm.json',
      '--emitDeclarationOnly',
      '--stripInternal',
      '--outDir',
      outDir,
    ],
    { cwd: ROOT, stdio: 'inherit' },
  );
  if (status !== 0) throw new Error('lib/ does not compile');
}

/** An entry point with what the extractor has to know. */
function prepared({ file, types }) {
  const error = { logLevel: ExtractorLogLevel.Error };
  const none = { logLevel: ExtractorLogLevel.None };
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: ROOT,
      mainEntryPointFilePath: types,
      compiler: { tsconfigFilePath: join(ROOT, 'tsconfig.esm.json') },
      apiReport: {
        enabled: true,
        reportFileName: file,
        includeForgottenExports: true,
        reportFolder: REPORTS,
        reportTempFolder: join(folder, 'reports'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: error },
        extractorMessageReporting: { default: none },
        tsdocMessageReporting: { default: none },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(ROOT, 'package.json'),
  });
  return { file, config };
}

/** Writes or compares a report; whether the committed one is another. */
function report({ file, config }, compilerState) {
  const existed = existsSync(join(REPORTS, file));
  const { apiReportChanged, errorCount } = Extractor.invoke(config, {
    compilerState,
    localBuild: !values.check,
    messageCallback: message => {
      message.handled ||= message.logLevel !== ExtractorLogLevel.Error;
    },
  });
  if (errorCount > 0) throw new Error(`api/${file} cannot be made`);
  return apiReportChanged || !existed;
}
