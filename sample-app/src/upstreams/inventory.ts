import { startUpstream } from './upstream.js';

/**
 * `POST /warehouses/:warehouse/reservations` and `GET /warehouses/:warehouse/stock/:sku`.
 * The shelves never empty.
 */
startUpstream(({ method, path }) => {
  const [, , warehouse, , sku] = path.split('/');
  if (method === 'POST') return { status: 201, body: { warehouse } };
  return sku === 'unicorn'
    ? { status: 404, body: { message: 'No such product' } }
    : { body: { warehouse, inStock: 100 } };
});
