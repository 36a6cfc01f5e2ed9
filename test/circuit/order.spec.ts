import { describe, expect, it } from '@jest/globals';
import { isObservable, Observable } from 'rxjs';
import type { CallOptions } from '../../lib/circuit/call-options.js';
import { Circuit } from '../../lib/circuit/circuit.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import type { CircuitEvent } from '../../lib/state/events.js';
import { passTime } from '../support/pass-time.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** What each attempt of a call does, 10 ms after it began; the last one repeats. */
type Script = readonly ('value' | 'down' | 'answer' | 'hangs')[];
type Way = 'promise' | 'Observable';

const CIRCUIT: CircuitOptions = {
  openDuration: '10s',
  openJitter: 0,
  rateLimit: { limit: 10, interval: '10s' },
  bulkhead: { maxConcurrent: 1, maxQueue: 1, maxWait: 200 },
};

/** Everything at once. */
const CALL: CallOptions = {
  timeout: 50,
  deadline: '5s',
  retry: { attempts: 3, backoff: { initial: 100, jitter: 0 } },
  cache: { freshFor: 100, staleFor: '1m', key: (id: string) => id },
};

/** A call through every layer, and what happened in which order, each at its millisecond. */
class Trace {
  readonly lines: string[] = [];
  readonly clock = new VirtualClock();
  readonly circuit: Circuit;
  private readonly options: CallOptions;
  private abort = new AbortController();

  constructor(
    private readonly way: Way,
    circuit: CircuitOptions,
    options: CallOptions,
  ) {
    this.circuit = new Circuit(
      'shop',
      { ...CIRCUIT, ...circuit },
      { clock: this.clock, random: () => 0 },
    );
    this.circuit.events$.subscribe(event => this.log(describeEvent(event)));
    const fallback = async (error: unknown) => {
      this.log(`fallback asked for ${nameOf(error)}`);
      return 'fallback';
    };
    this.options = { ...CALL, fallback, ...options };
  }

  call(script: Script, id = 'a'): void {
    let attempt = 0;
    const begin = () => script[Math.min(attempt++, script.length - 1)]!;
    const { circuit, options } = this;
    const all = { ...options, args: [id], signal: this.abort.signal };
    const answer =
      this.way === 'promise'
        ? circuit.execute(({ signal }) => this.promise(begin(), signal), all)
        : circuit.protect(this.observable(begin), all);
    const answered = (value: string) => this.log(`answered ${value}`);
    const failed = (error: unknown) => this.log(`failed ${nameOf(error)}`);
    if (isObservable(answer)) {
      let last = '';
      answer.subscribe({
        next: value => void (last = value),
        error: failed,
        complete: () => answered(last),
      });
    } else void answer.then(answered, failed);
  }

  leave(): void {
    this.abort.abort(new Error('gone'));
    this.abort = new AbortController();
  }

  pass(milliseconds: number): Promise<void> {
    return passTime(this.clock, milliseconds);
  }

  private promise(act: Script[number], signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), {
        once: true,
      });
      this.act(act, resolve, reject);
    });
  }

  private observable(begin: () => Script[number]): Observable<string> {
    return new Observable(subscriber =>
      this.act(
        begin(),
        value => {
          subscriber.next(value);
          subscriber.complete();
        },
        error => subscriber.error(error),
      ),
    );
  }

  private act(
    act: Script[number],
    resolve: (value: string) => void,
    reject: (error: Error) => void,
  ): () => void {
    this.log('called');
    return this.clock.schedule(10, () => {
      if (act === 'value') resolve('value');
      if (act === 'down') reject(new Error('down'));
      if (act === 'answer') {
        reject(Object.assign(new Error('not found'), { status: 404 }));
      }
    });
  }

  private log(line: string): void {
    this.lines.push(`${this.clock.now()} ${line}`);
  }
}

function nameOf(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  return code ?? message;
}

function describeEvent(event: CircuitEvent): string {
  switch (event.type) {
    case 'rejected':
      return `rejected ${event.code}`;
    case 'retry':
      return `retry ${event.attempt} after ${event.delay}`;
    case 'timeout':
      return `${event.limit} passed`;
    case 'cache-hit':
      return `${event.freshness} answer`;
    case 'transition':
      return `${event.from} > ${event.to}`;
    case 'fallback':
      return `fallback for ${nameOf(event.error)}`;
    default:
      return event.type;
  }
}

interface Row {
  readonly circuit?: CircuitOptions;
  readonly options?: CallOptions;
  readonly run: (trace: Trace) => void | Promise<void>;
  /** Several calls at once: what each does within a millisecond has no order among them. */
  readonly isCrowded?: boolean;
  readonly expected: readonly string[];
}

