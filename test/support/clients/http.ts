import { HttpService } from '@nestjs/axios';
import { create } from 'axios';
import { map } from 'rxjs';
import { fetch, type Response } from 'undici';
import { withCircuitBreaker } from '../../../lib/index.js';
import { Upstream } from '../ways/upstream.js';
import { valueOf, type Client, type ClientSession } from './client.js';

async function start(
  callOf: (url: string) => ClientSession['call'],
): Promise<ClientSession> {
  const upstream = new Upstream();
  await upstream.start();
  return {
    call: callOf(`${upstream.url}/word`),
    turn: async mode => void (upstream.mode = mode),
    arrived: () => upstream.requests,
    atWork: () => upstream.requests - upstream.answered - upstream.aborted,
    close: async () => upstream.stop(),
  };
}

const http = new HttpService(create({ adapter: 'http' }));

/** Clients of HTTP. */
export const HTTP_CLIENTS: readonly Client[] = [
  {
    name: 'HttpService of axios',
    answer: 'word',
    start: () =>
      start(
        url => (circuit, options, signal) =>
          valueOf(
            http.get<string>(url).pipe(
              map(({ data }) => data),
              withCircuitBreaker(circuit, options),
            ),
            signal,
          ),
      ),
  },
  {
    name: "undici's fetch",
    answer: 'word',
    // With the status 500, which is a failure all the same.
    answerWhenDown: 'word',
    start: () =>
      start(url => async (circuit, options, signal) => {
        const response: unknown = await circuit.execute(
          ({ signal: own }) => fetch(url, { signal: own }),
          {
            ...options,
            isFailureResult: ({ status }: Response) => status >= 500,
            ...(signal && { signal }),
          },
        );
        return isResponse(response) ? response.text() : response;
      }),
  },
];

function isResponse(value: unknown): value is Response {
  return value !== null && typeof value === 'object' && 'text' in value;
}
