import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Refusal } from './request-check.js';

/** Longer bodies are refused: an action is short. */
const LONGEST_BODY = 16_384;

/** What a platform's request may have beside Node's. */
interface PlatformRequest {
  readonly raw?: IncomingMessage;
  readonly body?: unknown;
}

/** What a platform's response may have beside Node's. */
interface PlatformResponse {
  readonly raw?: ServerResponse;
  hijack?(): void;
}

/** What a proxy sends before the path, and nobody has to believe. */
const SCHEME_AND_HOST = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i;

/** Nobody but the application's own pages may show, frame, sniff or keep what we answer. */
const SECURITY_HEADERS = {
  'Cache-Control': 'no-store, no-transform',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/**
 * A request and its answer on Express and on Fastify, by what both have
 * underneath: the application's own interceptors and serializers must not change
 * what the page reads.
 */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  private readonly platformBody: unknown;

  constructor(
    request: IncomingMessage & PlatformRequest,
    response: ServerResponse & PlatformResponse,
  ) {
    response.hijack?.();
    this.request = request.raw ?? request;
    this.response = response.raw ?? response;
    this.platformBody = request.body;
  }

  /** Where the request went, without the part that a proxy took away. */
  get url(): URL {
    // Every request that a server gets has one.
    const target = this.request.url!.replace(SCHEME_AND_HOST, '');
    // Not resolved against a base: two slashes at its beginning would be a host.
    return new URL(`http://dashboard.invalid/${target.replace(/^\//, '')}`);
  }

  /** The parsed body: the platform's, or our own where its parser is switched off; `undefined` if it is no JSON. */
  async body(): Promise<unknown> {
    const { platformBody, request } = this;
    if (platformBody !== undefined && platformBody !== null) {
      return platformBody;
    }
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) {
      text += chunk;
      if (text.length > LONGEST_BODY) return undefined;
    }
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  }

  json(status: number, body: unknown): void {
    this.send(status, 'application/json; charset=utf-8', JSON.stringify(body));
  }

  /** Says why the request is turned away. */
  refuse({ status, ...error }: Refusal): void {
    this.json(status, { error });
  }

  send(
    status: number,
    type: string,
    content: string,
    headers: Record<string, string> = {},
  ): void {
    this.open(status, {
      'Content-Type': type,
      'Content-Length': String(Buffer.byteLength(content)),
      ...headers,
    });
    this.response.end(content);
  }

  redirect(location: string): void {
    this.open(302, { Location: location, 'Content-Length': '0' });
    this.response.end();
  }

  /**
   * Begins a stream of server-sent events.
   *
   * @returns false if it has ended: a HEAD wants the headers alone
   */
  stream(): boolean {
    this.open(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      // nginx would keep the events until its buffer is full.
      'X-Accel-Buffering': 'no',
    });
    if (this.request.method === 'HEAD') {
      this.response.end();
      return false;
    }
    this.response.flushHeaders();
    this.response.write('retry: 1000\n\n');
    return true;
  }

  private open(status: number, headers: Record<string, string>): void {
    const { response } = this;
    response.statusCode = status;
    for (const [name, value] of Object.entries({
      ...SECURITY_HEADERS,
      ...headers,
    })) {
      response.setHeader(name, value);
    }
  }
}
