import { INSTRUMENTER_CONSTANTS } from '@stryker-mutator/api/core';
import { PluginKind, declareClassPlugin } from '@stryker-mutator/api/plugin';
import {
  determineHitLimitReached,
  DryRunStatus,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';

// Tests may put others in their place.
const { setTimeout, clearTimeout, setImmediate } = globalThis;

const TURN_MS = 10;
/** How many turns a test may take that took none when nothing was changed. */
const SPARE_TURNS = 50;

/** What instrumented code looks at: the mutant to be, and what it has run through. */
const stryker = (globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE] ??= {});

/**
 * Runs the tests of `lib/state` and `lib/circuit` in the process that holds the
 * mutants, loaded once: all mutants are in the code and one is switched on, and no
 * test shares a state with another. A mutant then costs the tests that run through
 * it until the first that fails, milliseconds for most; with Jest, which loads
 * everything anew for each of the thousands, it is seconds.
 */
class InProcessRunner {
  tests = [];
  /** What was thrown where no test could catch it. */
  stray = [];

  capabilities() {
    return { reloadEnvironment: false };
  }

  async init() {
    const { loadTests } = await import('./load-tests.mjs');
    const globals = await import('./test-globals.mjs');
    const { configureGlobal } = await import('fast-check');
    // To find out that a mutant dies, no smallest program is needed; and the same
    // mutants are to die each time.
    configureGlobal({ endOnFailure: true, seed: 1 });
    const keep = error => void this.stray.push(error);
    process.on('uncaughtException', keep);
    process.on('unhandledRejection', keep);
    await loadTests(process.cwd());
    this.tests = globals.tests;
    this.millis = new Map();
    this.turns = new Map();
  }

  async dryRun() {
    const results = [];
    for (const test of this.tests) {
      stryker.currentTestId = test.id;
      results.push(await this.run(test));
      stryker.currentTestId = undefined;
    }
    return {
      status: DryRunStatus.Complete,
      tests: results,
      mutantCoverage: stryker.mutantCoverage,
    };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, disableBail }) {
    stryker.hitLimit = hitLimit;
    stryker.hitCount = hitLimit ? 0 : undefined;
    stryker.activeMutant = activeMutant.id;
    const wanted = new Set(testFilter ?? this.tests.map(test => test.id));
    const results = [];
    for (const test of this.quickFirst()) {
      if (!wanted.has(test.id)) continue;
      const result = await this.run(test);
      results.push(result);
      if (result.status === TestStatus.Failed && !disableBail) break;
    }
    stryker.activeMutant = undefined;
    return toMutantRunResult(
      determineHitLimitReached(stryker.hitCount, stryker.hitLimit) ?? {
        status: DryRunStatus.Complete,
        tests: results,
      },
      true,
    );
  }

  quickFirst() {
    const cost = test => this.millis.get(test.id) ?? 0;
    return this.tests.toSorted((a, b) => cost(a) - cost(b));
  }

  async run(test) {
    const { id, name } = test;
    const start = performance.now();
    this.stray = [];
    let failure;
    try {
      await this.inTime(test);
      // Rejections that nobody handles are told after the microtasks.
      await new Promise(resolve => setImmediate(resolve));
      if (this.stray.length > 0) throw this.stray[0];
    } catch (error) {
      failure = error;
    }
    const timeSpentMs = performance.now() - start;
    if (failure === undefined) this.millis.set(id, timeSpentMs);
    return failure === undefined
      ? { id, name, timeSpentMs, status: TestStatus.Success }
      : {
          id,
          name,
          timeSpentMs,
          status: TestStatus.Failed,
          failureMessage: String(failure?.stack ?? failure),
        };
  }

  /**
   * Fails a test that hangs. Told by turns of the event loop, not by the clock: a
   * machine that has no time for us must not kill a mutant.
   */
  async inTime({ id, run, timeout }) {
    const usual = this.turns.get(id);
    const most =
      usual === undefined ? timeout / TURN_MS : SPARE_TURNS + 5 * usual;
    let turns = 0;
    let timer;
    const hung = new Promise((_, reject) => {
      const turn = () => {
        if (++turns > most) reject(new Error('hangs'));
        else timer = setTimeout(turn, TURN_MS);
      };
      timer = setTimeout(turn, TURN_MS);
    });
    try {
      await Promise.race([run(), hung]);
      if (usual === undefined) this.turns.set(id, turns);
    } finally {
      clearTimeout(timer);
    }
  }
}

export const strykerPlugins = [
  declareClassPlugin(PluginKind.TestRunner, 'in-process', InProcessRunner),
];
