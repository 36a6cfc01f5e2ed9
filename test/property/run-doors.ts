import { getEventListeners } from 'node:events';
import { isObservable, Observable, type Subscription } from 'rxjs';
import { Circuit } from '../../lib/circuit/circuit.js';
import { invoke } from '../../lib/circuit/invoke.js';
import {
  compileCallOptions,
  type AnswerKind,
  type CallOptions,
  type CallPlan,
} from '../../lib/circuit/call-options.js';
import { InvalidOptionsError } from '../../lib/errors/invalid-options.error.js';
import { isRejection } from '../../lib/errors/rejection.js';
import { passTime } from '../support/pass-time.js';
import { settled } from '../support/policy-host.js';
import { realProcess } from '../support/real-process.js';
import { VirtualClock } from '../support/virtual-clock.js';
import {
  AnswerError,
  BadResult,
  DownError,
  FallbackError,
  FallbackValue,
  IgnoredError,
  RefusalElsewhere,
  TaggedValue,
} from './doors-outcomes.js';
import type {
  Attempt,
  DoorCommand,
  DoorsProgram,
  PlanProgram,
} from './doors-program.js';

type CallCommand = Extract<DoorCommand, { do: 'call' }>;

/** One call, and all that is known of it. */
interface Made {
  readonly index: number;
  readonly command: CallCommand;
  readonly plan: PlanProgram;
  readonly startedAt: number;
  readonly controller: AbortController | undefined;
  readonly isStream: boolean;
  runs: number;
  answers: number;
  hasValue: boolean;
  isUnsubscribed: boolean;
  subscription?: Subscription | undefined;
}

/** One method's options, as the doors take them. */
interface Method {
  readonly options: CallOptions;
  readonly promised: CallOptions;
  readonly observed: CallOptions;
  readonly plan: CallPlan;
}

/**
 * Runs a program and gives everything time to end.
 *
 * @returns what was not as it must be, in words; nothing if all is well
 */
export async function runDoors(program: DoorsProgram): Promise<string[]> {
  const run = new DoorsRun(program);
  const unhandled: unknown[] = [];
  const hear = (error: unknown) => unhandled.push(error);
  realProcess.on('unhandledRejection', hear);
  try {
    for (const command of program.commands) await run.do(command);
    await run.end();
    await settled();
  } finally {
    realProcess.off('unhandledRejection', hear);
  }
  return [
    ...run.problems,
    ...unhandled.map(error => `unhandled rejection: ${String(error)}`),
  ];
}

class DoorsRun {
  readonly problems: string[] = [];
  private readonly clock = new VirtualClock(1_000_000);
  private readonly circuit: Circuit;
  private readonly methods: readonly Method[];
  private readonly calls: Made[] = [];
  /** What ends the attempts that never end by themselves. */
  private readonly hanging = new Set<() => void>();
  private readonly listenersAtStart: number;
  /** Work that was started and has not really ended. */
  private working = 0;
  private isConfigured = false;
  private isDraining = false;

  constructor(private readonly program: DoorsProgram) {
    this.circuit = new Circuit(
      'doors',
      { ignoreErrors: [IgnoredError], ...program.circuit },
      {
        clock: this.clock,
        random: () => program.random,
        // Random options are often surely wrong: the warnings would fill the screen.
        logger: { warn() {}, error() {} },
      },
    );
    if (program.isHeard) this.circuit.events$.subscribe();
    this.listenersAtStart = this.listeners;
    this.methods = program.plans.map(plan => {
      const options = this.optionsOf(plan);
      return {
        options,
        promised: { ...options, returns: 'promise' },
        observed: { ...options, returns: 'observable' },
        plan: compileCallOptions(options),
      };
    });
  }

