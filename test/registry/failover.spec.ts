import { describe, expect, it } from '@jest/globals';
import { CallTimeoutException } from '../../lib/errors/call-timeout.exception.js';
import { CircuitOpenException } from '../../lib/errors/circuit-open.exception.js';
import { FailoverException } from '../../lib/errors/failover.exception.js';
import { InvalidOptionsError } from '../../lib/errors/invalid-options.error.js';
import { UnknownCircuitError } from '../../lib/errors/unknown-circuit.error.js';
import type { FailoverCall } from '../../lib/registry/failover.js';
import type { CircuitOptions } from '../../lib/state/circuit-options.js';
import { settled } from '../support/policy-host.js';
import { RegistryBench } from '../support/registry-bench.js';

const KEYS = ['eu', 'us', 'ap'] as const;

/** Backends that answer with their key, or throw what they are told to. */
class Backends extends RegistryBench {
  readonly called: string[] = [];
  readonly broken = new Map<string, unknown>();

  constructor(options: CircuitOptions = {}) {
    super({
      circuits: {
        search: { openJitter: 0, consecutiveFailures: 1, ...options },
      },
    });
  }

  readonly call: FailoverCall<string> = key => {
    this.called.push(key);
    if (this.broken.has(key)) return Promise.reject(this.broken.get(key));
    return key;
  };

  /** Calls, and answers with what came of it and who was asked. */
  async ask(keys: Iterable<string> = KEYS) {
    this.called.length = 0;
    const answer = await this.registry.failover('search', keys, this.call);
    return { answer, asked: [...this.called] };
  }

  open(...keys: string[]): this {
    for (const key of keys) {
      this.circuit(key).tryAcquire()!.failure(new Error('down'));
    }
    return this;
  }

  circuit(key: string) {
    return this.registry.keyed('search', key);
  }
}

