import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
} from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { Global, Module, type ModuleMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  CallSignal,
  CircuitBreaker,
  CircuitBreakerModule,
  CircuitBreakerRegistry,
  type Circuit,
  type CircuitBreakerOptions,
} from '../../lib/index.js';
import { REGISTRY_DEPENDENCIES } from '../../lib/registry/registry-dependencies.js';
import { hasServer, type ServerName } from '../support/servers.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { BACKGROUND_WAYS } from '../support/ways/background.js';
import { seen } from '../support/ways/enhancers.js';
import { GATEWAY_WAYS } from '../support/ways/gateway.js';
import { GRAPHQL_WAYS } from '../support/ways/graphql.js';
import { HTTP_WAYS } from '../support/ways/http.js';
import { RPC_WAYS } from '../support/ways/rpc.js';
import { Upstream } from '../support/ways/upstream.js';
import type { Place, Seen, Session, Way } from '../support/ways/way.js';

/** The rows. */
const WAYS: readonly Way[] = [
  ...HTTP_WAYS,
  ...RPC_WAYS,
  ...GRAPHQL_WAYS,
  ...GATEWAY_WAYS,
  ...BACKGROUND_WAYS,
];

const SERVED = new Map<ServerName, boolean>();
for (const { needs } of WAYS) {
  if (needs !== undefined) SERVED.set(needs, hasServer(needs));
}

const OPTIONS: CircuitBreakerOptions = {
  consecutiveFailures: 2,
  openDuration: 10_000,
  openJitter: 0,
  halfOpen: { calls: 1 },
  timeout: 5_000,
};

/** Client-side names, apart from those of another run on the same broker. */
const PATTERN = `asks_${process.pid}`;
const FALLING = `falls_${process.pid}`;

const upstream = new Upstream();
const clock = new VirtualClock();

@Global()
@Module({
  providers: [{ provide: REGISTRY_DEPENDENCIES, useValue: { clock } }],
  exports: [REGISTRY_DEPENDENCIES],
})
class TimeModule {}

const METADATA: ModuleMetadata = {
  imports: [CircuitBreakerModule.forRoot(), TimeModule],
  providers: [{ provide: Upstream, useValue: upstream }],
};

const nothing: ClassDecorator & MethodDecorator & ParameterDecorator = () => {};

function handlersOf(
  way: Way,
  place: Place,
  pattern: string,
  name: string,
  options: CircuitBreakerOptions,
) {
  const decorator = CircuitBreaker(name, options as object);
  const isOnMethod = place === 'method';
  // Nest runs interceptors on handlers alone: elsewhere a class only has defaults.
  const onMethod = way.isBackground ? CircuitBreaker() : nothing;
  return way.define({
    pattern,
    onClass: (isOnMethod ? nothing : decorator) as ClassDecorator,
    onMethod: (isOnMethod ? decorator : onMethod) as MethodDecorator,
    signal: isOnMethod || way.isBackground ? CallSignal() : nothing,
  });
}

beforeAll(() => upstream.start());
afterAll(() => upstream.stop());

