import { join } from 'node:path';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import { startServices } from './services.ts';
// The one import that this app has grown. In a project of your own: from 'waygate/express'.
import { createMiddleware } from '../../src/express.ts';

const port = (name: string, usual: number): number => Number(process.env[name] ?? usual);

startServices(port('USERS_PORT', 3001), port('CHAT_PORT', 3002));

const app = express();

/** Counts a visitor's requests, as a session would: in a cookie, and in a header that services see. */
const visits: RequestHandler = (request, response, next) => {
  const visit = Number(/\bvisit=(\d{1,9})/.exec(request.headers.cookie ?? '')?.[1] ?? 0) + 1;
  response.cookie('visit', String(visit), { httpOnly: true });
  request.headers['x-visit'] = String(visit);
  next();
};
app.use(visits);
app.use(express.json());

// The gateway: what a route of waygate.yaml matches goes to its service, everything else goes on.
const gateway = createMiddleware({
  configFile: join(import.meta.dirname, 'waygate.yaml'),
  onError: 'next',
  accessLog: false,
});
app.use(gateway);

// What the app had all along.
app.get('/', (_request, response) => {
  response.send('the app itself\n');
});
app.use((_request, response) => {
  response.status(404).send('the app knows no such page\n');
});
const answerError: ErrorRequestHandler = (
  error: { status?: number; code?: string },
  _request,
  response,
  next,
) => {
  if (response.headersSent) next(error);
  else response.status(error.status ?? 500).send(`the app is sorry: ${error.code ?? 'internal'}\n`);
};
app.use(answerError);

await gateway.ready;
const server = app.listen(port('PORT', 3000), '127.0.0.1', () => {
  console.log(`the app listens on http://127.0.0.1:${port('PORT', 3000)}`);
});
server.on('upgrade', gateway.upgrade);

process.once('SIGTERM', () => {
  server.close(() => process.exit());
  void gateway.close();
});
