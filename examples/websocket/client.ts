import { createInterface } from 'node:readline';

/** Says what it reads from standard input, a line at a time, and prints what it hears. */
const url = process.argv[2] ?? 'ws://localhost:3000/chat/tea';
const socket = new WebSocket(url);

socket.addEventListener('open', () => {
  console.log(`connected to ${url}`);
  createInterface({ input: process.stdin })
    .on('line', (line) => socket.send(line))
    .on('close', () => socket.close());
});
socket.addEventListener('message', ({ data }) => console.log(data));
socket.addEventListener('error', () => {
  console.error(`no connection to ${url}`);
  process.exitCode = 1;
});
