import { monitorEventLoopDelay, createHistogram } from 'node:perf_hooks';
import { joinFleet, makeRegistry, pause } from './library.mjs';
import { startServer } from './server.mjs';

const CIRCUITS = 100;
const SECONDS = 5;

/** Event loop and calls without a fleet, with one, and with one whose Redis is stopped. */
export async function measureStopped() {
  console.log(`\nevent loop and calls, ${CIRCUITS} circuits × 100 calls/s`);
  const registry = makeRegistry();
  const circuits = Array.from({ length: CIRCUITS }, (_, index) =>
    registry.getOrCreate(`dependency-${index}`),
  );
  await measure('without a fleet', circuits);
  const server = await startServer();
  const fleet = joinFleet(registry, server.port);
  await pause(1_000);
  await measure('with a fleet', circuits);
  server.signal('SIGSTOP');
  await measure('Redis stopped', circuits);
  await measure('still stopped', circuits);
  server.signal('SIGCONT');
  await pause(2_000);
  console.log(`  joined again: ${fleet.status.joined}`);
  await fleet.close();
  await measure('without again', circuits);
  server.stop();
}

const ms = nanoseconds => (nanoseconds / 1e6).toFixed(2);

async function measure(label, circuits) {
  const calls = createHistogram();
  const loop = monitorEventLoopDelay({ resolution: 5 });
  const timer = setInterval(() => {
    for (const circuit of circuits) {
      const began = process.hrtime.bigint();
      circuit.tryAcquire()?.success(1);
      calls.record(process.hrtime.bigint() - began || 1n);
    }
  }, 10);
  loop.enable();
  await pause(SECONDS * 1_000);
  loop.disable();
  clearInterval(timer);
  console.log(
    `  ${label.padEnd(16)} loop delay p50 ${ms(loop.percentile(50))} p99 ${ms(loop.percentile(99))} max ${ms(loop.max)} ms;`,
    `call p50 ${calls.percentile(50)} p99 ${calls.percentile(99)} p99.9 ${calls.percentile(99.9)} ns`,
  );
}
