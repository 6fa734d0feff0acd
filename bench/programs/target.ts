import { createServer } from 'node:http';
import { smallJson } from '../target.ts';
import { environment } from './environment.ts';

/** The answers of the target, for machines without nginx. */
const bodies = new Map([
  ['64k', Buffer.alloc(64 * 1024, 'x')],
  ['10m', Buffer.alloc(10 * 1024 * 1024, 'x')],
]);
const chunk = Buffer.alloc(8 * 1024, 'x');

createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  const what = request.url?.split('/').at(-1) ?? '';
  request.resume();
  request.once('end', () => {
    const body = bodies.get(what);
    if (what === 'json') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': smallJson.length });
      response.end(smallJson);
    } else if (what === 'chunked') {
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      response.write(chunk);
      response.end();
    } else if (body === undefined) {
      response.writeHead(404).end();
    } else {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': body.length });
      response.end(body);
    }
  });
}).listen(environment.port);
