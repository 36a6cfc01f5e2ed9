import { Circuit } from '../../lib/circuit/circuit.js';
import { Fleet } from '../../lib/redis/fleet.js';
import type {
  CircuitReply,
  CircuitReport,
  ExchangeReply,
  ExchangeRequest,
  FleetListener,
  StoredState,
} from '../../lib/redis/fleet-store.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { VirtualClock } from '../support/virtual-clock.js';

export const SETTINGS = {
  namespace: 'scripted',
  flushInterval: 20,
  pollInterval: 100,
  quorum: 2,
  window: { duration: 1_000, buckets: 20 },
  ttl: 30_000,
};

/** Trips at the fifth failure in a row, waits a second, and is told nothing by chance. */
const OPTIONS: CircuitOptions = {
  window: { type: 'count', size: 100, maxAge: false },
  failureRateThreshold: false,
  slowCallDuration: false,
  consecutiveFailures: 5,
  openDuration: 1_000,
  openJitter: 0,
  halfOpen: { calls: 4, concurrency: 3, callDeadline: 200 },
};

/** Enough for every promise of a step. */
const MICROTASKS = 12;

/** One instance on a clock of its own, and a store that answers by hand. */
export class ScriptedFleet {
  readonly clock = new VirtualClock();
  readonly logged: string[] = [];
  readonly requests: ExchangeRequest[] = [];
  readonly fleet: Fleet;
  /** What every answer has that says nothing else. */
  reply: Omit<ExchangeReply, 'circuits'> = { epoch: 'e', rev: 0, instances: 2 };
  listener: FleetListener | undefined;
  closed = 0;
  /** Whether the store answers as soon as it is asked. */
  answersAtOnce = false;
  private waiting: {
    resolve: (reply: ExchangeReply) => void;
    reject: (error: unknown) => void;
  }[] = [];

  constructor(settings: Partial<typeof SETTINGS> = {}, random?: () => number) {
    const log = (message: string) => void this.logged.push(message);
    let ids = 0;
    this.fleet = new Fleet(
      { ...SETTINGS, ...settings },
      {
        clock: this.clock,
        logger: { log, warn: log, error: log },
        ...(random && { random }),
        newId: () => `id-${++ids}`,
        prepare: (circuit, { patch, renewed }) =>
          circuit.preparePatch(patch, renewed),
        store: {
          open: listener => void (this.listener = listener),
          close: () => {
            this.closed++;
            return Promise.resolve();
          },
          exchange: request => {
            this.requests.push(request);
            if (this.answersAtOnce) {
              const circuits = request.circuits.map(() => ({}));
              return Promise.resolve({ ...this.reply, circuits });
            }
            return new Promise((resolve, reject) => {
              this.waiting.push({ resolve, reject });
            });
          },
        },
      },
    );
  }

  /** A circuit that is shared. */
  add(options: CircuitOptions = {}, name = 'a', key?: string): Circuit {
    const { clock } = this;
    const log = (message: string) => void this.logged.push(message);
    const circuit = new Circuit(
      name,
      { ...OPTIONS, ...options },
      {
        clock,
        random: () => 0,
        logger: { warn: log, error: log },
        ...(key !== undefined && { key }),
      },
    );
    this.fleet.attach(circuit);
    return circuit;
  }

  /** The request that the next flush sends, if it sends one. */
  async ask(after: number = SETTINGS.flushInterval) {
    const before = this.requests.length;
    this.clock.advance(after);
    await settled();
    return this.requests.length > before ? this.requests.at(-1) : undefined;
  }

  async answer(...circuits: CircuitReply[]): Promise<void> {
    const request = this.requests.at(-1)!;
    this.waiting.shift()?.resolve({
      ...this.reply,
      circuits: request.circuits.map((_, index) => circuits[index] ?? {}),
    });
    await settled();
  }

  async fail(error: unknown = new Error('gone')): Promise<void> {
    this.waiting.shift()?.reject(error);
    await settled();
  }

  /** The request that follows one which nobody has answered for long. */
  async giveUp(): Promise<ExchangeRequest | undefined> {
    await this.ask();
    await this.fail();
    // Sent again meanwhile.
    await this.ask(5_001);
    await this.fail();
    return this.ask();
  }

  /** What the next flush tells of the first circuit; it is answered. */
  async flush(reply: CircuitReply = {}): Promise<CircuitReport | undefined> {
    const request = await this.ask();
    await this.answer(reply);
    return request?.circuits[0];
  }

  /** Starts, and is in the fleet from then on. */
  async join(reply: CircuitReply = {}): Promise<CircuitReport | undefined> {
    this.fleet.start();
    return this.flush(reply);
  }
}

/** A state of the first generation after none, unless it says otherwise. */
export function stored(state: Partial<StoredState>): StoredState {
  return {
    state: 'closed',
    gen: 1,
    reason: 'because',
    attempt: 0,
    left: 0,
    ordered: 0,
    config: {},
    configGen: 0,
    ...state,
  };
}

/** Another instance has changed the state of the circuit `a`. */
export function announce(
  { listener }: ScriptedFleet,
  state: Partial<StoredState>,
): void {
  const news = { id: 'a', rev: 1, epoch: 'e', what: 'state' } as const;
  listener!.announced({ ...news, state: stored(state) });
}

export function fail(circuit: Circuit, times = 1): void {
  for (let call = 0; call < times; call++) {
    circuit.tryAcquire()!.failure(new Error('down'));
  }
}

export function succeed(circuit: Circuit, times = 1): void {
  for (let call = 0; call < times; call++) circuit.tryAcquire()!.success();
}

export async function settled(): Promise<void> {
  for (let each = 0; each < MICROTASKS; each++) await undefined;
}
