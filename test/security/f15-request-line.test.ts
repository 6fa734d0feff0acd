import { test } from 'node:test';
import { startFramingScene } from './framing-scene.ts';

const host = 'Host: gw.test\r\n\r\n';

const refused: Readonly<Record<string, readonly [line: string, ...statuses: number[]]>> = {
  'a tab behind the method': ['GET\t/ HTTP/1.1\r\n', 400],
  'a tab behind the target': ['GET /\tHTTP/1.1\r\n', 400],
  'two spaces behind the method': ['GET  / HTTP/1.1\r\n', 400],
  'two spaces behind the target': ['GET /  HTTP/1.1\r\n', 400],
  'a space behind the version': ['GET / HTTP/1.1 \r\n', 400],
  'a space before the method': [' GET / HTTP/1.1\r\n', 400],
  'a space in the target': ['GET /a b HTTP/1.1\r\n', 400],
  'no target': ['GET HTTP/1.1\r\n', 400],
  'no target but two spaces': ['GET  HTTP/1.1\r\n', 400],
  'no version': ['GET /\r\n', 400, 505],
  'only a method': ['GET\r\n', 400],
  'a method in lower case': ['get / HTTP/1.1\r\n', 400, 501],
  'a method in mixed case': ['Get / HTTP/1.1\r\n', 400, 501],
  'a target of 8 KB and one': [`GET /${'a'.repeat(8192)} HTTP/1.1\r\n`, 414],
  'a target of 100 KB': [`GET /${'a'.repeat(100_000)} HTTP/1.1\r\n`, 414],
  'a query of 8 KB': [`GET /?${'a'.repeat(8192)} HTTP/1.1\r\n`, 414],
  'HTTP/1.2': ['GET / HTTP/1.2\r\n', 400, 505],
  'HTTP/2.0 as text': ['GET / HTTP/2.0\r\n', 400, 505],
  'HTTP/0.9': ['GET / HTTP/0.9\r\n', 400, 505],
  'HTTP/9.9': ['GET / HTTP/9.9\r\n', 400, 505],
  'HTTP/1': ['GET / HTTP/1\r\n', 400, 505],
  'HTTP/1.': ['GET / HTTP/1.\r\n', 400, 505],
  'HTTP/1.10': ['GET / HTTP/1.10\r\n', 400, 505],
  'HTTP/01.1': ['GET / HTTP/01.1\r\n', 400, 505],
  'http/1.1': ['GET / http/1.1\r\n', 400, 505],
  'HTTP 1.1': ['GET / HTTP 1.1\r\n', 400, 505],
  'another protocol': ['GET / ICY/1.1\r\n', 400, 505],
  RTSP: ['DESCRIBE / RTSP/1.0\r\n', 400, 501, 505],
  'an asterisk for GET': ['GET * HTTP/1.1\r\n', 400],
  'authority-form for GET': ['GET gw.test:80 HTTP/1.1\r\n', 400],
  'a relative path': ['GET a/b HTTP/1.1\r\n', 400],
  'a backslash': ['GET /a\\b HTTP/1.1\r\n', 400],
  'a fragment': ['GET /a#b HTTP/1.1\r\n', 400],
  'a NUL': ['GET /a\0b HTTP/1.1\r\n', 400],
  'obs-text': ['GET /caf\xe9 HTTP/1.1\r\n', 400],
  DEL: ['GET /a\x7f HTTP/1.1\r\n', 400],
  'another scheme': ['GET ftp://gw.test/ HTTP/1.1\r\n', 400],
  userinfo: ['GET http://user@gw.test/ HTTP/1.1\r\n', 400],
  'another host in the target': ['GET http://evil.test/ HTTP/1.1\r\n', 400],
  'the HTTP/2 preface': ['PRI * HTTP/2.0\r\n\r\nSM\r\n', 400, 505],
};

test('F15: a request line that is not method, target and version, one space between, is refused and closes', async (t) => {
  const scene = await startFramingScene(t);
  for (const [name, [line, ...status]] of Object.entries(refused)) {
    await t.test(name, async () => {
      await scene.assertRefused(Buffer.from(line + host, 'latin1'), { status });
    });
  }
});

test('F15: a target of 8 KB is long enough to be forwarded', async (t) => {
  const scene = await startFramingScene(t);
  await scene.assertForwarded(`GET /${'a'.repeat(8191)} HTTP/1.1\r\n${host}`);
});
