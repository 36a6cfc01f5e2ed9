import { createServer, type Server } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import type { INestApplication, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CircuitBreakerModule,
  CircuitBreakerRegistry,
  type CircuitBreakerModuleOptions,
} from '../../lib/index.js';
import { freePort } from '../support/nest-app.js';
import { codeBlocksOf, fencesOf, type CodeBlock } from './code-blocks.js';

interface QuickStart {
  AppModule: new () => object;
  PaymentsService: new () => { charge(orderId: string): Promise<string> };
}

describe('the quick start of the README', () => {
  // Inside `test`, so that it is compiled like every other test.
  const folder = mkdtempSync('test/docs/quick-start-');
  const block = blockWith('class PaymentsService');
  let gateway: Server;
  let isDown = false;

  beforeAll(async () => {
    gateway = createServer((_request, response) => {
      response.statusCode = isDown ? 503 : 200;
      response.end();
    });
    await new Promise<void>(resolve => gateway.listen(0, 'localhost', resolve));
    const { port } = gateway.address() as AddressInfo;
    writeFileSync(
      join(folder, 'app.ts'),
      block.code
        .replace(`'nestjs-breaker'`, `'../../../lib/index.js'`)
        .replace('localhost:3001', `localhost:${port}`),
    );
  });

  afterAll(async () => {
    rmSync(folder, { recursive: true });
    gateway.closeAllConnections();
    await new Promise(resolve => gateway.close(resolve));
  });

  it('has fewer than 20 lines of code', () => {
    const lines = block.code.split('\n').filter(line => line.trim() !== '');
    expect(lines.length).toBeLessThan(20);
  });

  it('pays, opens on an outage and answers by the fallback', async () => {
    const { AppModule, PaymentsService } = (await import(
      `./${folder.split('/').at(-1)}/app.js`
    )) as QuickStart;
    const module = await Test.createTestingModule({
      imports: [AppModule],
    }).compile();
    await module.init();
    const payments = module.get(PaymentsService);
    await expect(payments.charge('7')).resolves.toBe('paid');
    isDown = true;
    for (let call = 0; call < 10; call++) {
      await expect(payments.charge('8')).resolves.toBe('queued 8');
    }
    const circuit = module.get(CircuitBreakerRegistry).get('payment-gateway');
    expect(circuit.state).toBe('open');
    await expect(payments.charge('9')).resolves.toBe('queued 9');
    expect(circuit.snapshot().totals).toMatchObject({
      calls: 11,
      rejected: 1,
      fallbacks: 11,
    });
    await module.close();
  });
});

describe('the route of the quick start', () => {
  // Inside `test`, so that it is compiled like every other test.
  const folder = mkdtempSync('test/docs/quick-start-route-');
  const warnings: string[] = [];
  let app: INestApplication;

  beforeAll(async () => {
    const code = `${blockWith('class PaymentsService').code}\n${blockWith('class ChargesController').code}`;
    writeFileSync(
      join(folder, 'app.ts'),
      code
        .replace(`'nestjs-breaker'`, `'../../../lib/index.js'`)
        // Nothing listens there either, whatever else runs on this machine.
        .replace('localhost:3001', `127.0.0.1:${await freePort()}`),
    );
    const { AppModule, ChargesController } = (await import(
      `./${basename(folder)}/app.js`
    )) as QuickStart & { ChargesController: Type };
    const module = await Test.createTestingModule({
      imports: [{ module: AppModule, controllers: [ChargesController] }],
    }).compile();
    app = module.createNestApplication();
    app.useLogger({
      log: () => {},
      error: () => {},
      warn: (message: string) => warnings.push(message),
    });
    await app.listen(0, '127.0.0.1');
  });

  afterAll(async () => {
    await app.close();
    rmSync(folder, { recursive: true });
  });

  it('answers eleven orders by the fallback and logs what the README shows', async () => {
    const url = await app.getUrl();
    for (let order = 1; order <= 11; order++) {
      expect(warnings).toHaveLength(order === 11 ? 1 : 0);
      const answer = await fetch(`${url}/charges/${order}`, { method: 'POST' });
      expect(await answer.text()).toBe(`queued ${order}`);
    }

    const shown = fencesOf('README.md').find(({ text }) =>
      text.startsWith('WARN [CircuitBreaker]'),
    );
    const wait = /in [\d.]+ s/;
    expect(shown!.text.replace(wait, '')).toBe(
      `WARN [CircuitBreaker] ${warnings[0]!.replace(wait, '')}`,
    );
    const { totals } = app
      .get(CircuitBreakerRegistry)
      .get('payment-gateway')
      .snapshot();
    expect(totals).toMatchObject({ calls: 10, rejected: 1, fallbacks: 11 });
  });
});

describe('the mistakes that the README shows', () => {
  it('are told in these words, but for what it leaves out', async () => {
    const shown = fencesOf('README.md').find(({ text }) =>
      text.startsWith('InvalidOptionsError'),
    );
    const search = { failureRateTreshold: 0.3, openDuration: '30 parsecs' };
    const options = { circuits: { search } } as CircuitBreakerModuleOptions;

    const error = await start(options).catch((thrown: unknown) => thrown);

    const shownLines = shown!.text.split('\n');
    const told = String(error)
      .split('\n')
      .map((line, at) => {
        const { length } = shownLines[at] ?? '';
        return shownLines[at]?.endsWith('…')
          ? `${line.slice(0, length - 1)}…`
          : line;
      });
    expect(shownLines).toEqual(told);
  });
});

async function start(options: CircuitBreakerModuleOptions): Promise<void> {
  const module = await Test.createTestingModule({
    imports: [CircuitBreakerModule.forRoot(options)],
  }).compile();
  await module.init();
}

/** The block of the README with some code in it. */
function blockWith(text: string): CodeBlock {
  return codeBlocksOf('README.md').find(({ code }) => code.includes(text))!;
}
