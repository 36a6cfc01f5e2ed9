import { describe, expect, it, jest } from '@jest/globals';
import { of, Subject } from 'rxjs';
import type {
  ConfigSource,
  LiveOptions,
} from '../../lib/registry/config-source.js';
import { LiveConfiguration } from '../../lib/registry/live-configuration.js';
import type { CircuitBreakerModuleOptions } from '../../lib/registry/module-options.js';
import { settled } from '../support/policy-host.js';
import {
  RegistryBench,
  type TestDeclaration,
} from '../support/registry-bench.js';

/** A registry that follows a source of which the test decides what it says. */
class LiveBench extends RegistryBench {
  readonly logged: string[] = [];
  readonly complaints: string[] = [];
  readonly signals: AbortSignal[] = [];
  loads = 0;
  /** What the next load answers. */
  answer: () => unknown = () => ({});
  private readonly live: LiveConfiguration;

  constructor(
    settings: Partial<ConfigSource> | Subject<LiveOptions> = {},
    options: CircuitBreakerModuleOptions = {
      circuits: { payments: { openJitter: 0 }, rates: {} },
    },
    declared: readonly TestDeclaration[] = [],
    variables: Record<string, string> = {},
  ) {
    super(options, declared, variables);
    const source =
      settings instanceof Subject
        ? settings
        : {
            load: ({ signal }: { signal: AbortSignal }) => {
              this.loads++;
              this.signals.push(signal);
              return this.answer() as LiveOptions;
            },
            ...settings,
          };
    this.live = new LiveConfiguration(source, {
      clock: this.clock,
      take: given => this.registry.takeLive(given),
      logger: {
        log: (message: string) => void this.logged.push(message),
        error: (message: string) => void this.complaints.push(message),
      },
    });
  }

  start(): Promise<void> {
    return this.live.onModuleInit();
  }

  stop(): void {
    this.live.onModuleDestroy();
  }

  says(circuits: LiveOptions['circuits']): this {
    this.answer = () => Promise.resolve({ circuits });
    return this;
  }

  async advance(milliseconds: number): Promise<this> {
    this.clock.advance(milliseconds);
    await settled();
    return this;
  }

  get payments() {
    return this.registry.get('payments');
  }
}

