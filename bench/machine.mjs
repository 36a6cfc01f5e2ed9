import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';

const PEERS = ['opossum', 'cockatiel', '@nestjs/core', 'rxjs', 'autocannon'];

/**
 * Where a run took place, for whoever compares.
 *
 * @param {string} node the binary that is measured
 */
export function describeMachine(node) {
  const [cpu] = cpus();
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    node: `${execFileSync(node, ['-p', "process.version + ', V8 ' + process.versions.v8"])}`.trim(),
    processor: `${cpus().length} × ${cpu?.model.trim()}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${type()} ${release()}`,
    'load at the start': loadavg()[0]?.toFixed(2) ?? '',
    versions: PEERS.map(name => `${name} ${versionOf(name)}`).join(', '),
  };
}

function versionOf(/** @type {string} */ name) {
  const url = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')).version;
}
