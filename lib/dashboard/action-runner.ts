import { Logger } from '@nestjs/common';
import type { Circuit } from '../circuit/circuit.js';
import { InvalidOptionsError } from '../errors/invalid-options.error.js';
import type { CircuitBreakerRegistry } from '../registry/circuit-breaker.registry.js';
import type { CircuitOptions } from '../state/circuit-options.js';
import { viewCircuit, type CircuitView } from './circuit-view.js';
import {
  dashboardActionSchema,
  type DashboardAction,
} from './dashboard-action.js';
import type { Authorize, DashboardRequest } from './dashboard-options.js';
import type { Refusal } from './request-check.js';
import { findCircuit } from './roster.js';

/** What has become of an action. */
export type ActionOutcome =
  | { readonly refusal: ActionRefusal }
  | {
      /** False where there was nothing to do, e.g. no override to release. */
      readonly changed: boolean;
      readonly circuit: CircuitView;
    };

/** Why an action was not done. */
export interface ActionRefusal extends Refusal {
  /** One entry for each value that cannot be taken. */
  readonly problems?: readonly { path: string; message: string }[];
}

/** Does what a person asks of a circuit, if `authorize` says yes, and logs it. */
export class ActionRunner {
  private readonly logger = new Logger('CircuitBreakerDashboard');

  constructor(
    private readonly registry: CircuitBreakerRegistry,
    private readonly authorize: Authorize | undefined,
    private readonly instance: string,
  ) {}

  /** @param body the action as it was sent, not yet looked at */
  async run(request: DashboardRequest, body: unknown): Promise<ActionOutcome> {
    if (this.authorize === undefined) return refuse(READ_ONLY);
    const parsed = dashboardActionSchema.safeParse(body);
    if (!parsed.success) {
      return refuse({
        ...BAD_ACTION,
        problems: parsed.error.issues.map(({ path, message }) => ({
          path: path.join('.'),
          message,
        })),
      });
    }
    const action = parsed.data;
    const who = await this.ask(this.authorize, request, action);
    if (who === undefined) return refuse(NOT_AUTHORIZED);
    if (action.instance !== undefined && action.instance !== this.instance) {
      return refuse(ANOTHER_INSTANCE);
    }
    const circuit = findCircuit(this.registry, action.name, action.key);
    if (circuit === undefined) return refuse(NO_CIRCUIT);
    return this.perform(circuit, action, who);
  }

  /** @returns who it is, empty if nobody said; `undefined` for a no */
  private async ask(
    authorize: Authorize,
    request: DashboardRequest,
    action: DashboardAction,
  ): Promise<string | undefined> {
    let answer: unknown = false;
    try {
      answer = await authorize(request, action);
    } catch (error) {
      this.logger.error(
        `authorize threw, so the action was refused: ${String(error)}`,
        error instanceof Error ? error.stack : undefined,
      );
    }
    if (answer === true) return '';
    if (typeof answer === 'string' && answer !== '') return answer;
    this.logger.warn(
      `Refused to ${action.type} ${titleOf(action)}: authorize said no.`,
    );
    return undefined;
  }

  private perform(
    circuit: Circuit,
    action: DashboardAction,
    who: string,
  ): ActionOutcome {
    const { generation } = circuit;
    const reason =
      who === '' ? action.reason : `${action.reason} (${oneLine(who)})`;
    try {
      switch (action.type) {
        case 'force-open':
          circuit.forceOpen(reason);
          break;
        case 'force-closed':
          circuit.forceClosed(reason);
          break;
        case 'release':
          circuit.releaseOverride(reason);
          break;
        case 'reset':
          circuit.reset(reason);
          break;
        case 'configure':
          // What it names is the user's to give; the registry judges every value.
          this.registry.configure(
            circuit.name,
            action.thresholds as CircuitOptions,
          );
          break;
      }
    } catch (error) {
      if (!(error instanceof InvalidOptionsError)) throw error;
      return refuse({
        ...BAD_THRESHOLDS,
        problems: error.problems.map(({ path, message }) => ({
          path,
          message,
        })),
      });
    }
    const changed =
      action.type === 'configure' || circuit.generation !== generation;
    this.log(action, who, changed);
    return { changed, circuit: viewCircuit(circuit) };
  }

  private log(action: DashboardAction, who: string, changed: boolean): void {
    const what =
      action.type === 'configure'
        ? `configure ${JSON.stringify(action.thresholds)}`
        : action.type;
    this.logger.warn(
      `${who === '' ? 'Somebody' : oneLine(who)} asked to ${what} ${titleOf(action)}` +
        `${changed ? '' : ', which changed nothing'}. Reason: ${oneLine(action.reason)}`,
    );
  }
}

function refuse(refusal: ActionRefusal): ActionOutcome {
  return { refusal };
}

function titleOf({ name, key }: DashboardAction): string {
  return key === null
    ? JSON.stringify(name)
    : `${JSON.stringify(name)} (${JSON.stringify(key)})`;
}

/** Nobody may write lines of their own into the log. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 400);
}

const READ_ONLY: ActionRefusal = {
  status: 403,
  code: 'READ_ONLY',
  message:
    'The dashboard is read-only: CircuitBreakerDashboardModule was given no authorize function.',
};
const NOT_AUTHORIZED: ActionRefusal = {
  status: 403,
  code: 'NOT_AUTHORIZED',
  message: 'You are not allowed to do this.',
};
const ANOTHER_INSTANCE: ActionRefusal = {
  status: 409,
  code: 'ANOTHER_INSTANCE',
  message:
    'Another process answered than the one you are looking at. Nothing was changed.',
};
const NO_CIRCUIT: ActionRefusal = {
  status: 404,
  code: 'NO_CIRCUIT',
  message: 'There is no such circuit, or no longer.',
};
const BAD_ACTION: ActionRefusal = {
  status: 400,
  code: 'BAD_ACTION',
  message: 'The action cannot be taken.',
};
const BAD_THRESHOLDS: ActionRefusal = {
  status: 400,
  code: 'BAD_THRESHOLDS',
  message: 'The thresholds cannot be taken; nothing has changed.',
};
