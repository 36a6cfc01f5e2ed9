import type {
  CircuitsMessage,
  FiguresMessage,
  SnapshotMessage,
} from '../stream-messages.js';

/** What the stream says, and whether it does. */
export interface StreamListener {
  snapshot(message: SnapshotMessage): void;
  circuits(message: CircuitsMessage): void;
  figures(message: FiguresMessage): void;
  /** The connection is gone. @param why what to tell the person */
  lost(why: string): void;
}

/** Without a word for so long the connection counts as lost: the server speaks once a second. */
const SILENCE_MS = 6_000;
const RETRY_MS = 2_000;

/** Reads the stream, notices when it falls silent, and tries again for ever. */
export class LiveStream {
  private source: EventSource | undefined;
  private watchdog = 0;
  private retry = 0;

  constructor(private readonly listener: StreamListener) {}

  open(): void {
    this.close();
    const source = new EventSource('api/events');
    this.source = source;
    this.hear(source, 'snapshot', message =>
      this.listener.snapshot(message as SnapshotMessage),
    );
    this.hear(source, 'circuits', message =>
      this.listener.circuits(message as CircuitsMessage),
    );
    this.hear(source, 'figures', message =>
      this.listener.figures(message as FiguresMessage),
    );
    source.addEventListener('error', () => void this.fail());
    this.expect();
  }

  private hear(
    source: EventSource,
    type: string,
    tell: (message: unknown) => void,
  ): void {
    source.addEventListener(type, event => {
      this.expect();
      tell(JSON.parse((event as MessageEvent<string>).data));
    });
  }

  private expect(): void {
    clearTimeout(this.watchdog);
    this.watchdog = window.setTimeout(() => void this.fail(), SILENCE_MS);
  }

  private async fail(): Promise<void> {
    this.close();
    this.listener.lost('');
    this.retry = window.setTimeout(() => this.open(), RETRY_MS);
    // An EventSource does not say why it failed; an ordinary request does.
    const why = await whyNot();
    if (why !== '' && this.source === undefined) this.listener.lost(why);
  }

  private close(): void {
    clearTimeout(this.watchdog);
    clearTimeout(this.retry);
    this.source?.close();
    this.source = undefined;
  }
}

async function whyNot(): Promise<string> {
  try {
    const response = await fetch('api/circuit');
    // No circuit was named, so that this is how a server answers who may look.
    if (response.status === 404) return '';
    if (response.status === 401 || response.status === 403) {
      return 'You may not look at the circuits (any more). Sign in again and reload.';
    }
    return `The server answers ${response.status}.`;
  } catch {
    return '';
  }
}
