import { missingProgram, programVersion } from '../debian.ts';
import type { Proxy, Setup } from '../proxy.ts';
import { routeNames } from '../routes.ts';

/** HAProxy with one thread; routes are a map, as its manual advises for many. */
export const haproxy: Proxy = {
  key: 'haproxy',
  name: 'HAProxy',
  runsOnNode: false,
  missing: () => missingProgram('haproxy'),
  version: () => programVersion('haproxy') ?? '',
  launch: (setup) => ({
    command: ['haproxy', '-db', '-f', `${setup.folder}/haproxy.cfg`],
    files: {
      'haproxy.cfg': configuration(setup),
      'routes.map': routeNames(setup.routes)
        .map((name) => `${name}/ target\n`)
        .join(''),
    },
  }),
};

function configuration({ port, targetPort, observed, folder }: Setup): string {
  return `global
  nbthread 1
  # Two file descriptors a connection are reserved, which a limit of 20,000 does not give; idle ones need one.
  maxconn 12000
  no strict-limits
  ${observed ? 'log stdout format raw local0' : ''}
defaults
  mode http
  ${observed ? 'log global\n  option httplog' : ''}
  option forwardfor
  http-reuse always
  timeout connect 3s
  timeout client 75s
  timeout server 60s
  timeout http-request 10s
  timeout http-keep-alive 75s
frontend clients
  bind 127.0.0.1:${port}
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  use_backend %[path,map_beg(${folder}/routes.map)]
backend target
  server target 127.0.0.1:${targetPort}
`;
}
