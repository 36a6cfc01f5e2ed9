import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { Exchange } from '../../lib/dashboard/exchange.js';

describe('an answer of the dashboard', () => {
  it('may be shown, framed, sniffed and kept by nobody else', () => {
    const { exchange, headers } = bench();
    exchange.json(200, {});
    expect(headers).toMatchObject({
      'cache-control': 'no-store, no-transform',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
  });

  it.each([
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ])('has a policy that says %s', rule => {
    const { exchange, headers } = bench();
    exchange.json(200, {});
    expect(headers['content-security-policy']!.split('; ')).toContain(rule);
  });

  it('has the same headers where it leads elsewhere', () => {
    const { exchange, headers } = bench();
    exchange.redirect('circuits/');
    expect(headers).toMatchObject({
      location: 'circuits/',
      'x-frame-options': 'DENY',
    });
  });

  it('has its status, its type and its body', () => {
    const { exchange, response, headers, written } = bench();
    exchange.json(207, { a: 1 });
    expect(response.statusCode).toBe(207);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(written).toEqual(['{"a":1}', 'the end']);
  });

  it('that turns a request away says why in its body', () => {
    const { exchange, response, written } = bench();
    const problems = [{ path: 'a', message: 'b' }];
    const reason = { code: 'NO', message: 'Not so.', problems };
    exchange.refuse({ status: 418, ...reason });
    expect(response.statusCode).toBe(418);
    expect(JSON.parse(written[0]!)).toEqual({ error: reason });
  });

  it('that leads elsewhere is empty', () => {
    const { exchange, response, headers, written } = bench();
    exchange.redirect('circuits/');
    expect(response.statusCode).toBe(302);
    expect(headers['content-length']).toBe('0');
    expect(written).toEqual(['the end']);
  });

  it('to a HEAD of the stream ends after its headers', () => {
    const { exchange, headers, written } = bench({ method: 'HEAD' });
    expect(exchange.stream()).toBe(false);
    expect(headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(written).toEqual(['the end']);
  });

  it('is taken from a platform that would send its own', () => {
    let hijacked = 0;
    const raw = bench();
    const platform = { raw: raw.response, hijack: () => void hijacked++ };
    const body = { type: 'reset' };
    const exchange = new Exchange(
      { raw: raw.request, body } as unknown as IncomingMessage,
      platform as unknown as ServerResponse,
    );
    expect(hijacked).toBe(1);
    expect(exchange.request).toBe(raw.request);
    expect(exchange.response).toBe(raw.response);
  });

  it('has its length in bytes, not in letters', () => {
    const { exchange, headers } = bench();
    exchange.json(200, 'é');
    expect(headers['content-length']).toBe('4');
  });

  it('is held back by no proxy where it is a stream, and says when to come back', () => {
    const { exchange, headers, written } = bench();
    expect(exchange.stream()).toBe(true);
    expect(headers['x-accel-buffering']).toBe('no');
    expect(written).toEqual(['headers', 'retry: 1000\n\n']);
  });
});

describe('the address of a request', () => {
  it.each([
    ['/circuits/api?a=1', '/circuits/api?a=1'],
    ['http://proxy.example/circuits', '/circuits'],
    ['HTTPS://proxy.example?a=1', '/?a=1'],
    ['circuits/api', '/circuits/api'],
    ['//evil.example/circuits', '//evil.example/circuits'],
  ])('%s is %s, on no other server', (url, expected) => {
    const { pathname, search, host } = bench({ url }).exchange.url;
    expect(host).toBe('dashboard.invalid');
    expect(pathname + search).toBe(expected);
  });
});

describe('the body of a request', () => {
  it('is what the platform has parsed', async () => {
    const body = { type: 'reset' };
    expect(await bench({ body }).exchange.body()).toBe(body);
  });

  it('is read where the platform has parsed none', async () => {
    const { exchange, request } = bench({ body: null });
    request.end(Buffer.from('{"name":"é"}'));
    expect(await exchange.body()).toEqual({ name: 'é' });
  });

  it('is read whole in whatever pieces it comes', async () => {
    const { exchange, request } = bench();
    for (const byte of Buffer.from('{"name":"é"}')) {
      request.write(Buffer.of(byte));
    }
    request.end();
    expect(await exchange.body()).toEqual({ name: 'é' });
  });

  it('is none when somebody else has read it', async () => {
    const { exchange, request } = bench();
    request.resume().end('{}');
    await new Promise(resolve => request.once('end', resolve));
    expect(await exchange.body()).toBeUndefined();
  });

  it('is none when it is no JSON', async () => {
    const { exchange, request } = bench();
    request.end('type=reset');
    expect(await exchange.body()).toBeUndefined();
  });

  it('may have 16,384 letters, and not one more', async () => {
    for (const [length, expected] of [
      [16_384, 'string'],
      [16_385, 'undefined'],
    ] as const) {
      const { exchange, request } = bench();
      request.end(JSON.stringify('x'.repeat(length - 2)));
      expect(typeof (await exchange.body())).toBe(expected);
    }
  });
});

/** Without a server: headers are in small letters, as a client reads them. */
function bench(more: { url?: string; body?: unknown; method?: string } = {}) {
  const headers: Record<string, string> = {};
  const written: string[] = [];
  const request = Object.assign(new PassThrough(), more);
  const response = {
    setHeader: (name: string, value: string) =>
      void (headers[name.toLowerCase()] = value),
    flushHeaders: () => void written.push('headers'),
    write: (text: string) => void written.push(text),
    end: (...texts: string[]) => void written.push(...texts, 'the end'),
    statusCode: 0,
  };
  const exchange = new Exchange(
    request as unknown as IncomingMessage,
    response as unknown as ServerResponse,
  );
  return { exchange, request, response, headers, written };
}
