import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { missingProgram } from './debian.ts';
import type { Launch } from './proxy.ts';

/** What the target answers on `/json`, also to a POST. About as long as a small record. */
export const smallJson = JSON.stringify({
  id: 4711,
  name: 'Teapot',
  price: { amount: 2490, currency: 'EUR' },
  tags: ['kitchen', 'porcelain'],
  available: true,
});

/**
 * The target behind every proxy: nginx, because it takes the least of the core that it shares with the load; where that
 * is missing, a Node program with the same answers.
 *
 * `/json`: a small JSON body, whatever the method. `/64k`, `/10m`: that many octets. `/chunked`: 8 KiB, chunked.
 */
export function targetLaunch(port: number, folder: string): Launch {
  if (missingProgram('nginx') !== undefined) {
    return {
      command: [process.execPath, join(import.meta.dirname, 'programs/target.ts')],
      env: { PORT: String(port), TARGET_PORT: '0', ROUTES: '0' },
    };
  }
  const files = join(folder, 'files');
  mkdirSync(files, { recursive: true });
  writeFileSync(join(files, '64k'), 'x'.repeat(64 * 1024));
  writeFileSync(join(files, '10m'), 'x'.repeat(10 * 1024 * 1024));
  writeFileSync(join(files, 'chunked'), 'x'.repeat(8 * 1024));
  return {
    command: ['nginx', '-p', folder, '-c', 'nginx.conf', '-e', 'error.log'],
    files: { 'nginx.conf': configuration(port) },
  };
}

function configuration(port: number): string {
  return `daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid nginx.pid;
events { worker_connections 15000; }
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  client_body_buffer_size 64k;
  keepalive_timeout 120s;
  keepalive_requests 1000000;
  sendfile on;
  tcp_nopush on;
  default_type application/octet-stream;
  open_file_cache max=16;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    listen [::1]:${port} backlog=4096;
    location ~ ^(?:/r\\d+)?/json$ { default_type application/json; return 200 '${smallJson}'; }
    location ~ ^(?:/r\\d+)?/(64k|10m)$ { alias files/$1; }
    # Server-side includes do not know the length beforehand, so the answer is chunked.
    location ~ ^(?:/r\\d+)?/(chunked)$ { ssi on; ssi_types *; alias files/$1; }
  }
}
`;
}