describe('a configuration source', () => {
  it('gives options at the start, over all but configure()', async () => {
    const bench = new LiveBench(
      {},
      { circuits: { payments: { minimumCalls: 1 } }, env: {} },
      [{ name: 'payments', options: { failureCount: 3 }, source: 'P.pay' }],
      { CIRCUIT_BREAKER_PAYMENTS_MINIMUM_CALLS: '2' },
    );
    bench.registry.configure('payments', { openDuration: '7s' });
    bench.says({
      payments: { minimumCalls: 9, failureCount: 8, openDuration: '5s' },
    });

    await bench.start();

    expect(bench.payments.rules).toMatchObject({
      minimumCalls: 9,
      failureCount: 8,
      openDuration: 7_000,
    });
    expect(bench.logged).toEqual([
      'The configuration source has changed "payments".',
    ]);
  });

  it('may name a preset', async () => {
    const bench = new LiveBench({}, { circuits: { payments: {} } });
    bench.says({ payments: { preset: 'auth', minimumCalls: 3 } });

    await bench.start();

    expect(bench.payments.rules).toMatchObject({
      slowCallDuration: 500,
      minimumCalls: 3,
    });
  });

  it('is asked once without refreshEvery, and again with it', async () => {
    const once = new LiveBench();
    const often = new LiveBench({ refreshEvery: '10s' });
    await once.start();
    await often.start();

    await once.advance(3_600_000);
    await often.advance(9_999);
    expect([once.loads, often.loads]).toEqual([1, 1]);
    await often.advance(1);
    expect(often.loads).toBe(2);
    expect(once.clock.pending).toBe(0);
  });

  it('changes circuits while they run: state and window stay', async () => {
    const bench = new LiveBench({ refreshEvery: '10s' });
    await bench.start();
    const permit = bench.payments.tryAcquire()!;
    permit.failure(new Error('down'));
    bench.registry.get('rates').forceOpen();

    bench.says({ payments: { openDuration: '5s' }, rates: { openJitter: 0 } });
    await bench.advance(10_000);

    expect(bench.payments.rules.openDuration).toBe(5_000);
    expect(bench.payments.snapshot().window).toMatchObject({
      calls: 1,
      failures: 1,
    });
    expect(bench.registry.get('rates').state).toBe('forced-open');
  });

  it('changes keyed circuits, and those to come', async () => {
    const bench = new LiveBench().says({ payments: { minimumCalls: 4 } });
    const early = bench.registry.keyed('payments', 'early');

    await bench.start();

    expect(early.rules.minimumCalls).toBe(4);
    expect(bench.registry.keyed('payments', 'late').rules.minimumCalls).toBe(4);
  });

  it('gives all of its options each time: what it leaves out is as it was at the start', async () => {
    const bench = new LiveBench({ refreshEvery: '10s' }).says({
      payments: { openDuration: '5s', halfOpen: { calls: 3 } },
    });
    await bench.start();

    bench.says({ payments: { halfOpen: { concurrency: 2 } } });
    await bench.advance(10_000);

    expect(bench.payments.rules).toMatchObject({
      openDuration: 60_000,
      halfOpen: { calls: 10, concurrency: 2 },
    });
    bench.says({});
    await bench.advance(10_000);
    expect(bench.payments.rules.halfOpen.concurrency).toBe(3);
  });

  it('is not remembered for what it no longer says', async () => {
    const bench = new LiveBench({ refreshEvery: '10s' }).says({
      payments: { openDuration: '5s' },
    });
    await bench.start();
    bench.says({});
    await bench.advance(10_000);

    bench.registry.declare('payments', { minimumCalls: 3 }, 'Late.pay');

    expect(bench.payments.rules).toMatchObject({
      minimumCalls: 3,
      openDuration: 60_000,
    });
  });

  it('tells nobody of options that are the same as before', async () => {
    const bench = new LiveBench({ refreshEvery: '10s' }).says({
      payments: { openDuration: '5s' },
    });
    const told: string[] = [];
    bench.registry.events$.subscribe(({ type }) => told.push(type));
    void bench.payments;
    await bench.start();

    await bench.advance(10_000);

    expect(bench.loads).toBe(2);
    expect(told).toEqual(['configured']);
    expect(bench.logged).toHaveLength(1);
  });

  it('leaves what a listener configures when it hears of it, at other circuits, too', async () => {
    const bench = new LiveBench().says({
      payments: { openDuration: '5s' },
      rates: { openDuration: '6s' },
    });
    const { payments, registry } = bench;
    const rates = registry.get('rates');
    payments.on(['configured'], () =>
      registry.configure('rates', { failureCount: 3 }),
    );

    await bench.start();

    expect(rates.rules).toMatchObject({ openDuration: 6_000, failureCount: 3 });
  });

  it('has a late declaration leave what a listener configures when it hears of it', () => {
    const bench = new LiveBench();
    const { payments, registry } = bench;
    const keyed = registry.keyed('payments', 'k');
    payments.on(['configured'], () => {
      if (payments.rules.failureCount === false) {
        registry.configure('payments', { failureCount: 3 });
      }
    });

    registry.declare('payments', { minimumCalls: 3 }, 'Late.pay');

    for (const { rules } of [payments, keyed]) {
      expect(rules).toMatchObject({ minimumCalls: 3, failureCount: 3 });
    }
  });

  describe('that says something wrong', () => {
    const good = { payments: { openDuration: '5s' } };

    it.each<[string, unknown, string]>([
      [
        'a bad value',
        { circuits: { rates: { minimumCalls: 3 }, payments: { mode: 'on' } } },
        'circuits.payments.mode',
      ],
      [
        'an unknown option',
        { circuits: { payments: { opneDuration: 1 } } },
        'did you mean "openDuration"',
      ],
      [
        'an unknown circuit',
        { circuits: { paymets: {}, rates: { minimumCalls: 3 } } },
        'did you mean "payments"',
      ],
      [
        'a circuit that is like no other',
        { circuits: { 'some.thing': {} } },
        'circuits["some.thing"]: nothing declares such a circuit; there are: payments, rates',
      ],
      [
        'an unknown preset',
        { circuits: { payments: { preset: 'auht' } } },
        'did you mean "auth"',
      ],
      ['an unknown group', { circuit: {} }, 'did you mean "circuits"'],
      ['options that are none', { circuits: { payments: 5 } }, 'got 5'],
      ['circuits that are none', { circuits: [] }, 'circuits'],
      ['nothing', undefined, 'got null'],
      ['a string', '{}', "got '{}'"],
    ])(
      'such as %s changes nothing, and is logged once',
      async (_what, said, words) => {
        const bench = new LiveBench({ refreshEvery: '10s' }).says(good);
        await bench.start();
        const before = bench.registry.get('rates').rules;
        bench.answer = () => said;

        await bench.advance(10_000);
        await bench.advance(10_000);

        expect(bench.loads).toBe(3);
        expect(bench.payments.rules.openDuration).toBe(5_000);
        expect(bench.registry.get('rates').rules).toBe(before);
        expect(bench.complaints).toHaveLength(1);
        expect(bench.complaints[0]).toContain(words);
        expect(bench.complaints[0]).toMatch(
          /^The configuration source is not followed: /,
        );
        expect(bench.complaints[0]).toContain('keep the options');
      },
    );

    it('that does not fit a circuit that was configured by itself changes none', async () => {
      const bench = new LiveBench();
      const keyed = bench.registry.keyed('payments', 'k');
      keyed.configure({ window: { size: 5 } });
      bench.says({
        rates: { minimumCalls: 7 },
        payments: { minimumCalls: 7, window: { type: 'time' } },
      });

      await bench.start();

      expect(bench.complaints).toHaveLength(1);
      expect(bench.registry.get('rates').rules.minimumCalls).toBe(20);
      expect(bench.payments.rules.minimumCalls).toBe(20);
      expect(keyed.rules.window).toMatchObject({ type: 'count', size: 5 });
    });

    it('is followed again as soon as it is right', async () => {
      const bench = new LiveBench({ refreshEvery: '10s' });
      bench.answer = () => 'nonsense';
      await bench.start();

      bench.says(good);
      await bench.advance(10_000);
      bench.answer = () => 'nonsense';
      await bench.advance(10_000);

      expect(bench.payments.rules.openDuration).toBe(5_000);
      // Told again, because it was well in between.
      expect(bench.complaints).toHaveLength(2);
    });
  });

  describe('that fails or hangs', () => {
    it.each([
      ['rejects', () => Promise.reject(new Error('no route'))],
      [
        'throws',
        () => {
          throw new Error('no route');
        },
      ],
    ])(
      'keeps the old options when it %s, and does not stop the start',
      async (_w, answer) => {
        const bench = new LiveBench({ refreshEvery: '10s' });
        bench.answer = answer;

        await bench.start();
        expect(bench.complaints).toEqual([expect.stringContaining('no route')]);

        bench.says({ payments: { openDuration: '5s' } });
        await bench.advance(10_000);
        expect(bench.payments.rules.openDuration).toBe(5_000);
      },
    );

    it('holds up the start no longer than its timeout', async () => {
      const bench = new LiveBench({ timeout: '2s', refreshEvery: '10s' });
      let isStarted = false;
      bench.answer = () => new Promise(() => {});
      const start = bench.start().then(() => (isStarted = true));

      await bench.advance(1_999);
      expect(isStarted).toBe(false);
      await bench.advance(1);

      expect(isStarted).toBe(true);
      await start;
      expect(bench.signals[0]!.aborted).toBe(true);
      expect(bench.complaints).toEqual([
        expect.stringContaining('did not answer within 2000 ms'),
      ]);
    });

    it('is told what it takes where it gives something else', async () => {
      const bench = new LiveBench();
      bench.answer = () => ({ circuits: 5 });
      await bench.start();

      expect(bench.complaints).toEqual([
        expect.stringContaining(
          'circuits: got 5, takes an object: circuit options and `preset`, for each name of a declared circuit',
        ),
      ]);
    });

    it('holds up the start for five seconds where it has no timeout', async () => {
      const bench = new LiveBench();
      let isStarted = false;
      bench.answer = () => new Promise(() => {});
      const start = bench.start().then(() => (isStarted = true));

      await bench.advance(4_999);
      expect(isStarted).toBe(false);
      await bench.advance(1);

      expect(isStarted).toBe(true);
      await start;
    });

    it('is not listened to when it answers too late', async () => {
      const bench = new LiveBench({ timeout: '2s' });
      let answerLate: ((options: LiveOptions) => void) | undefined;
      bench.answer = () =>
        new Promise<LiveOptions>(resolve => (answerLate = resolve));
      const start = bench.start();
      await bench.advance(2_000);
      await start;

      answerLate!({ circuits: { payments: { openDuration: '5s' } } });
      await settled();

      expect(bench.payments.rules.openDuration).toBe(60_000);
    });

    it('never loads twice at once', async () => {
      const bench = new LiveBench({ timeout: '1m', refreshEvery: '10s' });
      bench.answer = () => new Promise(() => {});
      void bench.start();

      await bench.advance(59_999);

      expect(bench.loads).toBe(1);
    });

    it('stops the start when it is required', async () => {
      const bench = new LiveBench({ required: true, refreshEvery: '10s' });
      bench.answer = () => Promise.reject(new Error('no route'));

      await expect(bench.start()).rejects.toThrow('no route');
      expect(bench.clock.pending).toBe(0);
    });

    it('stops the start when it is required and wrong', async () => {
      const bench = new LiveBench({ required: true }).says({ paymets: {} });

      await expect(bench.start()).rejects.toThrow(
        /Configuration source.*\n.*paymets/,
      );
    });

    it('does not stop the application later, required or not', async () => {
      const bench = new LiveBench({ required: true, refreshEvery: '10s' });
      await bench.start();
      bench.answer = () => Promise.reject(new Error('no route'));

      await bench.advance(10_000);

      expect(bench.complaints).toHaveLength(1);
    });
  });

  it('says by name what has changed', async () => {
    const bench = new LiveBench().says({
      payments: { maxKeys: 3 },
      rates: { maxKeys: 4 },
    });
    await bench.start();

    expect(bench.logged).toEqual([
      'The configuration source has changed "payments", "rates".',
    ]);
  });

  it('keeps no process alive between two loads', async () => {
    const before = liveTimers();
    const live = new LiveConfiguration(
      { load: () => ({}), refreshEvery: '1h' },
      { take: () => [] },
    );

    await live.onModuleInit();

    expect(liveTimers()).toBe(before);
    live.onModuleDestroy();
  });

  describe('at the end of the application', () => {
    it('is asked no more, by the clock of the system too', async () => {
      jest.useFakeTimers();
      try {
        let loads = 0;
        const load = () => {
          loads++;
          return {};
        };
        const live = new LiveConfiguration(
          { load, refreshEvery: '10s' },
          { take: () => [] },
        );
        await live.onModuleInit();
        await jest.advanceTimersByTimeAsync(10_000);
        expect(loads).toBe(2);

        live.onModuleDestroy();
        await jest.advanceTimersByTimeAsync(60_000);

        expect(loads).toBe(2);
      } finally {
        jest.useRealTimers();
      }
    });

    it('has no load aborted that is over', async () => {
      const bench = new LiveBench();
      await bench.start();

      bench.stop();

      expect(bench.signals[0]!.aborted).toBe(false);
    });

    it('is not followed by what was answered before and is only now heard', async () => {
      const bench = new LiveBench();
      bench.answer = () => {
        bench.stop();
        return { circuits: { payments: { openDuration: '5s' } } };
      };

      await bench.start();

      expect(bench.payments.rules.openDuration).toBe(60_000);
      expect(bench.complaints).toEqual([]);
    });

    it('is asked no more', async () => {
      const bench = new LiveBench({ refreshEvery: '10s' });
      await bench.start();

      bench.stop();
      await bench.advance(60_000);

      expect(bench.loads).toBe(1);
      expect(bench.clock.pending).toBe(0);
    });

    it('has its load under way aborted, without a complaint', async () => {
      const bench = new LiveBench({ refreshEvery: '10s' });
      bench.answer = () => new Promise(() => {});
      const start = bench.start();

      bench.stop();
      await start;

      expect(bench.signals[0]!.aborted).toBe(true);
      expect(bench.complaints).toEqual([]);
      expect(bench.clock.pending).toBe(0);
    });
  });

  describe('that is an Observable', () => {
    it('has no settings, whatever its fields are called', () => {
      const configSource = Object.assign(of({}), { timeout: 'never' });

      expect(() => new RegistryBench({ configSource })).not.toThrow();
    });

    it('changes options at each value, and not after the end', async () => {
      const changes = new Subject<LiveOptions>();
      const bench = new LiveBench(changes);
      await bench.start();

      changes.next({ circuits: { payments: { openDuration: '5s' } } });
      expect(bench.payments.rules.openDuration).toBe(5_000);
      changes.next({
        circuits: { payments: { openDuration: 0, mode: 'x' as never } },
      });
      expect(bench.payments.rules.openDuration).toBe(5_000);
      await settled();
      expect(bench.complaints).toHaveLength(1);

      bench.stop();
      expect(changes.observed).toBe(false);
    });

    it('leaves the options as they are when it fails', async () => {
      const changes = new Subject<LiveOptions>();
      const bench = new LiveBench(changes);
      await bench.start();
      changes.next({ circuits: { payments: { openDuration: '5s' } } });

      changes.error(new Error('the stream broke'));

      expect(bench.payments.rules.openDuration).toBe(5_000);
      expect(bench.complaints).toEqual([
        expect.stringContaining('has ended: the stream broke'),
      ]);
    });
  });
});

/** Timers that keep the process alive. */
function liveTimers(): number {
  const kept = process.getActiveResourcesInfo();
  return kept.filter(each => each === 'Timeout').length;
}
