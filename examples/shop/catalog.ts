import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import { HttpError, readNumber, startService } from './service.ts';

interface Product {
  readonly id: number;
  readonly name: string;
  /** In cents. */
  readonly price: number;
}

const products: readonly Product[] = [
  { id: 1, name: 'Teapot', price: 2490 },
  { id: 2, name: 'Teacup', price: 690 },
  { id: 3, name: 'Kettle', price: 3990 },
];

const app = express();

app.get('/products', (request, response) => {
  const wanted = typeof request.query['q'] === 'string' ? request.query['q'].toLowerCase() : '';
  response.json(products.filter(({ name }) => name.toLowerCase().includes(wanted)));
});

app.get('/products/:id', (request, response) => {
  const id = readNumber(request.params.id, 'id', 999_999_999);
  const product = products.find((candidate) => candidate.id === id);
  if (product === undefined) throw new HttpError(404, `no product ${id}`);
  response.json(product);
});

// A report that takes its time, to see what time-outs do.
app.get('/report', async (request, response) => {
  const delay = readNumber(request.query['delay'] ?? '300', 'delay', 10_000);
  await sleep(delay);
  const total = products.reduce((sum, { price }) => sum + price, 0);
  response.json({ products: products.length, averagePrice: Math.round(total / products.length) });
});

startService('catalog', app);
