import { createServer } from 'node:http';
import express from 'express';
// The one line that is another than in the tutorials. In a project of your own: from 'waygate/http-proxy-middleware'.
import { createProxyMiddleware } from '../../src/http-proxy-middleware.ts';

const port = (name: string, usual: number): number => Number(process.env[name] ?? usual);
const [usersPort, ordersPort] = [port('USERS_PORT', 3001), port('ORDERS_PORT', 3002)];

// The two services.
createServer((request, response) => {
  response.end(`users: ${request.url ?? ''}\n`);
}).listen(usersPort, '127.0.0.1');
createServer((request, response) => {
  response.end(`orders: ${request.url ?? ''}\n`);
}).listen(ordersPort, '127.0.0.1');

// The gateway.
const app = express();
app.use('/users', createProxyMiddleware({ target: `http://localhost:${usersPort}`, changeOrigin: true }));
app.use('/orders', createProxyMiddleware({ target: `http://localhost:${ordersPort}`, changeOrigin: true }));
app.listen(port('PORT', 3000), '127.0.0.1', () => {
  console.log('The gateway listens.');
});
