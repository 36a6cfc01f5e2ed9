import type { CircuitView } from '../circuit-view.js';
import type { CircuitRecord } from './circuit-record.js';
import { element, fact, setText } from './element.js';
import type { PageContext } from './page-context.js';
import { countdown, duration, plural, timeOfDay } from './wording.js';

/** Answers, for a circuit in trouble: since when, why, what callers get and when it tries again. */
export class CircuitAnswers {
  readonly element: HTMLElement;
  private readonly since: HTMLElement;
  private readonly why: HTMLElement;
  private readonly failure: HTMLElement;
  private readonly callers: HTMLElement;
  private readonly next: HTMLElement;
  private readonly nextBar: HTMLElement;
  private readonly nextText: HTMLElement;

  constructor(
    private readonly record: CircuitRecord,
    private readonly context: PageContext,
  ) {
    const [sincePair, since] = fact('Since');
    const [whyPair, why] = fact('Why');
    const [failurePair, failure] = fact('Last failure', 'last-failure');
    const [callersPair, callers] = fact('Callers get');
    const [nextPair, next] = fact('Next probe', 'next');
    this.nextText = element('span', { className: 'countdown' });
    this.nextBar = element(
      'span',
      { className: 'bar', 'aria-hidden': 'true' },
      element('span'),
    );
    next.append(this.nextText, this.nextBar);
    [this.since, this.why, this.failure, this.callers, this.next] = [
      since,
      why,
      failure,
      callers,
      next,
    ];
    this.element = element(
      'dl',
      { className: 'answers' },
      nextPair,
      sincePair,
      whyPair,
      callersPair,
      failurePair,
    );
  }

  /** Shows what is known now. */
  update(): void {
    const { view } = this.record;
    const now = this.context.now();
    setText(this.since, sinceWhen(this.record, now));
    setText(this.why, whyOf(this.record));
    const { lastFailure } = view;
    this.failure.parentElement!.hidden = lastFailure === null;
    if (lastFailure !== null) {
      setText(
        this.failure,
        `${lastFailure.name}: ${lastFailure.message} (${duration(now - lastFailure.at)} ago)`,
      );
    }
    setText(this.callers, whatCallersGet(this.record, now));
    this.updateNext(now);
  }

  private updateNext(now: number): void {
    const { view } = this.record;
    const isOpen = view.nextProbe !== null;
    this.nextBar.hidden = !isOpen;
    setText(this.nextText, nextProbe(this.record, now));
    this.next.parentElement!.classList.toggle(
      'is-due',
      isOpen && view.nextProbe! <= now,
    );
    if (!isOpen) return;
    const share =
      (now - view.since) / Math.max(1, view.nextProbe! - view.since);
    (this.nextBar.firstChild as HTMLElement).style.transform =
      `scaleX(${Math.min(1, Math.max(0, share)).toFixed(3)})`;
  }
}

/** Since when the state is what it is, and since when the circuit has not been closed. */
function sinceWhen({ view }: CircuitRecord, now: number): string {
  const text = `${timeOfDay(view.since, now)}, for ${duration(now - view.since)}`;
  const trouble = troubleSince(view);
  return trouble < view.since
    ? `${text}; not closed since ${timeOfDay(trouble, now)}`
    : text;
}

/** When the circuit left closed: each failed probe opens it again, but the outage is one. */
function troubleSince({ since, transitions }: CircuitView): number {
  return transitions.findLast(({ from }) => from === 'closed')?.at ?? since;
}

/** Why the state is what it is, without the parts of the sentence that stand elsewhere. */
function whyOf({ view }: CircuitRecord): string {
  const reason = view.transitions.at(-1)?.reason ?? view.sentence;
  if (view.state !== 'half-open') return capital(reason);
  const { halfOpen } = view;
  return halfOpen === null
    ? capital(reason)
    : `Trying again: ${plural(halfOpen.successes, 'probe')} succeeded, ${halfOpen.failures} failed, ${halfOpen.inFlight} in flight`;
}

/** When the next probe may pass, in a word or two. */
function nextProbe({ view }: CircuitRecord, now: number): string {
  if (view.nextProbe !== null) {
    return view.nextProbe <= now
      ? 'due: the next call'
      : countdown(view.nextProbe - now);
  }
  if (view.state === 'half-open') return 'probing now';
  return 'not until released';
}

function whatCallersGet({ view, recent }: CircuitRecord, now: number): string {
  const trouble = troubleSince(view);
  const isLong = now - trouble > 60_000;
  const span = isLong ? 'in the last minute' : 'since the trouble began';
  const { calls, failures, rejected, fallbacks } = recent.sumSince(
    isLong ? now - 60_000 : trouble,
    now,
  );
  if (calls + rejected === 0) return `No calls ${span}`;
  const errors = Math.max(0, failures + rejected - fallbacks);
  const answers = calls - failures;
  const parts = [
    fallbacks > 0 ? `${plural(fallbacks, 'answer')} from a fallback` : '',
    errors > 0 || fallbacks === 0 ? plural(errors, 'error') : 'no errors',
    answers > 0 ? plural(answers, 'real answer') : '',
  ];
  return capital(`${parts.filter(part => part !== '').join(', ')} ${span}`);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
