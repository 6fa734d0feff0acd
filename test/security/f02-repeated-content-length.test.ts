import { test } from 'node:test';
import { startFramingScene } from './framing-scene.ts';

const inputs: Readonly<Record<string, string>> = {
  'two different lines': 'Content-Length: 5\r\nContent-Length: 6\r\n',
  'two equal lines': 'Content-Length: 5\r\nContent-Length: 5\r\n',
  'two lines in different letters': 'Content-Length: 5\r\ncontent-length: 5\r\n',
  'two lines apart': 'Content-Length: 5\r\nX-Between: 1\r\nContent-Length: 0\r\n',
  'three lines': 'Content-Length: 5\r\nContent-Length: 5\r\nContent-Length: 5\r\n',
  'a list of equal ones': 'Content-Length: 5, 5\r\n',
  'a list of different ones': 'Content-Length: 5,6\r\n',
  'a list that ends in nothing': 'Content-Length: 5,\r\n',
  'the second line empty': 'Content-Length: 5\r\nContent-Length:\r\n',
};

test('F2: a Content-Length that comes more than once is 400, closes, and nothing reaches a target', async (t) => {
  const scene = await startFramingScene(t);
  for (const [name, lines] of Object.entries(inputs)) {
    await t.test(name, async () => {
      const bytes = `POST / HTTP/1.1\r\nHost: gw.test\r\n${lines}\r\nhelloGET /smuggled HTTP/1.1\r\nHost: gw.test\r\n\r\n`;
      await scene.assertRefused(bytes, { status: 400 });
    });
  }
});
