import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brotliCompressSync, deflateSync, gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import express from 'express';
import type { Interceptor, Options } from '../../src/http-proxy-middleware.ts';
import * as ours from '../../src/http-proxy-middleware.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  asHandler,
  compareScenarios,
  get,
  observe,
  post,
  serveProxy,
  withBoth,
  type ProxyPackage,
  type Scenario,
} from '../kit/proxy-comparison.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer, play, requestComplete, send, type Script } from '../kit/replies.ts';

/** A proxy that replaces a word, and notes that it was asked to. */
const replacing = (
  url: string,
  { responseInterceptor }: ProxyPackage,
  note: (text: string) => void,
): Options => ({
  target: url,
  selfHandleResponse: true,
  on: {
    proxyRes: responseInterceptor((body, proxyRes, request, response) => {
      note(`${request.url ?? ''} ${String(proxyRes.statusCode)} ${String(response.headersSent)}`);
      response.setHeader('x-intercepted', proxyRes.headers['content-encoding'] ?? 'none');
      return Promise.resolve(body.toString().replace('Hello', 'Goodbye'));
    }),
  },
});

/** Answers with octets in a coding. */
const encoded = (coding: string, octets: Buffer): Script =>
  play(
    requestComplete,
    send(
      Buffer.concat([
        Buffer.from(
          `HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\nContent-Encoding: ${coding}\r\nContent-Length: ${octets.length}\r\n\r\n`,
        ),
        octets,
      ]),
    ),
  );

const codings: Readonly<Record<string, (text: string) => Buffer>> = {
  gzip: (text) => gzipSync(text),
  deflate: (text) => deflateSync(text),
  br: (text) => brotliCompressSync(text),
  zstd: (text) => zstdCompressSync(text),
};

const interceptions: Record<string, Scenario> = {
  'chunks, trailers and no length': {
    options: (url, lib, _other, note) => replacing(url, lib, note),
    script: answer({
      headers: [
        ['Trailer', 'X-Sum'],
        ['Set-Cookie', 'a=1; Path=/'],
        ['Set-Cookie', 'b=2'],
      ],
      chunks: ['Hel', 'lo'],
      trailers: [['X-Sum', '1']],
    }),
    holds: ([first]) => {
      assert.equal(first?.client.body, 'Goodbye');
      assert.deepEqual(first?.client.headers['content-length'], ['7']);
      assert.equal(first?.client.headers['trailer'], undefined);
    },
  },
  'a coding that nobody knows is left as it is': {
    options: (url, lib, _other, note) => replacing(url, lib, note),
    script: encoded('unknown', Buffer.from('Hello')),
    holds: ([first]) => assert.equal(first?.client.body, 'Goodbye'),
  },
  'an empty body': {
    options: (url, lib, _other, note) => replacing(url, lib, note),
    script: answer({ body: '' }),
    holds: ([first]) => assert.equal(first?.client.body, ''),
  },
  'octets, with two of them for a letter': {
    options: (url, { responseInterceptor }) => ({
      target: url,
      selfHandleResponse: true,
      on: { proxyRes: responseInterceptor((body) => Promise.resolve(`é${body.toString('latin1')}`)) },
    }),
    holds: ([first]) => assert.deepEqual(first?.client.headers['content-length'], ['4']),
  },
  'HEAD: the length of the body that there is not stays': {
    options: (url, lib, _other, note) => replacing(url, lib, note),
    script: play(
      requestComplete,
      send('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5000\r\nX-A: 1\r\n\r\n'),
    ),
    requests: ['HEAD /x HTTP/1.1\r\nHost: app.test\r\n\r\n'],
    holds: ([first], _url, notes) => {
      assert.deepEqual(first?.client.headers['content-length'], ['5000']);
      assert.deepEqual(notes, []);
    },
  },
  '204 and 304 have no body, and no interceptor': {
    options: (url, lib, _other, note) => replacing(url, lib, note),
    script: async (turn) => {
      await answer({ status: turn.request.target === '/204' ? 204 : 304, headers: [['ETag', '"1"']] })(turn);
    },
    requests: [get('/204'), get('/304')],
    holds: (seen, _url, notes) => {
      assert.deepEqual(
        seen.map(({ client }) => client.status),
        [204, 304],
      );
      assert.deepEqual(notes, []);
    },
  },
};
for (const [coding, encode] of Object.entries(codings))
  interceptions[`${coding}: taken off`] = {
    options: (url, lib, _other, note) => replacing(url, lib, note),
    script: encoded(coding, encode('Hello, world')),
    holds: ([first]) => {
      assert.equal(first?.client.body, 'Goodbye, world');
      assert.deepEqual(first?.client.headers['x-intercepted'], [coding]);
      assert.equal(first?.client.headers['content-encoding'], undefined);
    },
  };

compareScenarios('responseInterceptor does the same with both packages', interceptions);

const fixed = (url: string, { fixRequestBody }: ProxyPackage): Options => ({
  target: url,
  on: { proxyReq: fixRequestBody },
});

/** Stands in for a parser of forms with parts: the body is read, and this was made of it. */
const parsedAs =
  (body: unknown): express.RequestHandler =>
  (request, _response, next) => {
    request.resume();
    request.on('end', () => {
      request.body = body;
      setImmediate(next);
    });
  };

