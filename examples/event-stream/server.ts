import express from 'express';

/** A clock that sends the time as an event, every `INTERVAL` milliseconds, for as long as somebody listens. */
const port = Number(process.env['CLOCK_PORT'] ?? 3001);
const interval = Number(process.env['INTERVAL'] ?? 1000);
const app = express();

app.get('/time', (request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  // A browser that lost the connection says which event it saw last.
  let id = Number(request.get('last-event-id') ?? 0);
  const tick = setInterval(() => {
    id++;
    response.write(`id: ${id}\ndata: ${new Date().toISOString()}\n\n`);
  }, interval);
  request.once('close', () => {
    clearInterval(tick);
    console.log(`a listener left after event ${id}`);
  });
});

app.listen(port, '127.0.0.1', (error?: Error) => {
  if (error !== undefined) throw error;
  console.log(`clock on http://127.0.0.1:${port}/time`);
});
