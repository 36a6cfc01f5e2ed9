import type { CircuitState } from '../../state/circuit-state.js';
import type { CircuitView } from '../circuit-view.js';
import type {
  CircuitsMessage,
  FiguresMessage,
  SnapshotMessage,
} from '../stream-messages.js';
import { ActionDialog } from './action-dialog.js';
import { forgetColours } from './call-chart.js';
import { CircuitList } from './circuit-list.js';
import { CircuitRecord, idOf, titleOf } from './circuit-record.js';
import { byId, setText } from './element.js';
import { showFleet } from './fleet-line.js';
import { LiveStream, type StreamListener } from './live-stream.js';
import type { PageContext } from './page-context.js';
import { StateCounts } from './state-counts.js';
import './styles.css';
import { startTheme } from './theme.js';
import { plural, stateWord, timeOfDay } from './wording.js';

/** The page: takes what the stream says, and has each part show it. */
class Page implements StreamListener, PageContext {
  actions = false;
  instance = '';
  private readonly records = new Map<string, CircuitRecord>();
  private readonly list = new CircuitList(this.records, this);
  private readonly dialog = new ActionDialog(
    () => this.instance,
    text => this.announce(text),
  );
  private readonly counts = new StateCounts(states => {
    this.states = states;
    this.select();
  });
  private states: readonly CircuitState[] | undefined;
  private words = '';
  /** The server's clock over ours. */
  private ahead = 0;
  private lastHeard = 0;
  private isLost = true;

  start(): void {
    startTheme(() => {
      forgetColours();
      this.list.redraw();
    });
    this.startSearch();
    setInterval(() => this.list.updateTimes(), 500);
    new LiveStream(this).open();
  }

  now(): number {
    // What is shown stands still with the connection: it may be wrong by now.
    return this.isLost ? this.lastHeard : Date.now() + this.ahead;
  }

  ask(record: CircuitRecord, type: Parameters<PageContext['ask']>[1]): void {
    this.dialog.ask(record, type);
  }

  snapshot({
    at,
    instance,
    actions,
    fleet,
    circuits,
    omitted,
  }: SnapshotMessage): void {
    const isSame = instance === this.instance;
    this.instance = instance;
    this.actions = actions;
    this.hear(at);
    showFleet(fleet);
    const here = new Set(circuits.map(idOf));
    for (const [id] of this.records)
      if (!isSame || !here.has(id)) this.records.delete(id);
    for (const view of circuits) {
      const record = this.records.get(idOf(view));
      if (record === undefined) this.addRecord(view);
      else record.restart(view);
    }
    this.list.restart();
    this.counts.update(this.records.values());
    setText(
      byId('rights'),
      actions
        ? 'Actions are possible; each asks for a reason and is logged.'
        : 'Read-only.',
    );
    byId('omitted').hidden = omitted === 0;
    setText(
      byId('omitted'),
      `${plural(omitted, 'closed keyed circuit')} more not shown.`,
    );
  }

  circuits({ at, circuits, removed }: CircuitsMessage): void {
    this.hear(at);
    const news: string[] = [];
    for (const view of circuits) {
      const record = this.records.get(idOf(view));
      if (record === undefined) this.addRecord(view);
      else {
        if (record.view.state !== view.state) news.push(newsOf(view));
        record.replace(view);
      }
    }
    for (const each of removed) this.records.delete(idOf(each));
    this.list.arrange();
    this.counts.update(this.records.values());
    if (news.length > 0)
      this.announce(
        news.length > 3
          ? `${news.length} circuits changed their state.`
          : news.join(' '),
      );
  }

  figures({ at, fleet, figures }: FiguresMessage): void {
    this.hear(at);
    showFleet(fleet);
    for (const each of figures) this.records.get(idOf(each))?.refresh(each, at);
    this.list.update();
  }

  lost(why: string): void {
    this.isLost = true;
    document.body.classList.add('is-lost');
    const connection = byId('connection');
    setText(connection, 'Connection lost');
    connection.dataset['state'] = 'lost';
    const asOf =
      this.lastHeard === 0
        ? ''
        : ` What you see is from ${timeOfDay(this.lastHeard, Date.now() + this.ahead)}.`;
    const lost = byId('lost');
    lost.hidden = false;
    setText(
      lost,
      `Connection lost.${asOf} ${why === '' ? 'Trying again…' : why}`,
    );
  }

  private hear(at: number): void {
    this.ahead = at - Date.now();
    this.lastHeard = at;
    if (!this.isLost) return;
    this.isLost = false;
    document.body.classList.remove('is-lost');
    const connection = byId('connection');
    setText(connection, 'Live');
    connection.dataset['state'] = 'live';
    byId('lost').hidden = true;
  }

  private addRecord(view: CircuitView): void {
    const record = new CircuitRecord(view);
    this.records.set(record.id, record);
  }

  private startSearch(): void {
    const search = byId<HTMLInputElement>('search');
    search.addEventListener('input', () => {
      this.words = search.value.trim().toLowerCase();
      this.select();
    });
    document.addEventListener('keydown', event => {
      if (
        event.key !== '/' ||
        event.target instanceof HTMLInputElement ||
        event.target instanceof HTMLTextAreaElement
      )
        return;
      event.preventDefault();
      search.focus();
    });
  }

  private select(): void {
    this.list.select({ words: this.words, states: this.states });
  }

  private announce(text: string): void {
    setText(byId('announcer'), text);
  }
}

function newsOf(view: CircuitView): string {
  return `${titleOf(view)} is ${stateWord(view.state).toLowerCase()}.`;
}

new Page().start();
