import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import type { Type } from '@nestjs/common';
import { EventEmitterModule } from '@nestjs/event-emitter';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import {
  CircuitBreakerModule,
  CircuitBreakerRegistry,
  type Circuit,
  type CircuitBreakerOptions,
} from '../../lib/index.js';
import { REGISTRY_DEPENDENCIES } from '../../lib/registry/registry-dependencies.js';
import { closeApps, plainModule, startContext } from '../support/nest-app.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { sourceOf } from './block-source.js';
import { codeBlocksOf } from './code-blocks.js';

const PAGE = 'docs/ways-in/circuit-events.md';
const WEBHOOK = 'https://hooks.example/alerts';

const OPTIONS: CircuitBreakerOptions = {
  consecutiveFailures: 2,
  openDuration: 10_000,
  openJitter: 0,
  halfOpen: { calls: 1 },
};

/** What somebody who copied a recipe has, in an application of their own. */
describe('the recipes for alerts', () => {
  // Inside `test`, so that it is compiled like every other test.
  const folder = mkdtempSync('test/docs/run-blocks-');
  const clock = new VirtualClock();
  const { posts, receiver } = receiverOfPosts();

  beforeAll(async () => {
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
  });
  beforeEach(() => {
    posts.length = 0;
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await closeApps();
  });
  afterAll(() => {
    receiver.closeAllConnections();
    receiver.close();
    rmSync(folder, { recursive: true });
  });

  /** The class of a block, with the receiver in the place of the webhook. */
  async function recipe(name: string): Promise<Type> {
    const block = codeBlocksOf(PAGE).find(({ code }) =>
      code.includes(`class ${name} `),
    )!;
    const { port } = receiver.address() as AddressInfo;
    writeFileSync(
      join(folder, `${name}.ts`),
      sourceOf(block).replaceAll(WEBHOOK, `http://127.0.0.1:${port}/alerts`),
    );
    const path = `./${basename(folder)}/${name}.js`;
    return ((await import(path)) as Record<string, Type>)[name]!;
  }

  async function start(name: string, options = OPTIONS): Promise<Circuit> {
    const dependencies = plainModule({
      providers: [{ provide: REGISTRY_DEPENDENCIES, useValue: { clock } }],
      exports: [REGISTRY_DEPENDENCIES],
    });
    const app = await startContext(
      plainModule({
        imports: [
          { module: dependencies, global: true },
          CircuitBreakerModule.forRoot({ circuits: { payments: options } }),
          EventEmitterModule.forRoot(),
        ],
        providers: [await recipe(name)],
      }),
    );
    return app.get(CircuitBreakerRegistry).get('payments');
  }

  it('a webhook is posted to when a circuit opens and when it closes, not for each probe', async () => {
    const circuit = await start('CircuitAlerts');
    await fail(circuit);
    expect(posts).toEqual([]);
    await fail(circuit);
    const { sentence } = circuit.explain();
    await until(() => posts.length === 1);
    expect(posts[0]).toMatchObject({
      method: 'POST',
      url: '/alerts',
      headers: { 'content-type': 'application/json' },
      body: { text: sentence },
    });
    expect(sentence).toContain('payments');

    clock.advance(10_000);
    await fail(circuit);
    expect(circuit.state).toBe('open');
    clock.advance(20_000);
    await circuit.execute(() => 'paid');
    await until(() => posts.length === 2);
    expect(posts[1]!.body).toEqual({
      text: 'Circuit "payments" is closed again.',
    });
  });

  it('a webhook hears nothing of a circuit that only watches', async () => {
    const circuit = await start('CircuitAlerts', {
      ...OPTIONS,
      mode: 'shadow',
    });
    await fail(circuit);
    await fail(circuit);
    expect(circuit.state).toBe('open');
    // What another one has to tell goes the same way, and comes later.
    const other = await start('CircuitAlerts');
    await fail(other);
    await fail(other);
    await until(() => posts.length > 0);

    expect(posts).toHaveLength(1);
    expect(posts[0]!.body).toEqual({ text: other.explain().sentence });
  });

  it('a listener of EventEmitter2 is called when a circuit opens', async () => {
    const told = jest.spyOn(console, 'warn').mockReturnValue();
    const circuit = await start('CircuitEvents');
    await fail(circuit);
    expect(told).not.toHaveBeenCalled();
    await fail(circuit);
    expect(told.mock.calls).toEqual([
      [expect.stringMatching(/^payments: .*2 .*/)],
    ]);

    clock.advance(10_000);
    await circuit.execute(() => 'paid');
    expect(circuit.state).toBe('closed');
    expect(told).toHaveBeenCalledTimes(1);
  });
});

interface Post {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingHttpHeaders;
  body: unknown;
}

/** A webhook that keeps what it gets. */
function receiverOfPosts(): { posts: Post[]; receiver: Server } {
  const posts: Post[] = [];
  const receiver = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', chunk => (text += chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      posts.push({ method, url, headers, body: JSON.parse(text) });
      response.end();
    });
  });
  return { posts, receiver };
}

async function fail(circuit: Circuit): Promise<void> {
  await expect(
    circuit.execute(() => Promise.reject(new Error('down'))),
  ).rejects.toThrow('down');
}

async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    if (turns === 500) throw new Error('it did not come to that');
    await new Promise(resolve => setTimeout(resolve, 4));
  }
}
