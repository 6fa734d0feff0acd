import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, request as httpRequest } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../kit/eventually.ts';
import { listen, stopListening } from '../../kit/listen.ts';
import { openClient } from '../../kit/raw-client.ts';
import type { RecordingTarget } from '../../kit/recording-target.ts';

/** A proxy with a port for each target. */
export interface Proxy {
  readonly ports: readonly number[];
  close(): Promise<void>;
}

/** Starts a proxy in front of these targets. */
export type StartProxy = (targets: readonly RecordingTarget[]) => Promise<Proxy>;

/** A proxy that looks at nothing and hands every byte on: as broken as can be, to see that the checks can fail. */
export const startBytePipe: StartProxy = async (targets) => {
  const servers = targets.map((target) =>
    createServer((client) => {
      const upstream = connect(target.port, target.host);
      client.pipe(upstream).pipe(client);
      client.on('error', () => upstream.destroy());
      upstream.on('error', () => client.destroy());
      client.on('close', () => upstream.destroy());
    }),
  );
  const addresses = await Promise.all(servers.map((server) => listen(server)));
  return {
    ports: addresses.map(({ port }) => port),
    close: async () => {
      await Promise.all(servers.map(stopListening));
    },
  };
};

/** The proxy that tutorials show: `node:http` on both sides, bodies piped. */
export const startNodeProxy: StartProxy = async (targets) => {
  const servers = targets.map((target) =>
    createHttpServer((incoming, outgoing) => {
      const { method, url, headers } = incoming;
      const upstream = httpRequest(
        { host: target.host, port: target.port, method, path: url, headers },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        },
      );
      upstream.on('error', () => {
        if (!outgoing.headersSent) outgoing.writeHead(502);
        outgoing.end();
      });
      incoming.on('close', () => {
        if (!incoming.complete) upstream.destroy();
      });
      incoming.pipe(upstream);
    }),
  );
  const addresses = await Promise.all(servers.map((server) => listen(server)));
  return {
    ports: addresses.map(({ port }) => port),
    close: async () => {
      for (const server of servers) server.closeAllConnections();
      await Promise.all(servers.map(stopListening));
    },
  };
};

/** Debian's nginx with common settings for a proxy. */
export const startNginx: StartProxy = async (targets) =>
  startProgram(
    targets,
    'nginx',
    (directory) => ['-c', join(directory, 'conf')],
    (ports, directory) =>
      [
        'daemon off; master_process off; worker_processes 1;',
        `pid ${directory}/pid; error_log ${directory}/error.log crit;`,
        'events { worker_connections 1000; }',
        'http { access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;',
        ...targets.map(
          (target, i) =>
            `upstream t${i} { server ${target.address}; keepalive 16; } server { listen 127.0.0.1:${ports[i]}; location / { ` +
            `proxy_pass http://t${i}; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; } }`,
        ),
        '}',
      ].join('\n'),
  );

/** Debian's HAProxy with common settings for a proxy. */
export const startHaproxy: StartProxy = async (targets) =>
  startProgram(
    targets,
    'haproxy',
    (directory) => ['-f', join(directory, 'conf')],
    (ports) =>
      [
        'global\n  maxconn 1000',
        'defaults\n  mode http\n  timeout connect 2s\n  timeout client 10s\n  timeout server 10s',
        ...targets.map(
          (target, i) => `listen l${i}\n  bind 127.0.0.1:${ports[i]}\n  server s ${target.address}`,
        ),
        '',
      ].join('\n'),
  );

async function startProgram(
  targets: readonly RecordingTarget[],
  program: string,
  args: (directory: string) => string[],
  configuration: (ports: readonly number[], directory: string) => string,
): Promise<Proxy> {
  const directory = await mkdtemp(join(tmpdir(), 'waygate-vectors-'));
  const ports = await freePorts(targets.length);
  await writeFile(join(directory, 'conf'), configuration(ports, directory));
  const child = spawn(program, args(directory), { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] });
  const gone = once(child, 'exit');
  await eventually(async () => {
    for (const port of ports) (await openClient(port)).destroy();
    return true;
  }, `${program} listens`);
  return {
    ports,
    close: async () => {
      child.kill('SIGKILL');
      await gone;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Ports that were free a moment ago, for programs that cannot say which one they took. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const addresses = await Promise.all(servers.map((server) => listen(server)));
  await Promise.all(servers.map(stopListening));
  return addresses.map(({ port }) => port);
}
