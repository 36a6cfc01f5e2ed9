import { connect } from 'node:net';

/** A request as it goes over the wire, however wrong. */
export interface RawRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** What came back before the connection ended. */
export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** How long a server may take to answer. */
const PATIENCE_MS = 5_000;

/**
 * Sends a request as text, which `fetch` and `http.request` would refuse to, and
 * reads until the server closes the connection.
 *
 * @param isEnough ends the connection sooner, by what has come so far
 * @throws Error if the server neither answers nor closes the connection
 */
export function sendRaw(
  port: number,
  { method, target, headers }: RawRequest,
  isEnough: (answer: RawAnswer) => boolean = () => false,
): Promise<RawAnswer> {
  const lines = [
    `${method} ${target} HTTP/1.1`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
    });
    const timer = setTimeout(() => {
      reject(
        new Error(
          `No end of the answer to ${method} ${target.slice(0, 200)} within ${PATIENCE_MS} ms: ${text.slice(0, 200)}`,
        ),
      );
      socket.destroy();
    }, PATIENCE_MS);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (isEnough(parse(text))) socket.destroy();
    });
    // A server that refuses a request at its head may close before it has read all.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(parse(text));
    });
  });
}

function parse(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const head = end < 0 ? text : text.slice(0, end);
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? Number.NaN);
  return { status, head, body: end < 0 ? '' : text.slice(end + 4) };
}
