import { startUpstream } from './upstream.js';

/**
 * `POST /warehouses/:warehouse/reservations`, `GET /warehouses/:warehouse/stock/:sku`
 * and `GET /products/:sku`. The shelves never empty.
 */
startUpstream(({ method, path }) => {
  if (path.startsWith('/products/')) {
    return {
      body: { sku: path.split('/')[2], description: 'Of the best sort' },
    };
  }
  const [, , warehouse, , sku] = path.split('/');
  if (method === 'POST') return { status: 201, body: { warehouse } };
  return sku === 'unicorn'
    ? { status: 404, body: { message: 'No such product' } }
    : { body: { warehouse, inStock: 100 } };
});
