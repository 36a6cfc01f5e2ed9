import type { CircuitView } from '../circuit-view.js';
import { titleOf, type CircuitRecord } from './circuit-record.js';
import { byId, element, setText } from './element.js';
import type { ActionType } from './page-context.js';

const WORDS: Record<
  ActionType,
  { title: string; effect: string; confirm: string }
> = {
  'force-open': {
    title: 'Force open',
    effect:
      'Every call is refused, or answered by its fallback, until somebody releases the circuit.',
    confirm: 'Force open',
  },
  'force-closed': {
    title: 'Force closed',
    effect:
      'Every call goes through, whatever happens, until somebody releases the circuit.',
    confirm: 'Force closed',
  },
  release: {
    title: 'Release',
    effect:
      'The circuit decides by itself again: from forced open it probes first, from forced closed it is closed.',
    confirm: 'Release',
  },
  reset: {
    title: 'Reset',
    effect:
      'The circuit is closed with an empty window, whatever came before. It opens again if calls still fail.',
    confirm: 'Reset',
  },
  configure: {
    title: 'Change thresholds of',
    effect: 'For all circuits of this name in this process, until it restarts.',
    confirm: 'Change',
  },
};

type ThresholdName = keyof CircuitView['thresholds'];
type ThresholdValue = number | string | false;

/** The thresholds that can be changed, how they are called, and how they are written. */
const THRESHOLDS: readonly {
  name: ThresholdName;
  label: string;
  isRate?: boolean;
  isDuration?: boolean;
}[] = [
  { name: 'failureRateThreshold', label: 'Failure rate in %', isRate: true },
  { name: 'minimumCalls', label: 'Of at least … calls' },
  { name: 'consecutiveFailures', label: 'Failures in a row' },
  { name: 'failureCount', label: 'Failures in the window' },
  { name: 'slowCallDuration', label: 'Slow is longer than', isDuration: true },
  { name: 'slowCallRateThreshold', label: 'Slow rate in %', isRate: true },
  { name: 'openDuration', label: 'Stays open for', isDuration: true },
];

interface Refused {
  readonly error: {
    message: string;
    problems?: readonly { path: string; message: string }[];
  };
}

/** Asks for the reason of an action, sends it, and says what became of it. */
export class ActionDialog {
  private readonly dialog = byId<HTMLDialogElement>('action');
  private readonly reason = byId<HTMLTextAreaElement>('action-reason');
  private readonly thresholds = byId('action-thresholds');
  private readonly problem = byId('action-problem');
  private readonly confirm = byId<HTMLButtonElement>('action-confirm');
  private record: CircuitRecord | undefined;
  private type: ActionType = 'reset';

  /** @param instance names the process that is looked at */
  constructor(
    private readonly instance: () => string,
    private readonly onDone: (text: string) => void,
  ) {
    byId('action-cancel').addEventListener('click', () => this.dialog.close());
    byId('action-form').addEventListener('submit', event => {
      event.preventDefault();
      void this.submit();
    });
  }

  ask(record: CircuitRecord, type: ActionType): void {
    this.record = record;
    this.type = type;
    const { title, effect, confirm } = WORDS[type];
    const { view } = record;
    const subject = type === 'configure' ? view.name : titleOf(view);
    setText(byId('action-title'), `${title} ${subject}`);
    setText(byId('action-effect'), effect);
    setText(this.confirm, confirm);
    setText(this.problem, '');
    this.reason.value = '';
    this.thresholds.replaceChildren(
      ...(type === 'configure' ? fieldsOf(record.view) : []),
    );
    // Which gives the focus to the first field.
    this.dialog.showModal();
  }

  private async submit(): Promise<void> {
    const { record, type } = this;
    const reason = this.reason.value.trim();
    if (record === undefined) return;
    if (reason === '') {
      setText(this.problem, 'Give a reason: who comes next will want to know.');
      this.reason.focus();
      return;
    }
    const { name, key } = record.view;
    const changes =
      type === 'configure'
        ? changedThresholds(record.view, this.thresholds)
        : undefined;
    if (changes !== undefined && Object.keys(changes).length === 0) {
      setText(this.problem, 'Nothing is changed yet.');
      return;
    }
    this.confirm.disabled = true;
    const refused = await send({
      type,
      name,
      key,
      reason,
      instance: this.instance(),
      ...(changes === undefined ? {} : { thresholds: changes }),
    });
    this.confirm.disabled = false;
    if (refused === undefined) {
      this.dialog.close();
      this.onDone(`Done: ${WORDS[type].title.toLowerCase()} ${name}.`);
    } else setText(this.problem, refused);
  }
}

/** Behind a load balancer another process may answer; it changes nothing and says so. */
const TRIES = 8;

/** @returns what to tell the person if it was refused */
async function send(action: object): Promise<string | undefined> {
  for (let left = TRIES; ; left--) {
    try {
      const response = await fetch('api/actions', {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          'X-Circuit-Breaker-Action': 'page',
        },
        body: JSON.stringify(action),
      });
      if (response.ok) return undefined;
      if (response.status === 409 && left > 1) continue;
      return await describe(response);
    } catch {
      return 'The server cannot be reached. Whether anything was changed is not known.';
    }
  }
}

async function describe(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as Refused;
    const problems = (error.problems ?? []).map(
      ({ path, message }) => `${path}: ${message}`,
    );
    return [error.message, ...problems].join('\n');
  } catch {
    return `The server refused it (${response.status}).`;
  }
}

function fieldsOf({ thresholds }: CircuitView): HTMLElement[] {
  return THRESHOLDS.map(({ name, label, isRate, isDuration }) => {
    const input = element('input', {
      id: `threshold-${name}`,
      name,
      type: 'text',
      autocomplete: 'off',
      value: written(thresholds[name], isRate, isDuration),
    });
    return element('p', {}, element('label', { for: input.id }, label), input);
  });
}

function written(
  value: number | false | null,
  isRate = false,
  isDuration = false,
): string {
  if (value === null) return '';
  if (value === false) return 'off';
  if (isRate) return String(+(value * 100).toFixed(1));
  return isDuration
    ? value % 1_000 === 0
      ? `${value / 1_000}s`
      : `${value}ms`
    : String(value);
}

function changedThresholds(
  { thresholds }: CircuitView,
  fields: HTMLElement,
): Record<string, ThresholdValue> {
  const changes: Record<string, ThresholdValue> = {};
  for (const { name, isRate, isDuration } of THRESHOLDS) {
    const text = fields
      .querySelector<HTMLInputElement>(`[name="${name}"]`)!
      .value.trim();
    if (text !== '' && text !== written(thresholds[name], isRate, isDuration))
      changes[name] = parsed(text, isRate);
  }
  return changes;
}

/** What was written, for the server to judge. */
function parsed(text: string, isRate = false): ThresholdValue {
  if (text === 'off') return false;
  const number = Number(text.replace(/\s*%$/, ''));
  if (Number.isNaN(number)) return text;
  return isRate ? Math.round(number * 10) / 1_000 : number;
}
