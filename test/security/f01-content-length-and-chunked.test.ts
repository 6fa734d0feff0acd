import { test } from 'node:test';
import { startFramingScene } from './framing-scene.ts';

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: gw.test\r\n\r\n';

const inputs: Readonly<Record<string, string>> = {
  'the length first': 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
  'the coding first': 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n',
  'the length in other letters': 'content-LENGTH: 5\r\ntransfer-encoding: CHUNKED\r\n',
  'a length of 0': 'Content-Length: 0\r\nTransfer-Encoding: chunked\r\n',
  'with a line between': 'Content-Length: 5\r\nX-Between: 1\r\nTransfer-Encoding: chunked\r\n',
  'nominated as hop-by-hop':
    'Connection: Content-Length\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n',
};

test('F1: Content-Length beside Transfer-Encoding: chunked is 400, closes, and nothing reaches a target', async (t) => {
  const scene = await startFramingScene(t);
  for (const [name, lines] of Object.entries(inputs)) {
    for (const method of ['POST', 'GET']) {
      await t.test(`${name}, ${method}`, async () => {
        const head = `${method} / HTTP/1.1\r\nHost: gw.test\r\n${lines}\r\n`;
        await scene.assertRefused(`${head}0\r\n\r\n${smuggled}`, { status: 400, code: 'bad_framing' });
      });
    }
  }
});
