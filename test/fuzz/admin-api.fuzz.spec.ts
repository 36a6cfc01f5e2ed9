import { maxHeaderSize } from 'node:http';
import { connect } from 'node:net';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { DashboardApplication } from '../dashboard/dashboard-application.js';
import { fuzzSettings, oddText } from './bad-input.js';

const PATH = '/circuits/api/actions';

const json = fc.oneof(fc.jsonValue({ maxDepth: 2 }), oddText);
const field = fc.oneof(
  json,
  fc.constantFrom<unknown>('payments', 'nobody', null, 'maintenance'),
);
/** Like an action, but for what is in it. */
const action = fc.dictionary(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.constantFrom(
        'type',
        'name',
        'key',
        'reason',
        'instance',
        'thresholds',
      ),
    },
    { weight: 1, arbitrary: oddText },
  ),
  field,
  { maxKeys: 7, noNullPrototype: true },
);
const thresholds = fc.dictionary(
  fc.oneof(
    fc.constantFrom(
      'minimumCalls',
      'failureRateThreshold',
      'failureCount',
      'consecutiveFailures',
      'slowCallDuration',
      'slowCallRateThreshold',
      'openDuration',
      'mode',
      'window',
    ),
    oddText,
  ),
  json,
  { maxKeys: 3, noNullPrototype: true },
);
const body = fc.oneof(
  action.map(each => JSON.stringify(each)),
  thresholds.map(each =>
    JSON.stringify({
      type: 'configure',
      name: 'payments',
      reason: 'fuzz',
      thresholds: each,
    }),
  ),
  fc.json({ maxDepth: 3 }),
  oddText,
  fc.constantFrom(
    '{"type":"force-open","name":"payments"',
    '{"__proto__":{"type":"force-open"}}',
    '['.repeat(5_000),
    `{"reason":"${'a'.repeat(200_000)}"}`,
    '\uFEFF{}',
  ),
);

describe.each(['express', 'fastify'] as const)(
  'fuzzed bodies of the admin API on %s',
  platform => {
    let app: DashboardApplication;
    const failures: unknown[] = [];
    const note = (error: unknown) => void failures.push(error);

    beforeAll(async () => {
      jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
      jest.spyOn(Logger.prototype, 'error').mockReturnValue();
      process.on('unhandledRejection', note);
      app = await DashboardApplication.start({
        platform,
        dashboard: { authorize: () => 'the fuzz' },
      });
    });

    afterAll(async () => {
      process.off('unhandledRejection', note);
      await app.app.close();
      jest.restoreAllMocks();
    });

    function send(
      text: string | Uint8Array,
      headers: Record<string, string> = {},
    ): Promise<Response> {
      return fetch(`${app.origin}${PATH}`, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          'X-Circuit-Breaker-Action': 'fuzz',
          ...headers,
        },
        body: text,
      });
    }

    it('are refused with a 4xx and a reason, or done; what is refused changes nothing', async () => {
      const circuit = app.registry.get('payments');
      let refused = 0;
      await fc.assert(
        fc.asyncProperty(body, async text => {
          const before = { rules: circuit.rules, at: circuit.generation };
          const response = await send(text);
          const answer = await response.text();
          if (response.status < 300) {
            expect(JSON.parse(answer)).toMatchObject({
              circuit: { name: 'payments' },
            });
            return;
          }
          refused++;
          expect(response.status).toBeGreaterThanOrEqual(400);
          expect(response.status).toBeLessThan(500);
          expect(reasonIn(answer)).not.toBe('');
          expect(answer).not.toMatch(/node_modules|\.ts:\d|\.js:\d/);
          expect(circuit.rules).toBe(before.rules);
          expect(circuit.generation).toBe(before.at);
        }),
        fuzzSettings,
      );
      expect(refused).toBeGreaterThan(0);
    });

    it('that no JSON can be are refused', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.uint8Array({ maxLength: 200 }),
          fc.constantFrom(
            {},
            { 'Content-Encoding': 'gzip' },
            { 'Content-Type': 'text/plain' },
            { 'Content-Type': 'application/json; charset=utf-16' },
            { 'Content-Type': 'application/json; charset=nothing' },
          ),
          async (bytes, headers) => {
            const { status } = await send(bytes, headers);
            expect(status).toBeGreaterThanOrEqual(400);
            expect(status).toBeLessThan(500);
          },
        ),
        { ...fuzzSettings, numRuns: Math.ceil(fuzzSettings.numRuns / 3) },
      );
    });

    it('that break off do not keep the server from answering', async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat({ max: 60 }), async cut => {
          const text = JSON.stringify({ type: 'force-open', name: 'payments' });
          await new Promise<void>(resolve => {
            const socket = connect(app.port, '127.0.0.1', () => {
              socket.write(
                `POST ${PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n` +
                  `X-Circuit-Breaker-Action: fuzz\r\nContent-Length: ${text.length + 5}\r\n\r\n` +
                  text.slice(0, cut),
                () => socket.destroy(),
              );
            });
            socket.on('close', () => resolve());
            socket.on('error', () => {});
          });
        }),
        { ...fuzzSettings, numRuns: 20 },
      );
      expect((await app.get('/circuits')).status).toBeLessThan(400);
    });

    it('of headers are refused, and bring nothing down', async () => {
      const name = fc.constantFrom(
        'Origin',
        'Sec-Fetch-Site',
        'Content-Type',
        'X-Forwarded-Host',
        'Sec-Fetch-Mode',
      );
      const refusals = [400, 403, 404, 415];
      const long = 'a'.repeat(10_000);
      const circuit = app.registry.get('payments');
      circuit.reset();
      await fc.assert(
        fc.asyncProperty(
          fc.dictionary(name, fc.oneof(oddText, fc.webUrl()), {
            minKeys: 1,
            noNullPrototype: true,
          }),
          async headers => {
            let response: Response;
            try {
              response = await send(
                JSON.stringify({
                  type: 'force-open',
                  name: 'nobody',
                  reason: 'fuzz',
                }),
                headers,
              );
            } catch {
              // Not a header that can be sent.
              return;
            }
            const sent = Object.values(headers).join('').length;
            // Node itself refuses a head that is too long; fetch drops some headers.
            expect(
              sent > maxHeaderSize ? [...refusals, 431] : refusals,
            ).toContain(response.status);
          },
        ),
        {
          ...fuzzSettings,
          numRuns: Math.ceil(fuzzSettings.numRuns / 3),
          examples: [
            [{ 'Content-Type': long }],
            [{ 'Content-Type': long, 'X-Forwarded-Host': long }],
          ],
        },
      );
      expect(circuit.state).toBe('closed');
    });

    it('have left nothing behind', async () => {
      expect(failures).toEqual([]);
      const response = await send(
        JSON.stringify({ type: 'reset', name: 'payments', reason: 'the end' }),
      );
      expect(response.status).toBeLessThan(300);
      expect(({} as Record<string, unknown>)['type']).toBeUndefined();
    });
  },
);

/** Ours are `{ error: { message } }`; what is no JSON is refused by Nest, before us. */
function reasonIn(answer: string): string {
  const { error, message } = JSON.parse(answer) as {
    error?: { message?: string } | string;
    message?: string;
  };
  return (typeof error === 'object' ? error.message : message) ?? '';
}
