import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { context, trace, type Span } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { addSpanEvents } from '../../lib/opentelemetry/span-events.js';
import { CircuitBreakerOpenTelemetryModule } from '../../lib/opentelemetry/index.js';
import { CircuitBreaker } from '../../lib/protection/circuit-breaker.decorator.js';
import { CircuitBreakerRegistry } from '../../lib/registry/circuit-breaker.registry.js';
import { closeApps, rootModule, startContext } from '../support/nest-app.js';
import { RegistryBench } from '../support/registry-bench.js';

let exporter: InMemorySpanExporter;
let provider: BasicTracerProvider;

beforeEach(() => {
  exporter = new InMemorySpanExporter();
  provider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  context.setGlobalContextManager(
    new AsyncLocalStorageContextManager().enable(),
  );
  trace.setGlobalTracerProvider(provider);
});

afterEach(async () => {
  await closeApps();
  await provider.shutdown();
  trace.disable();
  context.disable();
});

/** The events of a span in which something was done. */
async function eventsOf(work: () => unknown) {
  const name = `span ${exporter.getFinishedSpans().length}`;
  await trace.getTracer('test').startActiveSpan(name, async span => {
    try {
      await work();
    } catch {
      // What the caller gets is not looked at here.
    } finally {
      span.end();
    }
  });
  const span = exporter.getFinishedSpans().find(each => each.name === name)!;
  return span.events.map(event => [event.name, event.attributes]);
}

const down = async () => {
  await Promise.resolve();
  throw new RangeError('down');
};

const downLater = async () => {
  await new Promise(resolve => {
    setImmediate(resolve);
  });
  throw new Error('down');
};

describe('the active span', () => {
  it('has an event for a transition, with its figures', async () => {
    const { registry } = bench();
    expect(
      await eventsOf(() => registry.get('payments').execute(down)),
    ).toEqual([
      [
        'circuit_breaker.transition',
        {
          'circuit_breaker.name': 'payments',
          'circuit_breaker.from': 'closed',
          'circuit_breaker.to': 'open',
          'circuit_breaker.reason': '1 calls in a row failed',
          'circuit_breaker.attempt': 1,
          'circuit_breaker.retry_after_ms': 60_000,
        },
      ],
    ]);
  });

  it('has an event for a rejection', async () => {
    const { registry, clock } = bench();
    await registry
      .get('payments')
      .execute(down)
      .catch(() => {});
    clock.advance(20_000);

    expect(
      await eventsOf(() => registry.get('payments').execute(down)),
    ).toEqual([
      [
        'circuit_breaker.rejected',
        {
          'circuit_breaker.name': 'payments',
          'circuit_breaker.code': 'CIRCUIT_OPEN',
          'circuit_breaker.state': 'open',
          'circuit_breaker.retry_after_ms': 40_000,
        },
      ],
    ]);
  });

  it('has an event for a fallback, with the kind of error and not its text', async () => {
    const { registry } = bench({ consecutiveFailures: 9 });
    expect(
      await eventsOf(() =>
        registry
          .get('payments')
          .execute(down, { fallback: (_error: unknown) => 'later' }),
      ),
    ).toEqual([
      [
        'circuit_breaker.fallback',
        { 'circuit_breaker.name': 'payments', 'error.type': 'RangeError' },
      ],
    ]);
  });

  it.each([
    ['secret', 'string'],
    [undefined, 'undefined'],
    [{ name: 'secret' }, 'object'],
  ])(
    'has the kind of what was thrown and is no error: %p',
    async (thrown, type) => {
      const { registry } = bench({ consecutiveFailures: 9 });
      const call = () => Promise.reject(thrown);
      const [[, attributes]] = (await eventsOf(() =>
        registry.get('payments').execute(call, { fallback: () => 'later' }),
      )) as [[string, object]];
      expect(attributes).toMatchObject({ 'error.type': type });
    },
  );

  it('has figures that are zero', async () => {
    const { registry } = bench();
    registry.get('payments').forceOpen();
    const [[, attributes]] = (await eventsOf(() =>
      registry.get('payments').reset(),
    )) as [[string, object]];
    expect(attributes).toMatchObject({ 'circuit_breaker.attempt': 0 });
  });

  it('is told nothing when it was not sampled', () => {
    const { registry } = bench();
    const addEvent = jest.fn();
    const span = { isRecording: () => false, addEvent } as unknown as Span;
    context.with(trace.setSpan(context.active(), span), () =>
      registry.get('payments').forceOpen(),
    );
    expect(addEvent).not.toHaveBeenCalled();
  });

  it('has the key of a keyed circuit', async () => {
    const { registry } = bench();
    const [[, attributes]] = (await eventsOf(() =>
      registry.keyed('payments', 'acme').forceOpen(),
    )) as [[string, object]];
    expect(attributes).toMatchObject({ 'circuit_breaker.key': 'acme' });
  });

  it('is that of the call, where several run at once', async () => {
    const { registry } = bench({ consecutiveFailures: 2 });
    const [first, second] = await Promise.all([
      eventsOf(() => registry.get('payments').execute(down)),
      // A name of its own: both start before one has finished.
      trace.getTracer('test').startActiveSpan('the slow one', async span => {
        await registry
          .get('payments')
          .execute(downLater)
          .catch(() => {});
        span.end();
        return exporter
          .getFinishedSpans()
          .find(({ name }) => name === 'the slow one')!
          .events.map(({ name }) => name);
      }),
    ]);
    expect(first).toEqual([]);
    expect(second).toEqual(['circuit_breaker.transition']);
  });

  it('may be missing, or over', async () => {
    const { registry } = bench();
    registry.get('payments').forceOpen();
    trace.getTracer('test').startActiveSpan('over', span => {
      span.end();
      registry.get('payments').reset();
    });
    expect(exporter.getFinishedSpans()[0]?.events).toEqual([]);
  });

  it('may be missing, which is no mistake that is told to the log', () => {
    const { registry, errors } = bench();
    registry.get('payments').forceOpen();
    expect(errors).toEqual([]);
  });

  it('costs only the kinds of events that it is told', () => {
    const { registry } = bench();
    const { emitter } = registry.get('payments').machine;
    expect(emitter.hears('rejected')).toBe(true);
    expect(emitter.hears('success')).toBe(false);
  });
});

