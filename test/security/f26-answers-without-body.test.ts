import assert from 'node:assert/strict';
import { test } from 'node:test';
import { raw } from '../kit/replies.ts';
import { startFramingScene } from './framing-scene.ts';

const smuggled = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned';

interface Answer {
  readonly method: string;
  readonly status: number;
  readonly text: string;
  /** Whether octets follow the answer, so that its connection must not be used again. */
  readonly more: boolean;
}

const answers: Readonly<Record<string, Answer>> = {
  'a HEAD with a length': {
    method: 'HEAD',
    status: 200,
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
    more: false,
  },
  'a HEAD with a coding': {
    method: 'HEAD',
    status: 200,
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    more: false,
  },
  'a HEAD with a body': {
    method: 'HEAD',
    status: 200,
    text: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    more: true,
  },
  'a HEAD with chunks': {
    method: 'HEAD',
    status: 200,
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    more: true,
  },
  'a HEAD with another answer': {
    method: 'HEAD',
    status: 200,
    text: `HTTP/1.1 200 OK\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
    more: true,
  },
  'a 204': { method: 'GET', status: 204, text: 'HTTP/1.1 204 No Content\r\n\r\n', more: false },
  'a 204 with a length of 0': {
    method: 'GET',
    status: 204,
    text: 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
    more: false,
  },
  'a 204 with a length': {
    method: 'GET',
    status: 204,
    text: 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n',
    more: false,
  },
  'a 204 with a body': {
    method: 'GET',
    status: 204,
    text: 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello',
    more: true,
  },
  'a 204 with another answer': {
    method: 'GET',
    status: 204,
    text: `HTTP/1.1 204 No Content\r\n\r\n${smuggled}`,
    more: true,
  },
  'a 304 with a length': {
    method: 'GET',
    status: 304,
    text: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: "a"\r\n\r\n',
    more: false,
  },
  'a 304 with a body': {
    method: 'GET',
    status: 304,
    text: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello',
    more: true,
  },
  'a 304 with chunks': {
    method: 'GET',
    status: 304,
    text: 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    more: true,
  },
  'a 200 with another answer behind it': {
    method: 'GET',
    status: 200,
    text: `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK${smuggled}`,
    more: true,
  },
};

for (const [name, { method, status, text, more }] of Object.entries(answers)) {
  test(`F26: ${name} gives the client its head alone, and poisons nobody's connection`, async (t) => {
    const scene = await startFramingScene(t);
    scene.target.next(raw(text));
    const client = await scene.connect();
    const next = 'GET /next HTTP/1.1\r\nHost: gw.test\r\n\r\n';
    await client.send(`${method} / HTTP/1.1\r\nHost: gw.test\r\n\r\n`);
    const response = await client.response({ to: method });
    assert.equal(response.status, status);
    if (status === 204) assert.equal(response.header('content-length'), undefined);
    if (status !== 200) assert.equal(response.bodyLength, 0);
    await client.send(next);
    assert.equal((await client.response()).text, 'OK', 'the next answer is the next answer');
    assert.equal(client.unread.length, 0);
    client.destroy();
    const reused = scene.target.connections[0]?.requests.some(({ target }) => target === '/next') === true;
    if (more) assert.ok(!reused, 'a connection with octets left over is not used again');
    else assert.ok(reused, 'a sound connection is used again');
    await scene.assertNextClientServed();
  });
}
