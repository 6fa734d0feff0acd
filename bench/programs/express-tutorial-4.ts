import express from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { environment } from './environment.ts';

const { port, targetPort, routes } = environment;
const app = express();

for (const route of routes) {
  app.use(route, createProxyMiddleware({ target: `http://localhost:${targetPort}`, changeOrigin: true }));
}

app.listen(port, '127.0.0.1');