describe.each(WAYS)('$name', way => {
  const passed = {
    value: expect.stringMatching(way.isBackground ? /^word$/ : /^WORD$/),
  };
  const isThere = way.needs === undefined || SERVED.get(way.needs) === true;

  /** A cell of the table; without its server it is skipped, never passed. */
  function cell(behaviour: string, run: () => Promise<void>): void {
    if (isThere) it(behaviour, run);
    else it.skip(`${behaviour}: NOT TESTED, no ${way.needs}`, run);
  }

  describe.each<Place>(['method', 'class'])(
    'with the decorator on the %s',
    place => {
      let session: Session;
      let circuit: Circuit;
      let falling: Circuit;

      beforeAll(async () => {
        if (!isThere) return;
        const handlers = [
          handlersOf(way, place, PATTERN, 'asking', OPTIONS),
          handlersOf(way, place, FALLING, 'falling', {
            ...OPTIONS,
            fallback: way.fallback ?? (() => 'fallback'),
          }),
        ];
        session = await way.start(handlers, METADATA);
        const registry = session.get(CircuitBreakerRegistry);
        circuit = registry.get('asking');
        falling = registry.get('falling');
      });

      beforeEach(() => {
        upstream.reset();
        circuit?.reset();
        falling?.reset();
        Object.assign(seen, { roles: [], piped: 0, filtered: 0 });
      });

      afterAll(async () => {
        await session?.close();
      });

      const ask = (): Promise<Seen> => session.ask(PATTERN, 'word');
      const askFalling = (): Promise<Seen> => session.ask(FALLING, 'word');

      async function open(): Promise<void> {
        upstream.mode = 'down';
        await ask();
        await ask();
        expect(circuit.state).toBe('open');
      }

      cell('passes', async () => {
        expect(await ask()).toEqual(passed);
        expect(upstream.requests).toBe(1);
      });

      cell('counts', async () => {
        const { calls, successes, failures } = circuit.snapshot().totals;
        await ask();
        upstream.mode = 'down';
        expect(await ask()).toHaveProperty('error');

        expect(circuit.snapshot().totals).toMatchObject({
          calls: calls + 2,
          successes: successes + 1,
          failures: failures + 1,
        });
        expect(circuit.snapshot().inFlight).toBe(0);
      });

      cell('opens', async () => {
        await open();
        await ask();
        expect(upstream.requests).toBe(2);
      });

      cell('rejects in its own form', async () => {
        await open();
        clock.advance(1_000);

        expect(await ask()).toEqual({
          error: matching(
            way.refusal({
              code: 'CIRCUIT_OPEN',
              circuit: 'asking',
              retryAfter: 9_000,
            }),
          ),
        });
      });

      cell('falls back', async () => {
        expect(await askFalling()).toEqual(passed);
        upstream.mode = 'down';

        expect(await askFalling()).toEqual({ value: 'fallback' });
        expect(await askFalling()).toEqual({ value: 'fallback' });
        expect(falling.state).toBe('open');
        expect(await askFalling()).toEqual({ value: 'fallback' });
        expect(upstream.requests).toBe(3);
      });

      cell('keeps metadata', async () => {
        if (way.isBackground) return keepsPlainMetadata();
        await ask();
        upstream.mode = 'teapot';
        const answer = await ask();

        expect(answer).toHaveProperty('error');
        expect(seen).toEqual({
          roles: ['admin', 'admin'],
          piped: 2,
          filtered: 1,
        });
      });

      /** Nest runs no enhancers for jobs and listeners, but it has found them by their metadata. */
      async function keepsPlainMetadata() {
        const handlers = handlersOf(way, place, PATTERN, 'asking', OPTIONS);
        const { ask: method } = handlers.prototype as { ask: () => unknown };
        expect(new Reflector().get('role', method)).toBe('admin');
        expect(await ask()).toEqual(passed);
      }

      cell('cancels', async () => {
        upstream.mode = 'hang';
        const answer = ask();
        await until(() => upstream.requests === 1);
        await sleep(way.beginsWithinMs ?? 0);
        clock.advance(5_000);

        expect(await answer).toEqual({
          error: matching(
            way.refusal({
              code: 'CALL_TIMEOUT',
              circuit: 'asking',
              retryAfter: null,
            }),
          ),
        });
        expect(circuit.snapshot().inFlight).toBe(0);
        // Only a signal stops the work itself.
        if (place === 'method') await until(() => upstream.aborted === 1);
      });

      cell('closes', async () => {
        await open();
        upstream.mode = 'up';
        clock.advance(10_000);

        expect(await ask()).toEqual(passed);
        expect(circuit.state).toBe('closed');
      });
    },
  );
});

/** An asymmetric matcher, or one made of an object. */
function matching(expected: unknown): unknown {
  return expected !== null &&
    typeof expected === 'object' &&
    !('asymmetricMatch' in expected)
    ? expect.objectContaining(
        Object.fromEntries(
          Object.entries(expected).map(([key, value]) => [
            key,
            matching(value),
          ]),
        ),
      )
    : expected;
}

async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    if (turns === 500) throw new Error('it did not come to that');
    await new Promise(resolve => setTimeout(resolve, 4));
  }
}
