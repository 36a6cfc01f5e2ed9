// node --import ./test/support/refuse-optional-peers.mjs: as if none of the optional peers were installed.
import { readFileSync } from 'node:fs';
import Module, { register } from 'node:module';

const { peerDependenciesMeta } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);
const REFUSED = Object.keys(peerDependenciesMeta);

const hooks = `
  const REFUSED = ${JSON.stringify(REFUSED)};
  export async function resolve(specifier, context, next) {
    if (REFUSED.some(name => specifier === name || specifier.startsWith(name + '/'))) {
      throw Object.assign(new Error('refused: ' + specifier), { code: 'ERR_MODULE_NOT_FOUND' });
    }
    return next(specifier, context);
  }`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);

// Hooks do not see `require`; this is what its loader asks.
const RESOLVE = '_resolveFilename';
const resolveFilename = Module[RESOLVE];
Module[RESOLVE] = function (specifier, ...rest) {
  if (isRefused(specifier)) {
    throw Object.assign(new Error(`refused: ${specifier}`), {
      code: 'MODULE_NOT_FOUND',
    });
  }
  return resolveFilename.call(this, specifier, ...rest);
};

function isRefused(specifier) {
  return REFUSED.some(
    name => specifier === name || specifier.startsWith(`${name}/`),
  );
}
