import { startUpstream } from './upstream.js';

/** `GET /recommendations/:sku`: what people bought as well. */
startUpstream(({ path }) => ({
  body: path.endsWith('/teapot') ? ['cup', 'sugar bowl'] : ['teapot'],
}));
