import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const WORKER = fileURLToPath(new URL('./worker.mjs', import.meta.url));
/** No measurement takes longer; a hung one must not hang the run. */
const LIMIT_MS = 120_000;

/**
 * Runs one process and answers what it tells.
 *
 * @param {string} node the binary
 * @param {object} order
 * @param {Record<string, string>} [env]
 * @returns {Promise<any>}
 */
export function runWorker(node, order, env = {}) {
  return new Promise((resolve, reject) => {
    const child = fork(WORKER, [JSON.stringify(order)], {
      execPath: node,
      execArgv: [
        '--expose-gc',
        '--min-semi-space-size=16',
        '--max-semi-space-size=16',
      ],
      env: { ...process.env, ...env },
      timeout: LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    let result;
    child.on('message', message => (result = message));
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (result !== undefined) resolve(result);
      else
        reject(
          new Error(`${JSON.stringify(order)} ended with ${code ?? signal}`),
        );
    });
  });
}
