import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { parsedConfig, seenBy } from '../kit/imported-program.ts';
import { listen, stopListening } from '../kit/listen.ts';
import { findProgram, needs } from '../kit/needs.ts';
import { connectClient } from '../kit/raw-client.ts';
import { startRecordingTarget, type RecordingTarget } from '../kit/recording-target.ts';
import { startGateway } from '../kit/start-gateway.ts';
import { waygate, workFolder } from '../kit/waygate-command.ts';

interface Scenario {
  /** What stands in `http`; A, B and C are the addresses of targets. */
  readonly http: string;
  /** `path`, or `host/path`. */
  readonly requests: readonly string[];
  readonly reached: number;
}

const scenarios: Readonly<Record<string, Scenario>> = {
  'the slash at the end of proxy_pass': {
    http: `server { listen PORT;
      location / { proxy_pass http://A; }
      location /strip/ { proxy_pass http://B/; }
      location /keep/ { proxy_pass http://B; }
      location /other/ { proxy_pass http://B/base/; }
      location /glued/ { proxy_pass http://B/x; }
      location = /one { proxy_pass http://C/two; }
      location = /same { proxy_pass http://C; }
    }`,
    requests: [
      '/x?y=1',
      '/strip/a/b?c=1',
      '/strip/',
      '/keep/a',
      '/other/a',
      '/other/',
      '/glued/a',
      '/one?q=1',
      '/one/x',
      '/same',
    ],
    reached: 10,
  },
  'which location wins': {
    http: `server { listen PORT;
      location / { proxy_pass http://A; }
      location /images/ { proxy_pass http://B; }
      location ^~ /static/ { proxy_pass http://C/files/; }
      location ~* \\.(png|jpg)$ { proxy_pass http://A; }
      location ~ ^/images/raw { proxy_pass http://C; }
      location ~ ^/u/(\\d+)/(.*)$ { proxy_pass http://B/users/$1/$2$is_args$args; }
      location = /images/logo.png { proxy_pass http://B/logo; }
      location /images/deep/ { proxy_pass http://C/d/; }
    }`,
    requests: [
      '/images/a',
      '/images/raw/1',
      '/static/a.png',
      '/static/x/y',
      '/u/7/x/y?z=1',
      '/u/x/y',
      '/images/logo.png',
      '/images/deep/a',
      '/else',
    ],
    reached: 9,
  },
  'servers by name, upstream blocks, Host': {
    http: `
      upstream group { server A; keepalive 8; }
      server { listen PORT default_server; server_name _; location / { proxy_pass http://B; proxy_set_header Host $http_host; } }
      server { listen PORT; server_name a.example.test .b.example.test;
        proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Kind "b\\"k"; proxy_set_header Cookie "";
        location /api { proxy_pass http://group; }
        location /api/in/ { proxy_pass http://C/; proxy_set_header Host $http_host; }
      }
      server { listen PORT; server_name *.wild.test; location / { proxy_pass http://C; } }`,
    requests: [
      'a.example.test/api/x',
      'x.b.example.test/api/1',
      'b.example.test/api/in/1',
      'a.example.test/none',
      'y.wild.test/z',
      'nobody.test/q',
      '/api/x',
    ],
    reached: 6,
  },
  'rewrite … break, and expressions in their order': {
    http: `server { listen PORT;
      location /old/ { rewrite ^/old/(.*)$ /new/$1 break; proxy_pass http://A; }
      location /cut/ { rewrite ^/cut(/.*)$ $1 break; proxy_pass http://B; }
      location ~ ^/(a|b)/ { proxy_pass http://A; }
      location ~ ^/a/very/long/expression/that/comes/second { proxy_pass http://B; }
      location ~ /x$ { proxy_pass http://C; }
    }`,
    requests: [
      '/old/1/2?q',
      '/cut/1',
      '/a/very/long/expression/that/comes/second',
      '/b/x',
      '/c/x',
      '/nothing',
    ],
    reached: 5,
  },
};

for (const [name, { http, requests, reached }] of Object.entries(scenarios)) {
  test(
    `nginx, ${name}: targets see the same behind the imported configuration`,
    { skip: needs('nginx') },
    async (t) => {
      const [A, B, C] = await Promise.all([
        startRecordingTarget(t),
        startRecordingTarget(t),
        startRecordingTarget(t),
      ]);
      const targets: Readonly<Record<string, RecordingTarget>> = { A, B, C };
      const port = await freePort();
      const filled = http
        .replaceAll('PORT', `127.0.0.1:${port}`)
        .replace(
          /(http:\/\/|server )([ABC])\b/g,
          (_, front: string, letter: string) => front + (targets[letter]?.address ?? ''),
        );
      const folder = workFolder(t);
      const conf = `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr;
events { worker_connections 64; }
http { access_log off; ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((each) => `${each}_temp_path ${folder}/${each};`).join(' ')}
${filled}
}\n`;
      writeFileSync(join(folder, 'nginx.conf'), conf);
      const { code, out, err } = await waygate(folder, ['import', 'nginx', 'nginx.conf']);
      assert.equal(code, 0, err);
      const gateway = await startGateway(t, parsedConfig(out));
      await runNginx(t, folder, port);
      let arrived = 0;
      for (const request of requests) {
        const slash = request.indexOf('/');
        const text = `GET ${request.slice(slash)} HTTP/1.1\r\nHost: ${request.slice(0, slash) || 'any.test'}\r\n\r\n`;
        const theirs = await seenBy(t, port, text, targets, ['x-kind', 'cookie']);
        const ours = await seenBy(t, gateway.port, text, targets, ['x-kind', 'cookie']);
        assert.deepEqual(ours.targets, theirs.targets, `${request}\n${out}`);
        arrived += theirs.targets.length;
      }
      assert.equal(arrived, reached);
    },
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { port } = await listen(server);
  await stopListening(server);
  return port;
}

async function runNginx(t: TestContext, folder: string, port: number): Promise<void> {
  const program = findProgram('nginx') ?? 'nginx';
  const child = spawn(program, ['-c', join(folder, 'nginx.conf'), '-p', folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  onFinish(t, 'gateways', () => void child.kill('SIGTERM'));
  let open = false;
  const probe = async (): Promise<void> => {
    try {
      const client = await connectClient(t, port);
      client.destroy();
      open = true;
    } catch {
      // Not yet.
    }
  };
  const timer = setInterval(() => void probe(), 50);
  try {
    await eventually(
      () => open,
      () => `nginx listens; it said ${said}`,
      30_000,
    );
  } finally {
    clearInterval(timer);
  }
}
