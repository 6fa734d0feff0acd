import { Agent } from 'node:http';
import express from 'express';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { environment } from './environment.ts';

const { port, targetPort, routes } = environment;
const agent = new Agent({ keepAlive: true });
const app = express();
app.disable('x-powered-by');

for (const route of routes) {
  app.use(route, createProxyMiddleware({ target: `http://127.0.0.1:${targetPort}`, agent, xfwd: true }));
}

// As long as nginx and HAProxy keep idle clients.
app.listen(port, '127.0.0.1').keepAliveTimeout = 75_000;
