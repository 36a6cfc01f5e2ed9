import { type Call, startUpstream } from './upstream.js';

/** What was charged, by idempotency key: a repeated request finds the first one's charge. */
const charges = new Map<string, unknown>();
let repeated = 0;

startUpstream(({ method, path, headers, body }: Call) => {
  if (method !== 'POST' || path !== '/charges') {
    return { body: { charges: charges.size, repeated } };
  }
  const key = headers['idempotency-key'];
  if (typeof key !== 'string') {
    return { status: 400, body: { message: 'Idempotency-Key is missing' } };
  }
  if (charges.has(key)) repeated++;
  else charges.set(key, body);
  return { status: 201, body: { charge: key } };
}, 402);