  async do(command: DoorCommand): Promise<void> {
    switch (command.do) {
      case 'call':
        return this.call(command);
      case 'abort':
        this.calls.at(-1 - command.call)?.controller?.abort(new Gone());
        return;
      case 'unsubscribe': {
        const made = this.calls.at(-1 - command.call);
        if (made?.subscription === undefined || made.answers > 0) return;
        made.isUnsubscribed = true;
        made.subscription.unsubscribe();
        return;
      }
      case 'pass':
        return this.pass(command.ms);
      case 'leap':
        return this.clock.advance(command.ms);
      case 'tick':
        await undefined;
        return;
      case 'flush':
        return settled();
      case 'configure':
        this.isConfigured = true;
        return this.circuit.configure(command.patch);
      default:
        this.circuit[command.do]();
    }
  }

  /** Gives everything time, and looks whether all was given back. */
  async end(): Promise<void> {
    await this.pass(100);
    this.isDraining = true;
    for (let round = 0; round < 30; round++) {
      for (const finish of this.hanging) finish();
      await settled();
      this.clock.advance(1_000);
      await settled();
      if (this.isQuiet) break;
    }
    for (const made of this.calls) this.examine(made);
    const { inFlight, inFlightSlow, halfOpen, totals } =
      this.circuit.snapshot();
    this.expectZero('calls in flight', inFlight);
    this.expectZero('slow calls in flight', inFlightSlow);
    this.expectZero('probes in flight', halfOpen?.inFlight ?? 0);
    this.expectZero('timers', this.clock.pending);
    this.expectZero('event listeners', this.listeners - this.listenersAtStart);
    const { bulkhead } = this.circuit.pipeline['gate'] as unknown as {
      bulkhead?: { running: number; waiting: number };
    };
    this.expectZero('places taken', bulkhead?.running ?? 0);
    this.expectZero('calls waiting', bulkhead?.waiting ?? 0);
    const { calls, successes, failures, ignored } = totals;
    if (calls !== successes + failures + ignored) {
      this.problems.push(`totals do not add up: ${JSON.stringify(totals)}`);
    }
    this.checkBudgets(totals.retries);
  }

  private get isQuiet(): boolean {
    return (
      this.hanging.size === 0 &&
      this.clock.pending === 0 &&
      this.calls.every(made => made.isUnsubscribed || made.answers > 0)
    );
  }

  private get listeners(): number {
    return this.circuit.machine.emitter['registrations'].length;
  }

  private expectZero(what: string, count: number): void {
    if (count !== 0) this.problems.push(`${count} ${what} at the end`);
  }

  /** Millisecond by millisecond, with all that each brings about. */
  private async pass(milliseconds: number): Promise<void> {
    await passTime(this.clock, milliseconds);
    this.checkDeadlines();
  }

  private call(command: CallCommand): void {
    const plan = this.program.plans[command.plan]!;
    const { door } = command;
    const made: Made = {
      index: this.calls.length,
      command,
      plan,
      startedAt: this.clock.now(),
      controller: command.signal === 'none' ? undefined : new AbortController(),
      isStream: door === 'protect' || door.endsWith('observable'),
      runs: 0,
      answers: 0,
      hasValue: false,
      isUnsubscribed: false,
    };
    this.calls.push(made);
    if (command.signal === 'aborted') made.controller?.abort(new Gone());
    let answer: unknown;
    try {
      answer = this.enter(made);
    } catch (error) {
      this.fail(made, error);
      return;
    }
    if (isObservable(answer)) {
      made.subscription = answer.subscribe({
        next: value => {
          made.hasValue = true;
          this.explainValue(made, value);
        },
        error: (error: unknown) => this.fail(made, error),
        complete: () => this.count(made),
      });
    } else if (answer instanceof Promise) {
      answer.then(
        value => {
          this.count(made);
          this.explainValue(made, value);
        },
        (error: unknown) => this.fail(made, error),
      );
    } else {
      this.count(made);
      this.explainValue(made, answer);
    }
  }

