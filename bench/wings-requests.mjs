/**
 * What the wings that watch cost an application whose every request is one call
 * through a circuit, by the requests that it answers. Not part of `npm run bench`:
 * it has no peers to stand beside. Run it after a build with
 *
 *   node bench/wings-requests.mjs
 */
import { compare, load, startApp } from './paired-requests.mjs';

const APP = new URL('wings-app.mjs', import.meta.url);

/** @type {Record<string, string>} */
const SUBJECTS = {
  'without a wing, again': '',
  prometheus: 'prometheus',
  opentelemetry: 'opentelemetry',
  'prometheus and dashboard': 'prometheus,dashboard',
};

const off = await startApp(APP, { WINGS: '' });
await load(off);
for (const [title, wings] of Object.entries(SUBJECTS)) {
  const on = await startApp(APP, { WINGS: wings });
  await load(on);
  await compare(title, off, on);
  on.child.disconnect();
}
off.child.disconnect();