@Injectable()
class Gateway {
  @CircuitBreaker('payments', {
    consecutiveFailures: 1,
    fallback: () => 'later',
  })
  charge(): Promise<string> {
    return down();
  }
}

describe('CircuitBreakerOpenTelemetryModule', () => {
  it('tells the span of a decorated method all that happened to it', async () => {
    const app = await startContext(
      rootModule({
        imports: [CircuitBreakerOpenTelemetryModule.forRoot()],
        providers: [Gateway],
      }),
    );
    const names = (await eventsOf(() => app.get(Gateway).charge())).map(
      ([name]) => name,
    );
    expect(names).toEqual([
      'circuit_breaker.transition',
      'circuit_breaker.fallback',
    ]);
    const later = (await eventsOf(() => app.get(Gateway).charge())).map(
      ([name]) => name,
    );
    expect(later).toEqual([
      'circuit_breaker.rejected',
      'circuit_breaker.fallback',
    ]);
  });

  it('tells spans nothing if it is not to, and none after the end', async () => {
    const app = await startContext(
      rootModule({
        imports: [
          CircuitBreakerOpenTelemetryModule.forRoot({ spanEvents: false }),
        ],
        providers: [Gateway],
      }),
    );
    expect(await eventsOf(() => app.get(Gateway).charge())).toEqual([]);

    const other = await startContext(
      rootModule({
        imports: [CircuitBreakerOpenTelemetryModule.forRoot()],
        providers: [Gateway],
      }),
    );
    const circuit = other.get(CircuitBreakerRegistry).get('payments');
    await other.close();
    expect(await eventsOf(() => circuit.forceOpen())).toEqual([]);
  });

  it('lists every bad option', async () => {
    await expect(
      startContext(
        rootModule({
          imports: [
            CircuitBreakerOpenTelemetryModule.forRoot({
              meterProvider: {} as never,
              spanEvents: 'yes' as never,
            }),
          ],
        }),
      ),
    ).rejects.toThrow(/meterProvider: .*\n.*spanEvents/);
  });
});

function bench(options: { consecutiveFailures?: number } = {}) {
  const made = new RegistryBench({
    circuits: {
      payments: { consecutiveFailures: 1, openJitter: 0, ...options },
    },
  });
  addSpanEvents(made.registry);
  return made;
}
