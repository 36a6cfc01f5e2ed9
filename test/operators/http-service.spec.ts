import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpService } from '@nestjs/axios';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { create } from 'axios';
import { firstValueFrom, map, take, timer, takeUntil } from 'rxjs';
import { Circuit } from '../../lib/circuit/circuit.js';
import { withCircuitBreaker } from '../../lib/operators/with-circuit-breaker.js';

describe('withCircuitBreaker around HttpService', () => {
  let server: Server;
  let url: string;
  let answer: 200 | 404 | 429 | 500 | 'hang';
  let requests: number;
  let aborted: number;
  let noticed: Promise<void>;
  let notice: () => void;
  const http = new HttpService(create({ adapter: 'http' }));

  beforeEach(async () => {
    answer = 200;
    requests = aborted = 0;
    noticed = new Promise(resolve => {
      notice = resolve;
    });
    server = createServer((_request, response) => {
      requests++;
      response.on('close', () => {
        if (!response.writableEnded) {
          aborted++;
          notice();
        }
      });
      if (answer === 'hang') return;
      response.writeHead(answer, { 'retry-after': '120' });
      response.end(JSON.stringify({ answer }));
    });
    await new Promise<void>(resolve =>
      server.listen(0, '127.0.0.1', () => resolve()),
    );
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });

  const get = (circuit: Circuit) =>
    firstValueFrom(
      http.get<{ answer: number }>(url).pipe(
        withCircuitBreaker(circuit),
        map(({ data }) => data.answer),
      ),
    );

  it('lets an answer through', async () => {
    const circuit = new Circuit('http');
    await expect(get(circuit)).resolves.toBe(200);
    expect(circuit.snapshot().totals).toMatchObject({ calls: 1, successes: 1 });
  });

  it('opens on server errors and then sends no request', async () => {
    const circuit = new Circuit('http', { consecutiveFailures: 2 });
    answer = 500;
    await expect(get(circuit)).rejects.toMatchObject({ status: 500 });
    await expect(get(circuit)).rejects.toMatchObject({ status: 500 });
    await expect(get(circuit)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
    expect(requests).toBe(2);
  });

  it('takes a 404 for an answer and a 429 for a failure', async () => {
    const circuit = new Circuit('http');
    answer = 404;
    await expect(get(circuit)).rejects.toMatchObject({ status: 404 });
    answer = 429;
    await expect(get(circuit)).rejects.toMatchObject({ status: 429 });
    expect(circuit.snapshot().totals).toMatchObject({
      successes: 1,
      failures: 1,
    });
  });

  it('waits as long as Retry-After of the failure that opened it asks for', async () => {
    const circuit = new Circuit('http', {
      consecutiveFailures: 1,
      openDuration: '1s',
      openJitter: 0,
    });
    answer = 429;
    await expect(get(circuit)).rejects.toBeDefined();
    const { retryAfter } = circuit.snapshot();
    expect(retryAfter).toBeGreaterThan(110_000);
    expect(retryAfter).toBeLessThanOrEqual(120_000);
  });

  it('cancels the request when it is unsubscribed, and stays neutral', async () => {
    const circuit = new Circuit('http');
    answer = 'hang';
    http
      .get(url)
      .pipe(withCircuitBreaker(circuit), takeUntil(timer(50)), take(1))
      .subscribe();
    await noticed;
    expect(aborted).toBe(1);
    expect(circuit.snapshot()).toMatchObject({
      inFlight: 0,
      totals: { calls: 1, ignored: 1 },
    });
  });
});