describe('registry.failover', () => {
  it('asks the first backend alone while it answers', async () => {
    const backends = new Backends();

    await expect(backends.ask()).resolves.toEqual({
      answer: 'eu',
      asked: ['eu'],
    });
    expect(backends.circuit('eu').totals.successes).toBe(1);
  });

  it('goes on to the next one at a failure, which counts in its own circuit alone', async () => {
    const backends = new Backends({ consecutiveFailures: 5 });
    backends.broken.set('eu', new Error('down'));

    await expect(backends.ask()).resolves.toEqual({
      answer: 'us',
      asked: ['eu', 'us'],
    });

    expect(backends.circuit('eu').totals).toMatchObject({
      failures: 1,
      fallbacks: 0,
    });
    expect(backends.circuit('us').totals.successes).toBe(1);
    expect(backends.circuit('ap').totals.calls).toBe(0);
  });

  describe('the order', () => {
    it('skips those that are open', async () => {
      const backends = new Backends().open('eu');

      await expect(backends.ask()).resolves.toEqual({
        answer: 'us',
        asked: ['us'],
      });
      expect(backends.circuit('eu').totals.rejected).toBe(0);
    });

    it('skips those that are forced open', async () => {
      const backends = new Backends();
      backends.circuit('eu').forceOpen();

      expect((await backends.ask()).asked).toEqual(['us']);
    });

    it('is closed ones as they are given, then those that are half-open or due', async () => {
      const backends = new Backends().open('eu', 'us');
      backends.clock.advance(60_000);
      backends.circuit('us').tryAcquire()!.release();
      expect(backends.circuit('us').state).toBe('half-open');
      for (const key of KEYS) backends.broken.set(key, new Error('down'));

      await expect(backends.ask()).rejects.toThrow(FailoverException);

      expect(backends.called).toEqual(['ap', 'eu', 'us']);
    });

    it('takes a forced-closed one for closed', async () => {
      const backends = new Backends();
      backends.circuit('eu').forceClosed();

      expect((await backends.ask()).asked).toEqual(['eu']);
    });

    it('is not touched by circuits in shadow mode, which reject nothing', async () => {
      const backends = new Backends({ mode: 'shadow' }).open('eu');
      expect(backends.circuit('eu').state).toBe('open');

      expect((await backends.ask()).asked).toEqual(['eu']);
    });

    it('asks a key that is given twice once', async () => {
      const backends = new Backends({ consecutiveFailures: 9 });
      backends.broken.set('eu', new Error('down'));

      expect((await backends.ask(['eu', 'eu', 'us'])).asked).toEqual([
        'eu',
        'us',
      ]);
    });

    it('has one that is overdue once: if it refuses then, it is asked no more', async () => {
      const backends = new Backends({ halfOpen: { calls: 1 } });
      await passOver(backends);
      for (const key of KEYS) backends.broken.set(key, new Error('down'));
      backends.clock.advance(30_000);

      const failed = await failureOf(
        backends.registry.failover('search', KEYS, backends.call),
      );

      expect(failed.errors.map(({ key }) => key)).toEqual(['eu', 'us', 'ap']);
    });

    it('asks one that opened while the others failed no more', async () => {
      const backends = new Backends();

      const answer = await backends.registry.failover('search', KEYS, key => {
        if (key === 'eu') backends.open('us');
        return key === 'eu' ? Promise.reject(new Error('down')) : key;
      });

      expect(answer).toBe('ap');
    });
  });

  describe('recovery', () => {
    it('leaves one that is due alone while a closed one answers', async () => {
      const backends = new Backends();

      expect(await passOver(backends)).toEqual(['us']);
      backends.clock.advance(29_999);
      expect((await backends.ask()).asked).toEqual(['us']);
    });

    it('lets one call try it first when it was passed over for probeAfter', async () => {
      const backends = new Backends();
      await passOver(backends);
      backends.clock.advance(30_000);

      const first = await backends.ask();
      const second = await backends.ask();

      expect(first).toEqual({ answer: 'eu', asked: ['eu'] });
      expect(second.asked).toEqual(['us']);
    });

    it('counts probeAfter from the first call that passed it over, not the latest', async () => {
      const backends = new Backends();
      await passOver(backends);
      backends.clock.advance(20_000);
      await backends.ask();
      backends.clock.advance(10_000);

      expect((await backends.ask()).asked).toEqual(['eu']);
    });

    it('asks the others when that probe fails', async () => {
      const backends = new Backends();
      await passOver(backends);
      backends.broken.set('eu', new Error('still down'));
      backends.clock.advance(30_000);

      expect(await backends.ask()).toEqual({
        answer: 'us',
        asked: ['eu', 'us'],
      });
    });

    it('closes it in the end, and then it is first again', async () => {
      const backends = new Backends({ halfOpen: { calls: 2 } });
      await passOver(backends);

      for (let probes = 0; probes < 2; probes++) {
        backends.clock.advance(30_000);
        await backends.ask();
      }

      expect(backends.circuit('eu').state).toBe('closed');
      expect((await backends.ask()).asked).toEqual(['eu']);
    });

    it('waits for probeAfter anew when it has been closed since', async () => {
      const backends = new Backends({ halfOpen: { calls: 1 } });
      await passOver(backends);
      backends.clock.advance(30_000);
      await backends.ask();
      expect((await backends.ask()).asked).toEqual(['eu']);

      expect(await passOver(backends)).toEqual(['us']);
    });

    it('can be left to those who call it otherwise', async () => {
      const backends = new Backends();
      await passOver(backends);
      backends.clock.advance(3_600_000);

      await expect(
        backends.registry.failover('search', KEYS, backends.call, {
          probeAfter: false,
        }),
      ).resolves.toBe('us');
    });
  });

  describe('when nobody answers', () => {
    it('tells the error of each, in the order in which they were tried', async () => {
      const backends = new Backends().open('us');
      const [eu, ap] = [new Error('eu is down'), { status: 500 }];
      backends.broken.set('eu', eu).set('ap', ap);

      const error = await failureOf(backends.ask());

      expect(error).toBeInstanceOf(FailoverException);
      expect(error.circuit).toBe('search');
      expect(error.errors).toEqual([
        { key: 'eu', error: eu },
        { key: 'ap', error: ap },
        { key: 'us', error: expect.any(CircuitOpenException) },
      ]);
      expect(backends.called).toEqual(['eu', 'ap']);
      expect(backends.circuit('us').totals.rejected).toBe(1);
    });

    it('has tried those that may be probed before those that refuse', async () => {
      const backends = new Backends({ openDuration: '10s' }).open('us');
      backends.clock.advance(10_000);
      backends.circuit('eu').forceOpen();
      backends.broken.set('us', new Error('still down'));

      const error = await failureOf(backends.ask(['eu', 'us']));

      expect((error as FailoverException).errors.map(({ key }) => key)).toEqual(
        ['us', 'eu'],
      );
    });

    it('is a 503 that tells the client no more than the name', async () => {
      const backends = new Backends();
      for (const key of KEYS) backends.broken.set(key, new Error(`secret`));

      const error = await failureOf(backends.ask());

      expect(error.getStatus()).toBe(503);
      expect(error.getResponse()).toEqual({
        statusCode: 503,
        error: 'Service Unavailable',
        message: 'No backend of "search" answered',
        circuit: 'search',
      });
      expect(error.cause).toBeInstanceOf(AggregateError);
      expect((error.cause as AggregateError).message).toBe(
        'eu: secret; us: secret; ap: secret',
      );
    });
  });

  it.each([
    ['an answer such as 404', { status: 404 }],
    ['an error that the rules ignore', new TypeError('mine')],
  ])(
    'gives %s to the caller: another would say the same',
    async (_w, error) => {
      const backends = new Backends({ ignoreErrors: [TypeError] });
      backends.broken.set('eu', error);

      await expect(backends.ask()).rejects.toBe(error);
      expect(backends.called).toEqual(['eu']);
    },
  );

  it('has one budget of retries for all of its calls', async () => {
    const { registry, clock } = new RegistryBench({
      circuits: { search: { consecutiveFailures: false } },
    });
    let attempts = 0;
    const options = {
      retry: {
        attempts: 2,
        backoff: { initial: 1, max: 1 },
        budget: { ratio: 0, burst: 1, per: '10s' },
      },
    } as const;
    const ask = async () => {
      const failed = failureOf(
        registry.failover(
          'search',
          ['eu'],
          () => {
            attempts++;
            return Promise.reject(new Error('down'));
          },
          options,
        ),
      );
      await settled();
      clock.advance(1);
      await failed;
    };

    await ask();
    await ask();

    expect(attempts).toBe(3);
  });

  it('counts by the circuit that each key has when its backend is called', async () => {
    const { registry } = new RegistryBench({
      circuits: { search: { maxKeys: 1 } },
    });
    for (let i = 0; i < 3; i++) {
      await registry.failover('search', ['dead', 'good'], async key => {
        if (key === 'dead') throw new Error('down');
        return key;
      });
    }
    expect(registry.totals('search')).toMatchObject({
      failures: 3,
      successes: 3,
    });
  });

  it('goes on at a refusal by a bulkhead', async () => {
    const backends = new Backends({ bulkhead: { maxConcurrent: 1 } });
    void backends.registry.failover('search', ['eu'], hang);

    expect((await backends.ask()).asked).toEqual(['us']);
  });

  describe('the caller', () => {
    it('gets the reason of an abort at once, and nobody else is asked', async () => {
      const backends = new Backends();
      const controller = new AbortController();
      const signals: AbortSignal[] = [];
      const listen = (key: string, { signal }: { signal: AbortSignal }) => {
        backends.called.push(key);
        signals.push(signal);
        return hang();
      };
      const ask = backends.registry.failover('search', KEYS, listen, {
        signal: controller.signal,
      });

      controller.abort('gone');

      await expect(ask).rejects.toBe('gone');
      expect(backends.called).toEqual(['eu']);
      expect(signals[0]!.reason).toBe('gone');
      expect(backends.circuit('eu').totals).toMatchObject({
        failures: 0,
        ignored: 1,
      });
    });

    it('who has gone already calls nobody', async () => {
      const backends = new Backends();

      await expect(
        backends.registry.failover('search', KEYS, backends.call, {
          signal: AbortSignal.abort('gone'),
        }),
      ).rejects.toBe('gone');
      expect(backends.called).toEqual([]);
    });

    it('who goes between two backends calls no other', async () => {
      const backends = new Backends();
      const controller = new AbortController();
      const ask = backends.registry.failover(
        'search',
        KEYS,
        (key, context) => {
          backends.broken.set(key, new Error('down'));
          controller.abort('gone');
          return backends.call(key, context);
        },
        { signal: controller.signal },
      );

      await expect(ask).rejects.toBe('gone');
      expect(backends.called).toEqual(['eu']);
    });
  });

  describe('options', () => {
    it('have a timeout for each attempt, after which the next one is asked', async () => {
      const backends = new Backends();
      const ask = backends.registry.failover(
        'search',
        KEYS,
        key => (key === 'eu' ? hang() : key),
        { timeout: '1s' },
      );
      await settled();

      backends.clock.advance(1_000);

      await expect(ask).resolves.toBe('us');
      expect(backends.circuit('eu').totals).toMatchObject({ timeouts: 1 });
    });

    it('have a deadline for all of it', async () => {
      const signals: AbortSignal[] = [];
      const backends = new Backends();
      const ask = backends.registry.failover(
        'search',
        KEYS,
        (key, { signal }) => {
          backends.called.push(key);
          signals.push(signal);
          return hang();
        },
        { timeout: '1s', deadline: '1500ms' },
      );
      await settled();
      backends.clock.advance(1_000);
      await settled();

      backends.clock.advance(500);

      await expect(ask).rejects.toBeInstanceOf(CallTimeoutException);
      expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
      backends.clock.advance(5_000);
      await settled();
      expect(backends.called).toEqual(['eu', 'us']);
    });

    it('have retries for each backend', async () => {
      const backends = new Backends({ consecutiveFailures: 9 });
      backends.broken.set('eu', new Error('down'));
      const ask = backends.registry.failover('search', KEYS, backends.call, {
        retry: { attempts: 2, backoff: { initial: 0 }, budget: false },
      });
      await settled();
      backends.clock.advance(0);

      await expect(ask).resolves.toBe('us');
      expect(backends.called).toEqual(['eu', 'eu', 'us']);
    });

    it('share the budget of a backend, also where each call brings its own', async () => {
      const { registry, clock } = new Backends({ consecutiveFailures: 100 });
      let attempts = 0;
      const fail = () => {
        attempts++;
        return Promise.reject(new Error('down'));
      };
      const options = {
        retry: {
          attempts: 2,
          backoff: { initial: 10, jitter: 0 },
          budget: { ratio: 0, burst: 1 },
        },
      };
      const run = async (given: typeof options) => {
        const failed = failureOf(
          registry.failover('search', ['eu'], fail, given),
        );
        await settled();
        clock.advance(10);
        await failed;
      };

      for (let i = 0; i < 3; i++) await run(structuredClone(options));
      expect(attempts).toBe(4);
    });

    it('count an answer as a failure that is none, and give it all the same', async () => {
      const backends = new Backends();

      const answer = await backends.registry.failover(
        'search',
        KEYS,
        backends.call,
        { isFailureResult: result => result === 'eu' },
      );

      expect(answer).toBe('eu');
      expect(backends.circuit('eu').totals).toMatchObject({ failures: 1 });
    });

    it('have one that is due tried first by the second call already, with probeAfter 0', async () => {
      const backends = new Backends({ openDuration: '10s' }).open('eu');
      backends.clock.advance(10_000);
      const ask = () =>
        backends.registry.failover('search', KEYS, backends.call, {
          probeAfter: 0,
        });

      expect([await ask(), await ask()]).toEqual(['us', 'eu']);
    });

    it('say what probeAfter takes', async () => {
      const { registry, call } = new Backends();

      await expect(
        registry.failover('search', KEYS, call, { probeAfter: 'soon' }),
      ).rejects.toThrow(
        "probeAfter: got 'soon', takes a duration: milliseconds, or a string such as '30s', or false",
      );
    });

    it.each([{ fallback: () => 1 }, { timeout: 0 }, { probeAfter: 'soon' }, 5])(
      'refuse %p',
      async options => {
        const { registry, call } = new Backends();

        await expect(
          registry.failover('search', KEYS, call, options as object),
        ).rejects.toThrow(InvalidOptionsError);
        await expect(
          registry.failover('search', KEYS, call, options as object),
        ).rejects.toThrow('Failover "search"');
      },
    );
  });

  it('says what it was given in the place of keys', async () => {
    const { registry, call } = new Backends();

    await expect(registry.failover('search', [], call)).rejects.toThrow(
      'Failover "search": got []; it takes the keys of at least one backend.',
    );
  });

  it.each([[[]], [[5]]])('needs keys, not %p', async keys => {
    const { registry, call } = new Backends();

    await expect(
      registry.failover('search', keys as unknown as string[], call),
    ).rejects.toThrow(TypeError);
  });

  it('needs a declared name', async () => {
    const { registry, call } = new Backends();

    await expect(registry.failover('serach', KEYS, call)).rejects.toThrow(
      UnknownCircuitError,
    );
  });
});

/** Has one backend open, due, and passed over by a first call. */
async function passOver(backends: Backends): Promise<string[]> {
  backends.open('eu');
  backends.clock.advance(60_000);
  return (await backends.ask()).asked;
}

function hang(): Promise<never> {
  return new Promise(() => {});
}

async function failureOf(call: Promise<unknown>): Promise<FailoverException> {
  return call.then(
    () => {
      throw new Error('it answered');
    },
    (error: unknown) => error as FailoverException,
  );
}
