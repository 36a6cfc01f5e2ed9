import { ModernFakeTimers } from '@jest/fake-timers';
import { expect } from 'expect';
import { bind } from 'jest-each';
import { ModuleMocker } from 'jest-mock';

/** The part of `@jest/globals` that our tests use, without Jest around it. */
export { expect };

/** Every test that was declared, in order. */
export const tests = [];

const groups = [];
/** How many tests have a name. */
const namesakes = new Map();
const DEFAULT_TIMEOUT_MS = 5_000;

/** What tells one edition of the file that is being loaded from another. */
let edition = '';

/** Declares the tests of one file: hooks outside of every group belong to it alone. */
export async function inFile(load, itsEdition) {
  edition = itsEdition;
  groups.push({ name: '', before: [], after: [] });
  await load();
  groups.pop();
}

export function describe(name, declare) {
  groups.push({ name, before: [], after: [] });
  declare();
  groups.pop();
}

export function it(name, run, timeout = DEFAULT_TIMEOUT_MS) {
  const around = [...groups];
  const id = [...around.map(group => group.name), name].join(' ').trim();
  const alike = (namesakes.get(id) ?? 0) + 1;
  namesakes.set(id, alike);
  tests.push({
    // Tests of a table may share a name. Not the place among all: another process,
    // begun after one that hung, must know each test by the same id.
    id: alike === 1 ? id : `${id} (${alike})`,
    name: `${id} [${edition}]`,
    timeout,
    async run() {
      try {
        for (const { before } of around)
          for (const hook of before) await hook();
        await run();
      } finally {
        for (const { after } of around.toReversed()) {
          for (const hook of after) await hook();
        }
        mocker.restoreAllMocks();
      }
    },
  });
}

export const test = it;
export const beforeEach = hook => groups.at(-1).before.push(hook);
export const afterEach = hook => groups.at(-1).after.push(hook);
/** Each test may run alone, so what is done once for all is done for each. */
export const beforeAll = beforeEach;
export const afterAll = afterEach;

/** What needs a server that this machine does not have. */
describe.skip = () => {};
describe.each = bind(describe, false);
it.each = bind(it, true);

const mocker = new ModuleMocker(globalThis);
const timers = new ModernFakeTimers({
  config: { fakeTimers: {}, rootDir: process.cwd() },
  global: globalThis,
});

const ofTimers = new Set(
  Object.getOwnPropertyNames(ModernFakeTimers.prototype),
);

/** Mocks, and whatever the fake timers can do. */
export const jest = new Proxy(mocker, {
  get(_target, name) {
    const host = ofTimers.has(name) ? timers : mocker;
    const value = host[name];
    return typeof value === 'function' ? value.bind(host) : value;
  },
});
