import { spawn } from 'node:child_process';
import { delimiter, dirname } from 'node:path';

/** Longer than any of these commands needs on a slow machine. */
const LONGEST_MS = 300_000;

/**
 * Runs a command to its end.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string, node?: string, env?: Record<string, string> }} options `node`: the binary that `node` means to it
 * @returns {Promise<string>} what it printed
 */
export function run(command, args, { cwd, node = process.execPath, env = {} }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...environmentWith(node), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LONGEST_MS,
    });
    let output = '';
    child.stdout.on('data', chunk => (output += chunk));
    child.stderr.on('data', chunk => (output += chunk));
    child.on('error', reject);
    child.on('close', code => {
      if (code === 0) resolve(output);
      else {
        const tail = output.slice(-4_000);
        reject(
          new Error(`${command} ${args.join(' ')}: exit ${code}\n${tail}`),
        );
      }
    });
  });
}

/** @param {string} node */
export function environmentWith(node) {
  const env = { ...process.env };
  // What this process was started with is not what a user's project is started with.
  for (const name of Object.keys(env)) {
    if (/^npm_|^NODE_OPTIONS$|^JEST_|^VITEST/.test(name)) delete env[name];
  }
  env.PATH = `${dirname(node)}${delimiter}${env.PATH}`;
  return env;
}