const ANSWERED_BY_FALLBACK = (at: number, error: string) => [
  `${at} fallback asked for ${error}`,
  `${at} fallback for ${error}`,
  `${at} answered fallback`,
];

const ROWS: readonly (readonly [what: string, row: Row])[] = [
  [
    'a success',
    {
      run: trace => trace.call(['value']),
      expected: ['0 called', '10 success', '10 answered value'],
    },
  ],
  [
    'a failure: tried again, then answered by the fallback',
    {
      run: trace => trace.call(['down']),
      expected: [
        '0 called',
        '10 failure',
        '10 retry 2 after 100',
        '110 called',
        '120 failure',
        '120 retry 3 after 200',
        '320 called',
        '330 failure',
        ...ANSWERED_BY_FALLBACK(330, 'down'),
      ],
    },
  ],
  [
    'a failure that a second attempt mends',
    {
      run: trace => trace.call(['down', 'value']),
      expected: [
        '0 called',
        '10 failure',
        '10 retry 2 after 100',
        '110 called',
        '120 success',
        '120 answered value',
      ],
    },
  ],
  [
    'a timeout of each attempt',
    {
      options: { retry: { attempts: 2, backoff: { initial: 100, jitter: 0 } } },
      run: trace => trace.call(['hangs']),
      expected: [
        '0 called',
        '50 timeout passed',
        '50 failure',
        '50 retry 2 after 100',
        '150 called',
        '200 timeout passed',
        '200 failure',
        ...ANSWERED_BY_FALLBACK(200, 'CALL_TIMEOUT'),
      ],
    },
  ],
  [
    'the deadline of the whole call, in an attempt',
    {
      options: { timeout: false, deadline: 70 },
      run: trace => trace.call(['hangs']),
      expected: [
        '0 called',
        '70 deadline passed',
        '70 failure',
        ...ANSWERED_BY_FALLBACK(70, 'CALL_TIMEOUT'),
      ],
    },
  ],
  [
    'a wait that would end after the deadline: none',
    {
      options: { deadline: 100 },
      run: trace => trace.call(['down']),
      expected: ['0 called', '10 failure', ...ANSWERED_BY_FALLBACK(10, 'down')],
    },
  ],
  [
    'an open circuit',
    {
      run: trace => {
        trace.circuit.forceOpen();
        trace.lines.length = 0;
        trace.call(['value']);
      },
      expected: [
        '0 rejected CIRCUIT_OPEN',
        ...ANSWERED_BY_FALLBACK(0, 'CIRCUIT_OPEN'),
      ],
    },
  ],
  [
    'an opening, which ends the attempts',
    {
      circuit: { consecutiveFailures: 2 },
      run: trace => trace.call(['down']),
      expected: [
        '0 called',
        '10 failure',
        '10 retry 2 after 100',
        '110 called',
        '120 failure',
        '120 closed > open',
        ...ANSWERED_BY_FALLBACK(120, 'down'),
      ],
    },
  ],
  [
    'an opening by others, which ends the wait for the next attempt',
    {
      run: async trace => {
        trace.call(['down']);
        await trace.pass(40);
        trace.circuit.forceOpen();
      },
      expected: [
        '0 called',
        '10 failure',
        '10 retry 2 after 100',
        '40 override',
        '40 closed > forced-open',
        ...ANSWERED_BY_FALLBACK(40, 'down'),
      ],
    },
  ],
  [
    'a full bulkhead: the second waits, the third is refused and not tried again',
    {
      isCrowded: true,
      run: trace => {
        trace.call(['value'], 'a');
        trace.call(['value'], 'b');
        trace.call(['value'], 'c');
      },
      expected: [
        '0 called',
        '0 rejected BULKHEAD_FULL',
        ...ANSWERED_BY_FALLBACK(0, 'BULKHEAD_FULL'),
        '10 success',
        '10 answered value',
        '10 called',
        '20 success',
        '20 answered value',
      ],
    },
  ],
  [
    'a wait in the queue that takes too long',
    {
      circuit: { bulkhead: { maxConcurrent: 1, maxQueue: 1, maxWait: 20 } },
      run: trace => {
        trace.call(['hangs'], 'a');
        trace.call(['value'], 'b');
      },
      options: { timeout: 30, retry: false },
      expected: [
        '0 called',
        '20 rejected BULKHEAD_FULL',
        ...ANSWERED_BY_FALLBACK(20, 'BULKHEAD_FULL'),
        '30 timeout passed',
        '30 failure',
        ...ANSWERED_BY_FALLBACK(30, 'CALL_TIMEOUT'),
      ],
    },
  ],
  [
    'a circuit that opens while a call waits for its place',
    {
      circuit: { consecutiveFailures: 1 },
      isCrowded: true,
      run: trace => {
        trace.call(['down'], 'a');
        trace.call(['value'], 'b');
      },
      expected: [
        '0 called',
        '10 failure',
        '10 closed > open',
        ...ANSWERED_BY_FALLBACK(10, 'down'),
        '10 rejected CIRCUIT_OPEN',
        ...ANSWERED_BY_FALLBACK(10, 'CIRCUIT_OPEN'),
      ],
    },
  ],
  [
    'an exhausted rate limit: refused, and not tried again',
    {
      circuit: { rateLimit: { limit: 1, interval: '10s' } },
      run: async trace => {
        trace.call(['value'], 'a');
        await trace.pass(20);
        trace.call(['value'], 'b');
      },
      expected: [
        '0 called',
        '10 success',
        '10 answered value',
        '20 rejected RATE_LIMITED',
        ...ANSWERED_BY_FALLBACK(20, 'RATE_LIMITED'),
      ],
    },
  ],
  [
    'an open circuit and an exhausted limit: the circuit answers, and no token is spent',
    {
      circuit: { rateLimit: { limit: 1, interval: '10s' } },
      run: async trace => {
        trace.circuit.forceOpen();
        trace.call(['value'], 'a');
        await trace.pass(1);
        trace.circuit.forceClosed();
        trace.lines.length = 0;
        trace.call(['value'], 'b');
      },
      expected: ['1 called', '11 success', '11 answered value'],
    },
  ],
  [
    'a fresh answer: nothing is called, spent or waited for',
    {
      circuit: { rateLimit: { limit: 1, interval: '10s' } },
      run: async trace => {
        trace.call(['value']);
        await trace.pass(20);
        trace.call(['down']);
      },
      expected: [
        '0 called',
        '10 success',
        '10 answered value',
        '20 fresh answer',
        '20 answered value',
      ],
    },
  ],
  [
    'a kept answer for a failure, after its attempts and before the fallback',
    {
      options: { retry: { attempts: 2, backoff: { initial: 100, jitter: 0 } } },
      run: async trace => {
        trace.call(['value']);
        await trace.pass(500);
        trace.call(['down']);
      },
      expected: [
        '0 called',
        '10 success',
        '10 answered value',
        '500 called',
        '510 failure',
        '510 retry 2 after 100',
        '610 called',
        '620 failure',
        '620 stale answer',
        '620 answered value',
      ],
    },
  ],
  [
    'a kept answer for a refusal',
    {
      run: async trace => {
        trace.call(['value']);
        await trace.pass(500);
        trace.circuit.forceOpen();
        trace.lines.length = 0;
        trace.call(['value']);
      },
      expected: [
        '500 rejected CIRCUIT_OPEN',
        '500 stale answer',
        '500 answered value',
      ],
    },
  ],
  [
    'an answer of the dependency: a success, not tried again, answered by nobody else',
    {
      run: async trace => {
        trace.call(['value']);
        await trace.pass(500);
        trace.lines.length = 0;
        trace.call(['answer']);
      },
      expected: ['500 called', '510 success', '510 failed not found'],
    },
  ],
  [
    "the caller's abort in an attempt",
    {
      run: async trace => {
        trace.call(['hangs']);
        await trace.pass(5);
        trace.leave();
      },
      expected: ['0 called', '5 ignored', '5 failed gone'],
    },
  ],
  [
    "the caller's abort while it waits for the next attempt",
    {
      run: async trace => {
        trace.call(['down']);
        await trace.pass(50);
        trace.leave();
      },
      expected: [
        '0 called',
        '10 failure',
        '10 retry 2 after 100',
        '50 failed gone',
      ],
    },
  ],
];

describe.each<Way>(['promise', 'Observable'])(
  'one call through every layer, as a %s',
  way => {
    it.each(ROWS)('%s', async (_what, row) => {
      const trace = new Trace(way, row.circuit ?? {}, row.options ?? {});
      await row.run(trace);
      await trace.pass(600);
      const sort = (lines: readonly string[]) =>
        row.isCrowded === true ? lines.toSorted() : lines;
      expect(sort(trace.lines)).toEqual(sort(row.expected));
      expect(trace.circuit.snapshot().inFlight).toBe(0);
      expect(trace.clock.pending).toBe(0);
    });
  },
);
