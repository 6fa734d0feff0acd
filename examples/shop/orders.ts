import { EventEmitter } from 'node:events';
import express from 'express';
import type { Response } from 'express';
import { HttpError, readNumber, readText, startService } from './service.ts';

interface Order {
  readonly id: number;
  /** Who placed it. */
  readonly customer: string;
  readonly product: string;
  readonly state: 'placed' | 'shipped';
}

const orders: Order[] = [
  { id: 1, customer: 'grace', product: 'Teapot', state: 'shipped' },
  { id: 2, customer: 'ada', product: 'Teacup', state: 'placed' },
];
const placed = new EventEmitter<{ order: [Order] }>();

const app = express();
app.use(express.json());

app.get('/orders', (_request, response) => {
  response.json(orders);
});

app.post('/orders', (request, response) => {
  const order: Order = {
    id: orders.length + 1,
    // Whose token it was: only Waygate can say so, as it deletes this header from what clients send.
    customer: request.get('x-consumer') ?? 'nobody',
    product: readText(request.body, 'product'),
    state: 'placed',
  };
  orders.push(order);
  placed.emit('order', order);
  response.status(201).location(`/orders/${order.id}`).json(order);
});

// An event stream: every order so far, then each new one in the moment it is placed.
app.get('/orders/events', (request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  for (const order of orders) sendEvent(response, order);
  const onOrder = (order: Order): void => sendEvent(response, order);
  placed.on('order', onOrder);
  request.once('close', () => placed.off('order', onOrder));
});

// Whoever asks may see them: Waygate has compared the name in the path with the token.
app.get('/orders/of/:customer', (request, response) => {
  response.json(orders.filter(({ customer }) => customer === request.params.customer));
});

app.get('/orders/:id', (request, response) => {
  const id = readNumber(request.params.id, 'id', 999_999_999);
  const order = orders.find((candidate) => candidate.id === id);
  if (order === undefined) throw new HttpError(404, `no order ${id}`);
  response.json(order);
});

startService('orders', app);

function sendEvent(response: Response, order: Order): void {
  response.write(`id: ${order.id}\nevent: order\ndata: ${JSON.stringify(order)}\n\n`);
}
