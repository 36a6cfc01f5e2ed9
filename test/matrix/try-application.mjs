import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { environmentWith } from './run-command.mjs';

/** Starts the built application and takes its circuit through all states over HTTP. */
export async function tryApplication(folder, node, platform) {
  const main = ['dist/main.js', 'dist/src/main.js']
    .map(path => join(folder, path))
    .find(existsSync);
  assert(main, 'nothing was built');
  // Without Redis the fleet is lost, which fails no call; the table of ways in asks for the server.
  const hasRedis = await answers(6379);
  const child = spawn(node, [main], {
    cwd: folder,
    env: {
      ...environmentWith(node),
      PLATFORM: platform,
      ...(hasRedis && { REDIS_URL: 'redis://127.0.0.1:6379' }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    const url = await urlOf(child);
    await takeThroughAllStates(url);
    await rejectAtTheController(url);
    await showOnTheWings(url, hasRedis);
  } finally {
    child.kill('SIGKILL');
  }
}

async function takeThroughAllStates(url) {
  const get = path => fetch(`${url}/${path}`);
  const state = async () => (await (await get('rates/state')).json()).state;
  assert.equal(await (await get('rates')).text(), '1 EUR');
  assert.equal(await (await get('rates/stream')).text(), '1 EUR');
  assert.equal((await get('health')).status, 200);
  await fetch(`${url}/rates/down`, { method: 'PUT' });
  assert.equal((await get('rates')).status, 500);
  assert.equal((await get('rates')).status, 500);
  const refused = await get('rates');
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get('retry-after'), '1');
  const body = await refused.json();
  assert.equal(body.code, 'CIRCUIT_OPEN');
  assert.equal(body.circuit, 'rates');
  assert.equal(await (await get('rates/fallback')).text(), 'last EUR');
  assert.equal(await state(), 'open');
  assert.equal((await get('health')).status, 503);
  await fetch(`${url}/rates/up`, { method: 'PUT' });
  // In a fleet the first call after the wait asks for a probe, a later one is it, and all instances judge it.
  const end = Date.now() + 10_000;
  while ((await state()) !== 'closed' && Date.now() < end) {
    await sleep(50);
    await get('rates');
  }
  assert.equal(await state(), 'closed');
  assert.equal(await (await get('rates')).text(), '1 EUR');
  assert.equal((await get('health')).status, 200);
}

async function rejectAtTheController(url) {
  assert.equal((await fetch(`${url}/handlers`)).status, 500);
  const refused = await fetch(`${url}/handlers`);
  assert.equal(refused.status, 503);
  assert.equal((await refused.json()).circuit, 'handlers');
}

/** What has happened is to be seen at every other entry point of the package. */
async function showOnTheWings(url, hasRedis) {
  const get = path => fetch(`${url}/${path}`);
  const metrics = await (await get('metrics')).text();
  assert.match(metrics, /^circuit_breaker_state\{.*name="rates".*\} 0$/m);
  assert.match(metrics, /^circuit_breaker_state\{.*name="handlers".*\} 1$/m);
  const page = await get('dashboard');
  assert.equal(page.status, 200);
  const html = await page.text();
  const [, script] = /<script[^>]* src="([^"]+)"/.exec(html) ?? [];
  assert(script, `no script on the page:\n${html}`);
  assert.equal((await fetch(new URL(script, page.url))).status, 200);
  const circuits = await (await get('dashboard/api/circuits')).text();
  assert.match(circuits, /"rates"/);
  const names = await (await get('wings/opentelemetry')).json();
  assert(names.includes('circuit_breaker.state'), names.join(' '));
  const { status } = await (await get('wings/fleet')).json();
  assert.equal(status.joined, hasRedis, JSON.stringify(status));
}

function answers(port) {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => socket.end());
    socket.once('close', hadError => resolve(!hadError));
    socket.once('error', () => {});
  });
}

function urlOf(child) {
  return new Promise((resolve, reject) => {
    let output = '';
    const read = chunk => {
      output += chunk;
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output);
      if (url) resolve(url[0]);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('exit', code =>
      reject(new Error(`the application ended with ${code}:\n${output}`)),
    );
  });
}