  private enter(made: Made): unknown {
    const { circuit } = this;
    const { door, plan: which, arg } = made.command;
    const { options, promised, observed, plan } = this.methods[which]!;
    const signal = made.controller?.signal;
    const args = [arg];
    // Written inline, as where a signal comes along.
    const own = { ...options, args, signal };
    const call = { args, signal };
    const by = (kind?: AnswerKind, run = this.promise) =>
      invoke(
        circuit,
        plan,
        ({ signal: heard }) => run(made, heard),
        call,
        kind,
      );
    switch (door) {
      case 'execute':
        return circuit.execute(
          context => this.promise(made, context.signal),
          own,
        );
      case 'executeSync':
        return circuit.executeSync(() => this.value(made), own);
      case 'protect':
        return circuit.protect(this.stream(made), own);
      case 'wrap promise':
        return circuit.wrap(
          (_arg: number) => this.promise(made),
          promised,
        )(arg);
      case 'wrap unknown promise':
        return circuit.wrap((_arg: number) => this.promise(made), options)(arg);
      case 'wrap unknown observable':
        return circuit.wrap((_arg: number) => this.stream(made), options)(arg);
      case 'wrap observable':
        return circuit.wrap((_arg: number) => this.stream(made), observed)(arg);
      case 'wrap value':
        return circuit.wrap((_arg: number) => this.value(made), options)(arg);
      case 'invoke promise':
        return by('promise');
      case 'invoke unknown promise':
        return by();
      case 'invoke observable':
        return by('observable', this.stream);
      case 'invoke unknown observable':
        return by(undefined, this.stream);
      case 'invoke unknown value':
        return by(undefined, this.value);
    }
  }

  /** What an attempt is to do, by its number; nothing hangs when the program is over. */
  private begin(made: Made): Attempt {
    const { attempts } = made.command;
    const attempt = attempts[Math.min(made.runs, attempts.length - 1)]!;
    made.runs++;
    if (made.runs > (made.plan.retry?.attempts ?? 1)) {
      this.problems.push(`call ${made.index} ran ${made.runs} times`);
    }
    this.working++;
    const { bulkhead, mode } = this.circuit.rules;
    if (
      bulkhead !== false &&
      mode === 'enforced' &&
      !this.isConfigured &&
      this.working > bulkhead.maxConcurrent
    ) {
      this.problems.push(`${this.working} calls ran at once`);
    }
    return this.isDraining
      ? { end: 'value', after: 0, hears: false, values: 0 }
      : attempt;
  }

  private outcome(made: Made, { end }: Attempt): TaggedValue | BadResult {
    switch (end) {
      case 'value':
        return new TaggedValue(made.index, made.command.plan, made.command.arg);
      case 'bad':
        return new BadResult(made.index, made.command.plan, made.command.arg);
      case 'error':
        throw new DownError();
      case 'answer':
        throw new AnswerError();
      case 'ignored':
        throw new IgnoredError();
      case 'refusal':
        throw new RefusalElsewhere();
    }
  }

  private readonly value = (made: Made): unknown => {
    const attempt = this.begin(made);
    this.working--;
    return this.outcome(made, attempt);
  };

