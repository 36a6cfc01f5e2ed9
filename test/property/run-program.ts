import { Circuit } from '../../lib/circuit/circuit.js';
import { VirtualClock } from '../support/virtual-clock.js';
import type { Program } from './program.js';
import { ReferenceModel } from './reference-model.js';
import type { ModelPermit } from './reference-model.js';

/** A call that was admitted by both. */
interface Handle {
  model: ModelPermit;
  settle(
    ending: 'success' | 'failure' | 'release',
    ms?: number,
    error?: unknown,
  ): void;
  cancel?: () => void;
}

/**
 * Runs a program on a circuit and on the model.
 *
 * @returns for each step what each of the two shows after it
 */
export function run({ rules, random, commands }: Program): {
  step: string;
  circuit: object;
  model: object;
}[] {
  const clock = new VirtualClock(1_000_000);
  const model = new ReferenceModel(
    rules,
    () => clock.now(),
    () => random,
  );
  const circuit = new Circuit('program', rules, {
    clock,
    random: () => random,
    // Random rules are often surely wrong: the warnings would fill the screen.
    logger: { warn() {}, error() {} },
  });
  let told: string[] = [];
  circuit.events$.subscribe(event => {
    told.push(
      event.type === 'transition' ? `${event.from}>${event.to}` : event.type,
    );
  });

  const handles: Handle[] = [];
  const pick = (index: number) =>
    handles.at(-1 - (index % Math.max(1, handles.length)));

  return commands.map(command => {
    told = [];
    model.events = [];
    const admitted = { circuit: false, model: false };
    let looked = true;
    switch (command.do) {
      case 'acquire':
      case 'call': {
        const permit = model.acquire();
        const wouldAdmit = circuit.wouldAdmit();
        const handle =
          command.do === 'acquire' ? acquire(circuit) : call(circuit);
        admitted.model = permit !== undefined;
        admitted.circuit = handle !== undefined;
        // Looking first takes nothing and tells what comes.
        looked = wouldAdmit === admitted.circuit;
        if (permit && handle) handles.push({ ...handle, model: permit });
        break;
      }
      case 'success':
      case 'failure': {
        const handle = pick(command.permit);
        if (handle === undefined || handle.cancel) break;
        const seconds =
          command.do === 'failure' ? command.retryAfterSeconds : undefined;
        const retryAfter = seconds === undefined ? undefined : seconds * 1000;
        model.settle(handle.model, {
          kind: command.do,
          ms: command.ms,
          retryAfter,
        });
        handle.settle(command.do, command.ms, unavailable(seconds));
        break;
      }
      case 'release': {
        const handle = pick(command.permit);
        if (handle === undefined || handle.cancel) break;
        model.settle(handle.model, { kind: 'ignored' });
        handle.settle('release');
        break;
      }
      case 'cancel': {
        const handle = pick(command.permit);
        if (!handle?.cancel) break;
        model.settle(handle.model, { kind: 'cancelled' });
        handle.cancel();
        break;
      }
      case 'advance':
        clock.set(clock.now() + command.ms);
        break;
      case 'stepBack':
        clock.set(clock.now() - command.ms);
        break;
      case 'configure':
        model.configure(command.patch);
        circuit.configure(command.patch);
        break;
      default:
        model[command.do]();
        circuit[command.do]();
    }
    return {
      step: JSON.stringify(command),
      circuit: {
        ...shown(circuit),
        admitted: admitted.circuit,
        looked,
        ...eventsOf(told),
      },
      model: {
        ...model.snapshot(),
        admitted: admitted.model,
        looked: true,
        ...eventsOf(model.events),
      },
    };
  });
}

/** Order is promised for transitions alone. */
function eventsOf(told: string[]) {
  return {
    transitions: told.filter(type => type.includes('>')),
    events: told.filter(type => !type.includes('>')).toSorted(),
  };
}

function shown(circuit: Circuit) {
  const { window, totals, ...snapshot } = circuit.snapshot();
  return {
    state: snapshot.state,
    generation: snapshot.generation,
    attempt: snapshot.attempt,
    retryAfter: snapshot.retryAfter,
    window: {
      calls: window.calls,
      failures: window.failures,
      slow: window.slow,
    },
    totals: {
      calls: totals.calls,
      successes: totals.successes,
      failures: totals.failures,
      ignored: totals.ignored,
      slow: totals.slow,
      rejected: totals.rejected,
      wouldReject: totals.wouldReject,
    },
    inFlight: snapshot.inFlight,
    inFlightSlow: snapshot.inFlightSlow,
    halfOpen: snapshot.halfOpen,
  };
}

function acquire(circuit: Circuit): Omit<Handle, 'model'> | undefined {
  const permit = circuit.tryAcquire();
  return (
    permit && {
      settle(ending, ms, error) {
        if (ending === 'success') permit.success(ms);
        else if (ending === 'failure') permit.failure(error, ms);
        else permit.release();
      },
    }
  );
}

/** A call that never ends by itself: it can only be cancelled. */
function call(circuit: Circuit): Omit<Handle, 'model'> | undefined {
  const controller = new AbortController();
  let isRunning = false;
  const answer = circuit.execute(
    () => {
      isRunning = true;
      return new Promise<never>(() => {});
    },
    { signal: controller.signal },
  );
  answer.catch(() => {});
  return isRunning
    ? { settle() {}, cancel: () => controller.abort() }
    : undefined;
}

function unavailable(retryAfterSeconds: number | undefined): unknown {
  return retryAfterSeconds === undefined
    ? new Error('down')
    : { headers: { 'retry-after': String(retryAfterSeconds) } };
}
