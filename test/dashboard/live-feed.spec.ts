import type { ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import type { Circuit } from '../../lib/circuit/circuit.js';
import { viewCircuit, viewFigures } from '../../lib/dashboard/circuit-view.js';
import { LiveFeed } from '../../lib/dashboard/live-feed.js';
import { TrafficSampler } from '../../lib/dashboard/traffic-sampler.js';
import { Viewer } from '../../lib/dashboard/viewer.js';
import type { CircuitBreakerModuleOptions } from '../../lib/registry/module-options.js';
import { RegistryBench } from '../support/registry-bench.js';

const NOON = Date.UTC(2030, 0, 1, 12);
const STATUS = { joined: true, reason: null, instances: 3 };

beforeEach(
  () =>
    void jest.useFakeTimers({
      now: NOON,
      // Streams live on these.
      doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'],
    }),
);
afterEach(() => void jest.useRealTimers());

describe('a reader who comes', () => {
  it('is told everything', () => {
    const { payments, join } = bench();
    expect(join().heard()).toEqual([
      {
        event: 'snapshot',
        data: {
          at: NOON,
          instance: 'this',
          actions: true,
          fleet: null,
          circuits: [viewCircuit(payments)],
          omitted: 0,
        },
      },
    ]);
  });

  it('is told what happened in five minutes, in steps of five seconds, where there were calls', async () => {
    const { registry, payments, join, pass } = bench({
      circuits: { payments: {}, search: {} },
    });
    await payments.execute(() => 1);
    pass(1);
    await payments.execute(() => 1);
    pass(1);
    const [{ data }] = join().heard() as [Message];
    const [withCalls, without] = data['circuits'] as [object, object];
    expect(withCalls).toMatchObject({
      name: 'payments',
      history: {
        step: 5,
        until: NOON + 2_000,
        calls: [...Array<number>(59).fill(0), 2],
      },
    });
    expect(without).toEqual(viewCircuit(registry.get('search')));
  });

  it('gets the message that another got at the same time', () => {
    const { feed, join } = bench();
    join();
    expect(feed.everything()).toBe(feed.everything());
  });

  it('between a change and its telling is told how it is now', () => {
    const { payments, join } = bench();
    join();
    payments.forceOpen();
    expect(join().heard()).toMatchObject([
      { data: { circuits: [{ state: 'forced-open' }] } },
    ]);
  });

  it('a second later is told the figures of that second', async () => {
    const { payments, join, pass } = bench();
    join();
    await payments.execute(() => 1);
    pass(1);
    expect(join().heard()).toMatchObject([
      { data: { at: NOON + 1_000, circuits: [{ totals: { calls: 1 } }] } },
    ]);
  });

  it('after all others have gone is told everything anew', () => {
    const { feed, payments, join } = bench();
    const { viewer } = join();
    feed.remove(viewer);
    payments.forceOpen();
    expect(join().heard()).toMatchObject([
      { event: 'snapshot', data: { circuits: [{ state: 'forced-open' }] } },
    ]);
  });

  it('finds room among 99 others, and not among a hundred', () => {
    const { feed, join } = bench();
    const readers = Array.from({ length: 99 }, join);
    expect(feed.hasRoom).toBe(true);
    join();
    expect(feed.hasRoom).toBe(false);
    feed.remove(readers[50]!.viewer);
    expect(feed.hasRoom).toBe(true);
  });
});

describe('a change of state', () => {
  it('is told a quarter of a second after the first, with what came meanwhile, once', () => {
    const { payments, join } = bench();
    const { heard } = join();
    heard();
    payments.forceOpen();
    jest.advanceTimersByTime(100);
    payments.releaseOverride();
    payments.forceClosed();
    jest.advanceTimersByTime(149);
    expect(heard()).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(heard()).toEqual([
      {
        event: 'circuits',
        data: {
          at: NOON + 250,
          circuits: [viewCircuit(payments)],
          removed: [],
        },
      },
    ]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each(['that trips', 'that closes'])(
    'is told of a circuit %s by its calls, too',
    what => {
      const { payments, join } = bench({
        circuits: {
          payments: {
            consecutiveFailures: 1,
            openDuration: 1,
            halfOpen: { calls: 1 },
          },
        },
      });
      if (what === 'that closes') {
        payments.forceOpen();
        payments.releaseOverride();
      }
      const { heard } = join();
      heard();
      const permit = payments.tryAcquire()!;
      if (what === 'that trips') permit.failure(new Error('no'));
      else permit.success();
      jest.advanceTimersByTime(250);
      expect(heard()).toMatchObject([
        {
          event: 'circuits',
          data: {
            circuits: [{ state: what === 'that trips' ? 'open' : 'closed' }],
          },
        },
      ]);
    },
  );

  it.each(['whose wait the fleet has made longer', 'that was reset'])(
    'is none of a circuit %s; it is told all the same, within a second',
    what => {
      const { payments, join, pass } = bench();
      const isOpen = what !== 'that was reset';
      if (isOpen) payments.machine.follow(sharedOpen(10_000));
      const { heard } = join();
      heard();
      if (isOpen) payments.machine.follow(sharedOpen(20_000));
      else payments.reset();
      pass(0);
      expect(heard()).toMatchObject([
        { event: 'circuits', data: { circuits: [viewCircuit(payments)] } },
        { event: 'figures' },
      ]);
      pass(1);
      expect(heard()).toMatchObject([{ event: 'figures' }]);
    },
  );

  it('is told again after another', () => {
    const { payments, join } = bench();
    const { heard } = join();
    payments.forceOpen();
    jest.advanceTimersByTime(250);
    heard();
    payments.forceClosed();
    jest.advanceTimersByTime(250);
    expect(heard()).toMatchObject([
      { event: 'circuits', data: { circuits: [{ state: 'forced-closed' }] } },
    ]);
  });

  it('is told of the circuit alone that has changed', () => {
    const { payments, join } = bench({ circuits: { payments: {}, other: {} } });
    const { heard } = join();
    heard();
    payments.forceOpen();
    jest.advanceTimersByTime(250);
    expect(heard()[0]!.data['circuits']).toEqual([viewCircuit(payments)]);
  });

  it('is told before the figures of its second, and then not once more', () => {
    const { payments, join, pass } = bench();
    const { heard } = join();
    heard();
    jest.advanceTimersByTime(900);
    payments.forceOpen();
    pass(0);
    expect(heard().map(({ event }) => event)).toEqual(['circuits', 'figures']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('has no history with it: the reader goes on from the one that it has', async () => {
    const { payments, join, pass } = bench();
    await payments.execute(() => 1);
    pass(1);
    const { heard } = join();
    expect(JSON.stringify(heard())).toContain('history');
    payments.forceOpen();
    jest.advanceTimersByTime(250);
    expect(JSON.stringify(heard())).not.toContain('history');
  });

  it.each(['a quarter of a second later', 'when its second ends'])(
    'of the rules is told alike, %s',
    when => {
      const { registry, join, pass } = bench();
      const { heard } = join();
      heard();
      registry.configure('payments', { minimumCalls: 7 });
      if (when === 'when its second ends') pass(0);
      else jest.advanceTimersByTime(250);
      expect(heard()[0]).toMatchObject({
        event: 'circuits',
        data: { circuits: [{ thresholds: { minimumCalls: 7 } }] },
      });
    },
  );
});

describe('the figures of a second', () => {
  it('are told of the circuits that had calls, to everybody', async () => {
    const { payments, join, pass } = bench({
      circuits: { payments: {}, other: {} },
    });
    const readers = [join(), join()];
    for (const { heard } of readers) heard();
    await payments.execute(() => 1);
    pass(1);
    for (const { heard } of readers) {
      expect(heard()).toEqual([
        {
          event: 'figures',
          data: {
            at: NOON + 1_000,
            fleet: null,
            figures: [viewFigures(payments)],
          },
        },
      ]);
    }
  });

  it('are a sign of life where nothing happened', () => {
    const { join, pass } = bench();
    const { heard } = join();
    heard();
    pass(1);
    expect(heard()).toEqual([
      {
        event: 'figures',
        data: { at: NOON + 1_000, fleet: null, figures: [] },
      },
    ]);
  });

  it('are told of a closed circuit whose limit refused a call', async () => {
    const { payments, join, pass } = bench({
      circuits: { payments: { rateLimit: { limit: 1, interval: '1h' } } },
    });
    await payments.execute(() => 1);
    const { toldFigures } = join();
    await payments.execute(() => 1).catch(() => undefined);
    pass(1);
    expect(toldFigures()).toEqual(['payments']);
    pass(1);
    expect(toldFigures()).toEqual([]);
  });

  it('are told of a circuit whose cache answered without a call', async () => {
    const { payments, join, pass } = bench();
    const call = payments.wrap(() => 1, {
      cache: { freshFor: '1h', staleFor: '1h', key: () => 'one' },
    });
    await call();
    const { toldFigures } = join();
    await call();
    pass(1);
    expect(toldFigures()).toEqual(['payments']);
    pass(1);
    expect(toldFigures()).toEqual([]);
  });

  it('are told while calls are in flight, for they grow slow', () => {
    const { payments, join, pass } = bench();
    const { toldFigures } = join();
    const permit = payments.tryAcquire()!;
    for (let second = 0; second < 3; second++) {
      pass(1);
      expect(toldFigures()).toEqual(['payments']);
    }
    permit.release();
  });

  it('are told while a circuit is not closed, for its wait runs', () => {
    const { payments, join, pass } = bench();
    payments.forceOpen();
    const { toldFigures } = join();
    for (let second = 0; second < 3; second++) {
      pass(1);
      expect(toldFigures()).toEqual(['payments']);
    }
  });

  it('are told every fifth second where calls only grow old, each circuit in a second of its own', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'idle'];
    const { registry, join, pass } = bench({
      circuits: Object.fromEntries(names.map(name => [name, {}])),
    });
    for (const name of names.slice(0, -1)) {
      await registry.get(name).execute(() => 1);
    }
    const { toldFigures } = join();
    const seconds = Array.from({ length: 10 }, () => {
      pass(1);
      return toldFigures().join();
    });
    expect(seconds.slice(0, 5).toSorted()).toEqual(names.slice(0, -1));
    expect(seconds.slice(5)).toEqual(seconds.slice(0, 5));
  });

  it('are told with how the fleet is doing, as everything is', () => {
    const { registry, join, pass } = bench();
    registry.coordinate({ status: STATUS, attach() {}, detach() {} });
    const { heard } = join();
    pass(1);
    expect(heard()).toMatchObject([
      { event: 'snapshot', data: { fleet: STATUS } },
      { event: 'figures', data: { fleet: STATUS } },
    ]);
  });
});

describe('a keyed circuit', () => {
  const one = { circuits: { payments: { maxKeys: 1 } } };

  it('that has come is told of within a second', () => {
    const { registry, join, pass } = bench();
    const { heard } = join();
    heard();
    const acme = registry.keyed('payments', 'acme');
    pass(1);
    expect(heard()).toMatchObject([
      { event: 'circuits', data: { circuits: [viewCircuit(acme)] } },
      { event: 'figures' },
    ]);
    pass(1);
    expect(heard()).toMatchObject([{ event: 'figures' }]);
  });

  it('that was let go is told of before the one in its place', () => {
    const { registry, join, pass } = bench(one);
    registry.keyed('payments', 'a');
    const { heard } = join();
    heard();
    const { name, key } = registry.keyed('payments', 'b');
    pass(1);
    expect(heard()).toMatchObject([
      {
        event: 'circuits',
        data: {
          at: NOON + 1_000,
          circuits: [],
          removed: [{ name: 'payments', key: 'a' }],
        },
      },
      { event: 'circuits', data: { circuits: [{ name, key }], removed: [] } },
      { event: 'figures' },
    ]);
    pass(1);
    expect(heard()).toMatchObject([{ event: 'figures' }]);
  });

  it('that was let go and has come back in the same second is told of last', () => {
    const { registry, join, pass } = bench(one);
    registry.keyed('payments', 'a');
    const { heard } = join();
    heard();
    registry.keyed('payments', 'b');
    registry.keyed('payments', 'a');
    pass(1);
    const a = { name: 'payments', key: 'a' };
    expect(heard()).toMatchObject([
      { event: 'circuits', data: { circuits: [], removed: [a] } },
      { event: 'circuits', data: { circuits: [a], removed: [] } },
      { event: 'figures' },
    ]);
  });

  it('that took the place of one and changed before the next second is not lost', () => {
    const { registry, join, pass } = bench(one);
    registry.keyed('payments', 'a');
    const { heard } = join();
    heard();
    registry.keyed('payments', 'b');
    const a = registry.keyed('payments', 'a');
    a.forceOpen();
    jest.advanceTimersByTime(250);
    pass(1);
    expect(heard()).toMatchObject([
      {
        event: 'circuits',
        data: { circuits: [], removed: [{ name: 'payments', key: 'a' }] },
      },
      { event: 'circuits', data: { circuits: [{ state: 'forced-open' }] } },
      { event: 'figures' },
    ]);
  });

  it.each(['that was told of', 'that nobody was told of'])(
    '%s, has changed and was let go is not shown again',
    which => {
      const { registry, join, pass } = bench(one);
      const isTold = which === 'that was told of';
      if (isTold) registry.keyed('payments', 'a');
      const { heard } = join();
      heard();
      registry.keyed('payments', 'a').forceClosed();
      registry.keyed('payments', 'a').releaseOverride();
      const b = registry.keyed('payments', 'b');
      pass(0);
      const messages = heard();
      expect(messages.flatMap(({ data }) => data['circuits'] ?? [])).toEqual([
        viewCircuit(b),
      ]);
      expect(messages.flatMap(({ data }) => data['removed'] ?? [])).toEqual(
        isTold ? [{ name: 'payments', key: 'a' }] : [],
      );
      jest.advanceTimersByTime(250);
      pass(1);
      expect(heard()).toMatchObject([{ event: 'figures' }]);
    },
  );

  it('for which there is no room is counted, and takes no other’s place', () => {
    const { registry, join, pass } = bench({
      circuits: { payments: { maxKeys: 3_000 } },
    });
    for (let key = 0; key < 2_000; key++) {
      registry.keyed('payments', String(key));
    }
    const { heard } = join();
    const [{ data }] = heard() as [Message];
    expect(data['circuits']).toHaveLength(2_000);
    expect(data['omitted']).toBe(1);
    // The first is now the one used last, behind the one that is not shown.
    registry.keyed('payments', '0');
    pass(1);
    expect(heard()).toMatchObject([{ event: 'figures' }]);
  });
});

describe('a feed that nobody reads', () => {
  it('builds nothing, and has no timer', () => {
    const { payments, pass } = bench();
    const views = jest.spyOn(payments, 'snapshot');
    payments.forceOpen();
    pass(1);
    expect(views).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('stops its timer and listens no more when the last reader goes, not before', () => {
    const { feed, payments, join } = bench();
    const [first, second] = [join(), join()] as const;
    payments.forceOpen();
    feed.remove(first.viewer);
    expect(jest.getTimerCount()).toBe(1);
    feed.remove(second.viewer);
    expect(jest.getTimerCount()).toBe(0);
    payments.forceClosed();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('has forgotten a change that nobody was told of', () => {
    const { feed, payments, join, pass } = bench();
    const { viewer } = join();
    payments.forceOpen();
    feed.remove(viewer);
    const { heard } = join();
    pass(1);
    expect(heard().map(({ event }) => event)).toEqual(['snapshot', 'figures']);
  });

  it('tells the next reader of changes in time, whatever the last was not told', () => {
    const { feed, payments, join } = bench();
    const { viewer } = join();
    payments.forceOpen();
    feed.remove(viewer);
    const { heard } = join();
    heard();
    payments.forceClosed();
    jest.advanceTimersByTime(250);
    expect(heard().map(({ event }) => event)).toEqual(['circuits']);
  });

  it('has forgotten the circuits that went meanwhile', () => {
    const { registry, feed, join } = bench({
      circuits: { payments: { maxKeys: 1 } },
    });
    registry.keyed('payments', 'a');
    feed.remove(join().viewer);
    registry.keyed('payments', 'b');
    expect(join().heard()).toMatchObject([
      { data: { circuits: [{ key: null }, { key: 'b' }] } },
    ]);
  });

  it('tells a reader who has gone nothing more', () => {
    const { feed, payments, join, pass } = bench();
    const { viewer, heard } = join();
    const other = join();
    heard();
    other.heard();
    feed.remove(viewer);
    payments.forceOpen();
    pass(1);
    expect(heard()).toEqual([]);
    expect(other.heard()).toHaveLength(2);
  });

  it('holds no process while a change waits to be told', () => {
    jest.useRealTimers();
    const { feed, payments, join } = bench();
    const { viewer } = join();
    const before = timersThatHold();
    payments.forceOpen();
    expect(timersThatHold()).toBe(before);
    feed.remove(viewer);
  });
});

describe('a feed that closes', () => {
  it('ends every stream and tells nothing more', () => {
    const { feed, payments, join, pass } = bench();
    const readers = [join(), join()];
    payments.forceOpen();
    for (const { heard } of readers) heard();
    feed.close();
    expect(readers.map(({ stream }) => stream.writableEnded)).toEqual([
      true,
      true,
    ]);
    expect(jest.getTimerCount()).toBe(0);
    const views = jest.spyOn(payments, 'snapshot');
    pass(1);
    expect(views).not.toHaveBeenCalled();
    for (const { viewer, heard } of readers) {
      feed.remove(viewer);
      expect(heard()).toEqual([]);
    }
    expect(feed.hasRoom).toBe(true);
  });
});

it('a reader who is behind for more than fifteen seconds loses its connection', () => {
  const { join, pass } = bench();
  const { stream } = join({ highWaterMark: 1 });
  pass(15);
  expect(stream.destroyed).toBe(false);
  pass(1);
  expect(stream.destroyed).toBe(true);
});

/** What a circuit is told when its fleet opens. */
function sharedOpen(wait: number) {
  return { state: 'open', attempt: 1, wait, reason: 'of a test' } as const;
}

interface Message {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

function bench(
  options: CircuitBreakerModuleOptions = { circuits: { payments: {} } },
) {
  const { registry, clock } = new RegistryBench(options);
  const sampler = new TrafficSampler(registry);
  const about = { instance: 'this', actions: true };
  const feed = new LiveFeed(registry, sampler, about);
  sampler.sample(Date.now());
  return {
    registry,
    feed,
    get payments(): Circuit {
      return registry.get('payments');
    },
    /** Has seconds pass as a dashboard does; with 0, the one that runs ends now. */
    pass(seconds: number) {
      for (let left = Math.max(1, seconds); left > 0; left--) {
        if (seconds > 0) jest.advanceTimersByTime(1_000);
        clock.advance(1_000);
        sampler.sample(Date.now());
        feed.tick();
      }
    },
    join: (settings = {}) => addReader(feed, settings),
  };
}

/** A reader at the other end of a stream, which has room for everything unless told otherwise. */
function addReader(feed: LiveFeed, { highWaterMark = 2 ** 30 }) {
  const stream = new PassThrough({ highWaterMark });
  const viewer = new Viewer(stream as unknown as ServerResponse, () =>
    feed.everything(),
  );
  feed.add(viewer);
  const heard = () => messagesIn(String(stream.read() ?? ''));
  return {
    stream,
    viewer,
    heard,
    /** The circuits that the last second told figures of. */
    toldFigures: () =>
      (heard().at(-1)!.data['figures'] as { name: string }[]).map(
        ({ name }) => name,
      ),
  };
}

function messagesIn(text: string): Message[] {
  const blocks = text.split('\n\n');
  expect(blocks.pop()).toBe('');
  return blocks.map(block => {
    const [, event, data] = /^event: (\w+)\ndata: (.+)$/.exec(block)!;
    return { event: event!, data: JSON.parse(data!) as Message['data'] };
  });
}

/** Timers that keep a process from ending. */
function timersThatHold(): number {
  return process.getActiveResourcesInfo().filter(each => each === 'Timeout')
    .length;
}
