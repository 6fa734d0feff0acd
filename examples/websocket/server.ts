import { WebSocketServer } from 'ws';

/** A chat: whoever says something in a room is heard by everybody in it. Waygate names the room in a header. */
const port = Number(process.env['CHAT_PORT'] ?? 3001);
const server = new WebSocketServer({ port, host: '127.0.0.1' });
const rooms = new WeakMap<object, string>();

server.on('connection', (socket, request) => {
  const room = String(request.headers['x-room']);
  rooms.set(socket, room);
  socket.on('error', console.error);
  socket.on('message', (message, binary) => {
    for (const other of server.clients) if (rooms.get(other) === room) other.send(message, { binary });
  });
  socket.send(`welcome to ${room}`);
});
server.once('listening', () => console.log(`chat on ws://127.0.0.1:${port}`));
