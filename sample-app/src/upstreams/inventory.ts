import { startUpstream } from './upstream.js';

/** `GET /stock/:sku` and `POST /warehouses/:warehouse/reservations`; the shelves never empty. */
startUpstream(({ method, path }) => {
  const [, room, name] = path.split('/');
  if (room === 'stock' && name === 'unicorn') {
    return { status: 404, body: { message: 'No such product' } };
  }
  return method === 'POST'
    ? { status: 201, body: { warehouse: name } }
    : { body: { sku: name, inStock: 100 } };
});
