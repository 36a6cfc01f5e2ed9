// One instance of the fleet: a real process with callers, steered by its parent.
import 'reflect-metadata';
import http from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const {
  library,
  port,
  upstream,
  circuit: options,
  fleet: settings,
} = JSON.parse(process.argv[2]);
const { CircuitBreakerRegistry } = await import(
  `${library}/registry/circuit-breaker.registry.js`
);
const { CircuitBreakerFleet } = await import(`${library}/redis/index.js`);

const logged = [];
const log = message => void logged.push(message);
const logger = { log, warn: log, error: log };
const registry = new CircuitBreakerRegistry(undefined, { logger });
const circuit = registry.getOrCreate('upstream', options);
const transitions = [];
circuit.on(['transition'], ({ to, at }) => transitions.push({ to, at }));

const fleet = new CircuitBreakerFleet(
  registry,
  { connection: { host: '127.0.0.1', port }, ...settings },
  logger,
);

const agent = new http.Agent({ keepAlive: true, maxSockets: 50 });
let rate = 0;
let slowest = 0;
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();

function visit(headers) {
  return new Promise((resolve, reject) => {
    const request = http.get(
      { host: '127.0.0.1', port: upstream, agent, headers },
      response => {
        response.resume();
        response.on('end', () =>
          response.statusCode === 200 ? resolve() : reject(new Error('down')),
        );
      },
    );
    request.on('error', reject);
  });
}

function call() {
  const began = performance.now();
  const permit = circuit.tryAcquire();
  slowest = Math.max(slowest, performance.now() - began);
  if (permit === undefined) return;
  const { joined, state, generation } = circuit.snapshot().shared;
  const isLeased = permit.isProbe && joined && state === 'half-open';
  visit({
    ...(permit.isProbe && { 'x-probe': 'alone' }),
    ...(isLeased && { 'x-probe': String(generation) }),
  }).then(
    () => permit.success(),
    error => permit.failure(error),
  );
}

let debt = 0;
setInterval(() => {
  debt += rate / 50;
  for (; debt >= 1; debt--) call();
}, 20);

const answers = {
  rate: value => void (rate = value),
  order: ([what, ...args]) => void circuit[what](...args),
  configure: patch => registry.configure('upstream', patch),
  reset: () => {
    slowest = 0;
    delay.reset();
    logged.length = 0;
    transitions.length = 0;
  },
  look: () => ({
    state: circuit.state,
    shared: circuit.snapshot().shared,
    status: fleet.status,
    minimumCalls: circuit.rules.minimumCalls,
    rejected: circuit.totals.rejected,
    slowest,
    lag: delay.max / 1e6,
    memory: process.memoryUsage().heapUsed,
    transitions: [...transitions],
    logged: [...logged],
  }),
  close: () => fleet.close().then(() => process.exit(0)),
};

process.on('message', ({ id, what, value }) => {
  Promise.resolve(answers[what](value)).then(answer =>
    process.send({ id, answer }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send({ ready: true });