const bodies: Readonly<Record<string, Scenario>> = {
  'application/json, and types made of it': {
    options: fixed,
    before: [express.json({ type: ['application/json', '*/*+json'] })],
    requests: [
      post('application/json; charset=utf-8', '{"a":["e",1,null]}'),
      post('application/vnd.api+json', '{"a":1}'),
      post('application/json', '[]'),
    ],
    holds: ([first]) => assert.equal(first?.target[0]?.body, '{"a":["e",1,null]}'),
  },
  'application/x-www-form-urlencoded': {
    options: fixed,
    before: [express.urlencoded({ extended: false })],
    requests: [post('application/x-www-form-urlencoded', 'a=1&b=%C3%A9&a=2&c=')],
    holds: ([first]) => assert.equal(first?.target[0]?.body, 'a=1&a=2&b=%C3%A9&c='),
  },
  'text/plain': {
    options: fixed,
    before: [express.text()],
    requests: [post('text/plain; charset=utf-8', 'a text')],
    holds: ([first]) => assert.equal(first?.target[0]?.body, 'a text'),
  },
  'nothing to fix where nobody has read the body': {
    options: fixed,
    requests: [post('application/json', '{"a":1}'), get('/x')],
    holds: ([first]) => assert.equal(first?.target[0]?.body, '{"a":1}'),
  },
};

compareScenarios('fixRequestBody does the same with both packages', bodies);

describe('bodies, where the packages differ or a connection shows it', () => {
  it('fixRequestBody: what was compressed is compressed again', async (t) => {
    const target = await startRecordingTarget(t);
    const body = await withBoth(async (lib) => {
      const app = express();
      app.use(express.json(), asHandler(lib.createProxyMiddleware(fixed(target.url, lib))));
      const octets = gzipSync('{"a":1}').toString('latin1');
      const before = target.requests.length;
      const head = `POST /x HTTP/1.1\r\nHost: app.test\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: ${octets.length}\r\n\r\n`;
      await observe(t, app, target, head + octets);
      return gunzipSync(target.requests[before]?.body ?? '').toString();
    });
    assert.equal(body, '{"a":1}');
  });

  it('fixRequestBody: a form with parts is written with its end, and what would be another part is refused', async (t) => {
    const target = await startRecordingTarget(t);
    const form = (body: unknown) => {
      const app = express();
      const { fixRequestBody, createProxyMiddleware } = ours;
      const options: Options = { target: target.url, on: { proxyReq: fixRequestBody } };
      app.use(parsedAs(body), asHandler(createProxyMiddleware(options)));
      return observe(t, app, target, post('multipart/form-data; boundary=line', '--line--'));
    };
    const whole = await form({ a: '1', b: 'two\r\nlines' });
    assert.equal(
      whole.target[0]?.body,
      '--line\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' +
        '--line\r\nContent-Disposition: form-data; name="b"\r\n\r\ntwo\r\nlines\r\n--line--\r\n',
    );
    for (const forged of [
      { 'a"\r\nX: 1': '1' },
      { a: '1\r\n--line\r\nContent-Disposition: form-data; name="b"' },
    ]) {
      const { client, target: sent } = await form(forged);
      assert.equal(client.status, 500);
      assert.deepEqual(sent, []);
    }
  });

  it('responseInterceptor: an answer that breaks off is no whole one for the client', async (t) => {
    const target = await startRecordingTarget(t, {
      script: async ({ request, socket }) => {
        await request.whole;
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345');
      },
    });
    const port = await serveProxy(
      t,
      ours,
      replacing(target.url, ours, () => undefined),
    );
    const client = await connectClient(t, port);
    await client.send(get('/x'));
    const outcome = await client.outcome();
    assert.ok(outcome.kind === 'closed' || (outcome.kind === 'response' && outcome.response.status === 502));
  });

  it('responseInterceptor: what it throws, or makes that is no body, is 502, and not the end of the process', async (t) => {
    const target = await startRecordingTarget(t, { script: encoded('gzip', gzipSync('Hello')) });
    const warnings: unknown[] = [];
    const onWarning = (warning: unknown): void => void warnings.push(warning);
    process.on('warning', onWarning);
    t.after(() => process.off('warning', onWarning));
    type Made = ReturnType<Interceptor<IncomingMessage, ServerResponse>>;
    const wrong: readonly (() => Made)[] = [
      () => {
        throw new Error('no interception');
      },
      () => Promise.reject(new Error('no interception')),
      () => undefined as unknown as string,
      () => 5 as unknown as string,
      () => ({ a: 1 }) as unknown as string,
    ];
    for (const interceptor of wrong) {
      const { responseInterceptor } = ours;
      const port = await serveProxy(t, ours, {
        target: target.url,
        selfHandleResponse: true,
        on: { proxyRes: responseInterceptor(interceptor) },
      });
      const { status, headers } = await exchangeOnce(t, port, get('/x'));
      assert.equal(status, 502);
      assert.ok(!headers.some(([name]) => name.toLowerCase() === 'content-encoding'));
    }
    assert.equal(warnings.length, wrong.length);
  });

  it('responseInterceptor: a body that is not what its coding says is 502', async (t) => {
    const target = await startRecordingTarget(t, { script: encoded('gzip', Buffer.from('no gzip at all')) });
    t.mock.method(process, 'emitWarning', () => undefined);
    const port = await serveProxy(
      t,
      ours,
      replacing(target.url, ours, () => undefined),
    );
    assert.equal((await exchangeOnce(t, port, get('/x'))).status, 502);
  });

  it('responseInterceptor: a large body goes out whole', async (t) => {
    const target = await startRecordingTarget(t);
    const { responseInterceptor } = ours;
    const port = await serveProxy(t, ours, {
      target: target.url,
      selfHandleResponse: true,
      on: { proxyRes: responseInterceptor(() => 'x'.repeat(20_000_000)) },
    });
    const { status, bodyLength } = await exchangeOnce(t, port, get('/x'), { discardBody: true });
    assert.deepEqual([status, bodyLength], [200, 20_000_000]);
  });
});
