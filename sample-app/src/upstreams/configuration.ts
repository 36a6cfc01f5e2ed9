import { startUpstream } from './upstream.js';

/** What holds for the shop's circuits: `GET /circuits` tells it, `PUT /circuits` changes it. */
let circuits: unknown = {};

startUpstream(({ method, body }) => {
  if (method === 'PUT') circuits = body;
  return { body: circuits };
});
