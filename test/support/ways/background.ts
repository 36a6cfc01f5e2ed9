import { expect } from '@jest/globals';
import {
  Inject,
  Injectable,
  type ModuleMetadata,
  type Type,
} from '@nestjs/common';
import {
  EventEmitter2,
  EventEmitterModule,
  OnEvent,
} from '@nestjs/event-emitter';
import {
  Cron,
  Interval,
  ScheduleModule,
  SchedulerRegistry,
} from '@nestjs/schedule';
import { closeApp, LogKeeper, plainModule, startContext } from '../nest-app.js';
import { Above, Below } from './enhancers.js';
import { Upstream } from './upstream.js';
import type { Blueprint, Session, Way } from './way.js';

/** What the last run of a job has come to, because nobody is answered. */
const run: { answer?: unknown } = {};

function cronJobs(blueprint: Blueprint): Type {
  const { pattern, onClass, onMethod, signal } = blueprint;
  @Injectable()
  @onClass
  class Jobs {
    constructor(@Inject(Upstream) private readonly upstream: Upstream) {}

    // Of its own accord only in many years.
    @Above()
    @Cron('0 0 29 2 *', { name: pattern, waitForCompletion: true })
    @onMethod
    @Below()
    async ask(@signal given?: AbortSignal) {
      run.answer = await this.upstream.ask('word', given);
    }
  }
  return Jobs;
}

function intervals(blueprint: Blueprint): Type {
  const { pattern, onClass, onMethod, signal } = blueprint;
  @onClass
  @Injectable()
  class Jobs {
    constructor(@Inject(Upstream) private readonly upstream: Upstream) {}

    @onMethod
    @Above()
    @Interval(pattern, 1_000_000)
    @Below()
    async ask(@signal given?: AbortSignal) {
      run.answer = await this.upstream.ask('word', given);
    }
  }
  return Jobs;
}

function listeners(blueprint: Blueprint): Type {
  const { pattern, onClass, onMethod, signal } = blueprint;
  @Injectable()
  @onClass
  class Listeners {
    constructor(@Inject(Upstream) private readonly upstream: Upstream) {}

    @Above()
    @OnEvent(pattern, { suppressErrors: false })
    @onMethod
    @Below()
    async ask(word: string, @signal given?: AbortSignal) {
      return this.upstream.ask(word, given);
    }
  }
  return Listeners;
}

/** A job of `@nestjs/schedule`, fired as its timer fires it. */
function jobWay(
  name: string,
  define: Way['define'],
  fire: (jobs: SchedulerRegistry, pattern: string) => unknown,
): Way {
  return {
    name,
    define,
    isBackground: true,
    // Nobody is answered: the scheduler writes it to the log.
    refusal: ({ circuit, code }) =>
      code === 'CALL_TIMEOUT'
        ? expect.stringContaining(`A call of "${circuit}" did not end`)
        : expect.stringContaining(`Circuit "${circuit}" is open`),
    fallback: () => {
      run.answer = 'fallback';
    },
    start: async (jobs, metadata) => {
      const log = new LogKeeper();
      const app = await startContext(
        plainModule(withJobs(jobs, metadata, ScheduleModule.forRoot())),
        log,
      );
      await app.init();
      return {
        get: token => app.get(token, { strict: false }),
        ask: async pattern => {
          delete run.answer;
          const logged = log.errors.length;
          await fire(app.get(SchedulerRegistry), pattern);
          const error = log.errors[logged];
          return error === undefined ? { value: run.answer } : { error };
        },
        close: () => closeApp(app),
      } satisfies Session;
    },
  };
}

function withJobs(
  classes: readonly Type[],
  metadata: ModuleMetadata,
  module: NonNullable<ModuleMetadata['imports']>[number],
): ModuleMetadata {
  return {
    imports: [...(metadata.imports ?? []), module],
    providers: [...(metadata.providers ?? []), ...classes],
  };
}

/** What Nest calls of its own accord. */
export const BACKGROUND_WAYS: readonly Way[] = [
  jobWay('@Cron', cronJobs, (jobs, pattern) =>
    jobs.getCronJob(pattern).fireOnTick(),
  ),
  jobWay('@Interval', intervals, (jobs, pattern) => {
    // Node's own name for what a timer calls.
    const { _onTimeout: tick } = jobs.getInterval(pattern) as {
      _onTimeout(): unknown;
    };
    return tick();
  }),
  {
    name: '@OnEvent',
    define: listeners,
    isBackground: true,
    refusal: refusal => refusal,
    start: async (classes, metadata) => {
      const app = await startContext(
        plainModule(withJobs(classes, metadata, EventEmitterModule.forRoot())),
      );
      await app.init();
      const emitter = app.get(EventEmitter2, { strict: false });
      return {
        get: token => app.get(token, { strict: false }),
        ask: (pattern, word) =>
          emitter.emitAsync(pattern, word).then(
            ([value]: unknown[]) => ({ value }),
            (error: unknown) => ({ error }),
          ),
        close: () => closeApp(app),
      };
    },
  },
];
