import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answer, play, responseText, sendInPieces } from '../kit/replies.ts';
import type { RecordedRequest } from '../kit/request-parser.ts';
import { startFramingScene } from './framing-scene.ts';
import type { FramingScene } from './framing-scene.ts';

const host = 'Host: gw.test\r\n';
const post = `POST /a//b/../%63?d HTTP/1.1\r\n${host}`;

/** Streams of several requests; those that end in a refusal are cut to pieces as well. */
const streams: Readonly<Record<string, string>> = {
  'known lengths': `${post}Content-Length: 5\r\n\r\nhello${post}Content-Length: 0\r\n\r\nGET / HTTP/1.1\r\n${host}\r\n`,
  chunks: `${post}Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\n\r\nHEAD / HTTP/1.1\r\n${host}\r\n`,
  'a malformed head behind a good one': `GET / HTTP/1.1\r\n${host}\r\nGET / HTTP/1.1\r\n${host}X : y\r\n\r\n`,
  'an unknown method': `FOOBAR / HTTP/1.1\r\n${host}\r\n`,
  'an unknown version': `GET / HTTP/1.2\r\n${host}\r\n`,
  'length and coding': `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'a long head': `GET / HTTP/1.1\r\n${host}${'X-Long: and its value\r\n'.repeat(50)}\r\n`,
};

/** What both sides saw, without what differs from one exchange to the next. */
async function send(scene: FramingScene, text: string, cuts: readonly number[]): Promise<unknown> {
  const before = scene.target.requests.length;
  const client = await scene.connect();
  await client.sendInPieces(text, cuts);
  client.halfClose();
  await client.ending();
  // Whether a client that has said everything is still there is asked with a 100, where its answer is not under way yet.
  const answers = client.received
    .toString('latin1')
    .replaceAll('HTTP/1.1 100 Continue\r\n\r\n', '')
    .replaceAll(/"requestId":"[^"]*"|^Date: .*\r\n/gm, '');
  client.destroy();
  const whole = scene.target.requests.slice(before).filter(({ complete }) => complete);
  return { answers, arrived: whole.map(summary) };
}

function summary({ method, target, headers, body, trailers }: RecordedRequest): unknown {
  return { method, target, headers, body: body.toString('latin1'), trailers };
}

function everyOctet(text: string): number[] {
  return Array.from({ length: text.length - 1 }, (_, i) => i + 1);
}

test('F23: requests that arrive octet by octet have the same result as whole ones', async (t) => {
  const scene = await startFramingScene(t);
  for (const [name, text] of Object.entries(streams)) {
    await t.test(name, async () => {
      assert.deepEqual(await send(scene, text, everyOctet(text)), await send(scene, text, []));
    });
  }
});

test('F23: answers that arrive octet by octet have the same result as whole ones', async (t) => {
  const scene = await startFramingScene(t);
  const answers: Readonly<Record<string, string>> = {
    length: responseText({
      headers: [
        ['X-A', 'b'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ],
      body: 'hello',
    }),
    chunks: responseText({ chunks: ['hello', ' ', 'world'], trailers: [['X-Sum', '1']] }),
    interim: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${responseText({ body: 'hello' })}`,
    malformed: 'HTTP/1.1 200 OK\r\nX : y\r\n\r\n',
  };
  for (const [name, text] of Object.entries(answers)) {
    await t.test(name, async () => {
      const results: unknown[] = [];
      for (const cuts of [[], everyOctet(text)]) {
        scene.target.next(play(sendInPieces(text, cuts)));
        const client = await scene.connect();
        await client.send(`GET / HTTP/1.1\r\n${host}\r\n`);
        const response = await client.response();
        client.destroy();
        const headers = response.headers.filter(
          ([field]) => !/^(date|transfer-encoding|content-length)$/i.test(field),
        );
        const body = response.status === 200 ? response.text : '';
        results.push([response.status, headers, body, response.interim.map(({ status }) => status)]);
      }
      assert.deepEqual(results[1], results[0]);
    });
  }
});

test('F23: ten thousand requests in segments of one octet are answered as whole ones are', async (t) => {
  const scene = await startFramingScene(t, { limits: { requestsPerConnection: 100_000 } });
  scene.target.script = answer((request) => ({ body: request.target }));
  const [connections, each] = [50, 200];
  const work = async (connection: number): Promise<void> => {
    const client = await scene.connect();
    for (let i = 0; i < each; i++) {
      const path = `/${connection}/${i}`;
      const text = Buffer.from(`GET ${path} HTTP/1.1\r\n${host}\r\n`);
      // Without Nagle's algorithm every write is a segment; how many a read gathers is up to the system.
      for (let at = 0; at < text.length; at++) client.socket.write(text.subarray(at, at + 1));
      assert.equal((await client.response({ within: 60_000 })).text, path);
    }
    client.destroy();
  };
  await Promise.all(Array.from({ length: connections }, (_, i) => work(i)));
  assert.equal(scene.target.requests.length, connections * each);
  assert.deepEqual(scene.target.irregularities, []);
});
