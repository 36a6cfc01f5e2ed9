import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';

const SERVER = fileURLToPath(new URL('./server.mjs', import.meta.url));
const CONNECTIONS = 32;
/** A server that hangs must not hang the run. */
const LIMIT_MS = 20_000;

/**
 * @typedef {object} Load
 * @property {number} perSecond requests answered a second
 * @property {number} perCpuSecond requests answered with a second of the server's CPU
 */

/**
 * @typedef {object} Order
 * @property {import('./nest-cases.mjs').Platform} platform
 * @property {import('./nest-cases.mjs').Variant} variant
 */

/** A Nest application in a process of its own. */
export class NestServer {
  /**
   * @param {import('node:child_process').ChildProcess} child
   * @param {number} port
   */
  constructor(child, port) {
    this.child = child;
    this.port = port;
  }

  /**
   * @param {string} node the binary
   * @param {Order} order
   * @param {Record<string, string>} env
   * @returns {Promise<NestServer>}
   */
  static async start(node, order, env) {
    const child = fork(SERVER, [JSON.stringify(order)], {
      execPath: node,
      execArgv: [],
      env: { ...process.env, ...env },
    });
    return new NestServer(child, await answerOf(child));
  }

  /** @param {number} amount of requests, or a few more */
  async warmUp(amount) {
    while (amount > 0) {
      const { perSecond } = await this.load();
      amount -= perSecond;
    }
  }

  /**
   * Loads the server for a second.
   *
   * @returns {Promise<Load>}
   */
  async load() {
    const before = await this.cpu();
    const { start, finish, requests, errors, non2xx } = await wideAwake(() =>
      autocannon({
        url: `http://127.0.0.1:${this.port}`,
        connections: CONNECTIONS,
        duration: 1,
      }),
    );
    const used = (await this.cpu()) - before;
    if (errors + non2xx > 0) throw new Error('A request was not answered');
    return {
      perSecond: (requests.total * 1_000) / (finish - start),
      perCpuSecond: (requests.total * 1e6) / used,
    };
  }

  /** Ends its process. */
  stop() {
    this.child.kill();
  }

  async cpu() {
    this.child.send('cpu');
    const { user, system } = await answerOf(this.child);
    return user + system;
  }
}

/**
 * Never sleeps meanwhile. A server pays for waking its client, a quarter of a request
 * and more, and the more often the slower it is.
 *
 * @template T
 * @param {() => PromiseLike<T>} work
 * @returns {Promise<T>}
 */
async function wideAwake(work) {
  let isOver = false;
  const stay = () => {
    if (!isOver) setImmediate(stay);
  };
  stay();
  try {
    return await work();
  } finally {
    isOver = true;
  }
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<any>}
 */
async function answerOf(child) {
  const ended = new AbortController();
  const end = () => ended.abort(new Error('A Nest server ended or hangs'));
  const timer = setTimeout(end, LIMIT_MS);
  child.once('exit', end);
  try {
    const [answer] = await once(child, 'message', { signal: ended.signal });
    return answer;
  } finally {
    clearTimeout(timer);
    child.off('exit', end);
  }
}
