import express from 'express';
import { HttpError, readNumber, readText, startService } from './service.ts';

interface User {
  readonly id: number;
  readonly name: string;
  readonly email: string;
}

const users = new Map<number, User>(
  [
    { id: 1, name: 'Ada', email: 'ada@example.com' },
    { id: 2, name: 'Grace', email: 'grace@example.com' },
  ].map((user) => [user.id, user]),
);

const app = express();
app.use(express.json());

app.get('/', (_request, response) => {
  response.json([...users.values()]);
});

app.get('/:id', (request, response) => {
  const user = users.get(readNumber(request.params.id, 'id', 999_999_999));
  if (user === undefined) throw new HttpError(404, `no user ${request.params.id}`);
  response.json(user);
});

app.post('/', (request, response) => {
  const user = {
    id: users.size + 1,
    name: readText(request.body, 'name'),
    email: readText(request.body, 'email'),
  };
  users.set(user.id, user);
  // Where the client finds it: the gateway tells which prefix it took away.
  response
    .status(201)
    .location(`${request.get('x-forwarded-prefix') ?? ''}/${user.id}`)
    .json(user);
});

startService('users', app);
