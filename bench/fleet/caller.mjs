// One process with 100 circuits and callers, steered by its parent.
import { joinFleet, makeRegistry } from './library.mjs';

const [port, circuits] = process.argv.slice(2).map(Number);
const registry = makeRegistry();
const fleet = joinFleet(registry, port);
const all = Array.from({ length: circuits }, (_, index) =>
  registry.getOrCreate(`dependency-${index}`),
);

let rate = 0;
let made = 0;
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  const each = Math.round((rate * Math.min(100, now - last)) / 1000);
  last = now;
  for (const circuit of all) {
    for (let call = 0; call < each; call++) circuit.tryAcquire()?.success(1);
  }
  made += each * circuits;
}, 10);

process.on('message', message => {
  if (message.rate !== undefined) {
    rate = message.rate;
    made = 0;
  } else process.send({ made, joined: fleet.status.joined });
});
process.on('disconnect', () => process.exit(0));
process.send({ ready: true });