  /** Answers at once by a value or an error, or by a promise. */
  private readonly promise = (made: Made, signal?: AbortSignal): unknown => {
    const attempt = this.begin(made);
    const isPlain = ['execute', 'invoke promise'].includes(made.command.door);
    if (attempt.after === 'at once' && isPlain) {
      this.working--;
      return this.outcome(made, attempt);
    }
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        cancel();
        signal?.removeEventListener('abort', abort);
        this.working--;
        settle();
      };
      const abort = () => end(() => reject(signal?.reason));
      if (attempt.hears) {
        // A listener that the platform lets go: as fetch has one.
        signal?.addEventListener('abort', abort, { once: true });
      }
      let cancel = nothing;
      cancel = this.after(attempt, () =>
        end(() => {
          try {
            resolve(this.outcome(made, attempt));
          } catch (error) {
            reject(error);
          }
        }),
      );
    });
  };

  private readonly stream = (made: Made): Observable<unknown> => {
    const { index, command } = made;
    return new Observable(subscriber => {
      const attempt = this.begin(made);
      let left = attempt.values;
      let cancel = nothing;
      const next = () => {
        if (!subscriber.closed) cancel = this.after(attempt, step);
      };
      const step = () => {
        if (left-- > 0) {
          subscriber.next(new TaggedValue(index, command.plan, command.arg));
          next();
          return;
        }
        try {
          subscriber.next(this.outcome(made, attempt));
          subscriber.complete();
        } catch (error) {
          subscriber.error(error);
        }
      };
      subscriber.add(() => {
        this.working--;
        cancel();
      });
      next();
    });
  };

  /** @returns what takes it back */
  private after({ after }: Attempt, then: () => void): () => void {
    let isOver = false;
    let cancel = nothing;
    const stop = () => {
      isOver = true;
      this.hanging.delete(finish);
      cancel();
    };
    const finish = () => {
      if (isOver) return;
      stop();
      then();
    };
    if (after === 'at once') finish();
    else if (after === 'never' && !this.isDraining) this.hanging.add(finish);
    else if (typeof after === 'number' && after > 0) {
      cancel = this.clock.schedule(after, finish);
    } else void Promise.resolve().then(finish);
    return stop;
  }

  private count(made: Made): void {
    made.answers++;
    if (made.isUnsubscribed) {
      this.problems.push(`call ${made.index} was answered after it had left`);
    }
  }

  private explainValue({ index, command, plan }: Made, value: unknown): void {
    if (value instanceof FallbackValue) {
      if (plan.fallback !== 'none') return;
    } else if (value instanceof TaggedValue) {
      const isOwn = value.call === index;
      const isKept =
        plan.cache !== undefined &&
        value.plan === command.plan &&
        value.arg === command.arg;
      if (isOwn || isKept) return;
    }
    this.problems.push(
      `call ${index} was answered by ${JSON.stringify(value)}`,
    );
  }

  private fail(made: Made, error: unknown): void {
    this.count(made);
    const { plan, controller, index } = made;
    const isExplained =
      error instanceof DownError ||
      error instanceof AnswerError ||
      error instanceof IgnoredError ||
      error instanceof RefusalElsewhere ||
      error instanceof FallbackError ||
      isRejection(error) ||
      (error instanceof Gone &&
        (error === controller?.signal.reason ||
          plan.cache?.coalesce === true)) ||
      (error instanceof InvalidOptionsError &&
        made.command.door.toLowerCase().match(/sync|value/) !== null);
    if (!isExplained) {
      this.problems.push(`call ${index} failed with ${String(error)}`);
    }
  }

  private examine(made: Made): void {
    const { index, controller, isUnsubscribed, answers } = made;
    if (answers !== 1 && !isUnsubscribed) {
      this.problems.push(
        `call ${index} (${made.command.door}) was answered ${answers} times`,
      );
    }
    if (controller === undefined) return;
    const { length } = getEventListeners(controller.signal, 'abort');
    this.expectZero(`listeners on the signal of call ${index}`, length);
  }

  /** Whoever has a deadline is answered by then; fallbacks here take no time. */
  private checkDeadlines(): void {
    for (const made of this.calls) {
      const { deadline } = made.plan;
      if (deadline === undefined || made.answers > 0) continue;
      if (made.isUnsubscribed || made.hasValue) continue;
      if (this.clock.now() > made.startedAt + deadline) {
        this.problems.push(
          `call ${made.index} was not answered by its deadline`,
        );
      }
    }
  }

  private checkBudgets(retries: number): void {
    let runs = 0;
    let allowed = 0;
    for (const made of this.calls) {
      runs += Math.max(0, made.runs - 1);
      allowed += made.plan.retry?.ratio ?? 0;
    }
    // Who has the same budget has one together.
    const budgets = new Map<string, number>();
    for (const { retry } of this.program.plans) {
      if (retry === undefined) continue;
      budgets.set(`${retry.ratio} ${retry.burst}`, retry.burst);
    }
    for (const burst of budgets.values()) allowed += burst;
    const taken = Math.max(runs, retries);
    if (taken > Math.round(allowed * 1000) / 1000) {
      this.problems.push(`${taken} retries, but ${allowed} were allowed`);
    }
    if (runs > retries && !this.isEverDisabled) {
      this.problems.push(`${runs} attempts beyond the first, ${retries} told`);
    }
  }

  /** A disabled circuit tells nothing of what it lets through. */
  private get isEverDisabled(): boolean {
    const { circuit, commands } = this.program;
    return (
      circuit.mode === 'disabled' ||
      commands.some(
        command =>
          command.do === 'configure' &&
          'mode' in command.patch &&
          command.patch.mode === 'disabled',
      )
    );
  }

  private optionsOf(plan: PlanProgram): CallOptions {
    const { timeout, deadline, retry, cache, settleOn } = plan;
    const options: CallOptions = { settleOn };
    if (timeout !== undefined) options.timeout = timeout;
    if (deadline !== undefined) options.deadline = deadline;
    if (cache !== undefined) {
      options.cache = { ...cache, key: (arg: number) => `argument ${arg}` };
    }
    if (retry !== undefined) {
      const { attempts, initial, ratio, burst } = retry;
      // Long, so that all calls of a program share one budget.
      const budget = { ratio, burst, per: 3_600_000 };
      options.retry = { attempts, backoff: { initial }, budget };
    }
    if (plan.judgesResults) {
      options.isFailureResult = (value: unknown) => value instanceof BadResult;
    }
    const fallback = this.fallbackOf(plan);
    if (fallback !== undefined) options.fallback = fallback;
    return options;
  }

  private fallbackOf({ fallback }: PlanProgram): CallOptions['fallback'] {
    const withError = (error: unknown) => {
      this.examineTaken(error);
      return new FallbackValue();
    };
    switch (fallback) {
      case 'none':
        return undefined;
      case 'without parameter':
        return () => new FallbackValue();
      case 'with error':
        return withError;
      case 'throws':
        return (error: unknown) => {
          this.examineTaken(error);
          throw new FallbackError();
        };
      case 'async':
        return async (error: unknown) => withError(error);
      case 'rejects':
        return async (error: unknown) => {
          this.examineTaken(error);
          throw new FallbackError();
        };
      case 'on class':
        return { on: DownError, use: this.only(DownError) };
      case 'on nothing':
        return { on: () => false, use: this.only() };
      case 'on throwing predicate':
        return {
          on: () => {
            throw new Error('a predicate that throws');
          },
          use: this.only(),
        };
      case 'array':
        return [
          { on: DownError, use: this.only(DownError) },
          (_error: unknown) => {
            throw new FallbackError();
          },
          async (error: unknown) => withError(error),
        ];
    }
  }

  /** A fallback that takes errors of one class, or none at all. */
  private only(taken?: new () => Error) {
    return (error: unknown) => {
      this.examineTaken(error);
      if (taken === undefined || !(error instanceof taken)) {
        this.problems.push(
          `a fallback got ${String(error)}, which it does not take`,
        );
      }
      return new FallbackValue();
    };
  }

  /** Failures, timeouts and refusals are answered by fallbacks; nothing else is. */
  private examineTaken(error: unknown): void {
    if (error instanceof DownError || isRejection(error)) return;
    this.problems.push(`a fallback was asked for ${String(error)}`);
  }
}

function nothing(): void {}

/** A caller's reason to go. */
class Gone extends Error {
  override readonly name = 'Gone';
}
