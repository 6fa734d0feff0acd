import { missingProgram, programVersion } from '../debian.ts';
import type { Proxy, Setup } from '../proxy.ts';
import { routeNames } from '../routes.ts';

/** nginx with what its documentation recommends for a proxy: one worker, kept connections to the target, no temporary files. */
export const nginx: Proxy = withWorkers(1, { key: 'nginx', name: 'nginx' });

/** The same with two processes, as a witness of what a second core costs. */
export const nginxTwoWorkers: Proxy = {
  ...withWorkers(2, { key: 'nginx-2-workers', name: 'nginx, 2 workers' }),
  isVariant: true,
};

function withWorkers(workers: number, names: Pick<Proxy, 'key' | 'name'>): Proxy {
  return {
    ...names,
    runsOnNode: false,
    missing: () => missingProgram('nginx'),
    version: () => programVersion('nginx') ?? '',
    launch: (setup) => ({
      command: ['nginx', '-p', setup.folder, '-c', 'nginx.conf', '-e', 'error.log'],
      files: { 'nginx.conf': configuration(setup, workers) },
    }),
  };
}

function configuration({ port, targetPort, routes, observed, policies }: Setup, workers: number): string {
  const { http = '', location = '' } = policies?.nginx ?? {};
  return `daemon off;
worker_processes ${workers};
${process.getuid?.() === 0 ? 'user root;' : ''}
pid nginx.pid;
events { worker_connections 15000; }
http {
  access_log ${observed ? 'access.log combined' : 'off'};
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  keepalive_timeout 75s;
  client_body_buffer_size 64k;
  proxy_http_version 1.1;
  proxy_buffers 16 16k;
  proxy_max_temp_file_size 0;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Host $http_host;
  ${http}
  upstream target { server 127.0.0.1:${targetPort}; keepalive 1024; }
  server {
    listen 127.0.0.1:${port} backlog=4096${workers > 1 ? ' reuseport' : ''};
${routeNames(routes)
  .map((name) => `    location ${name}/ { proxy_pass http://target; ${location} }`)
  .join('\n')}
  }
}
`;
}
