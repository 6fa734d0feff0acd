import type { Scenario } from '../scenario.ts';

export const policiesOfToday: Scenario = {
  id: '13',
  title: 'request-id, security-headers, cors and headers at once',
  note: 'What a browser asks for from a page of another origin. nginx does the same with its own directives.',
  kind: 'closed loop',
  request: { path: '/json', headers: { Origin: 'https://app.example.com' } },
  connections: 64,
  routes: 3,
  proxies: ['nginx', 'waygate', 'waygate-plain'],
  policies: {
    waygate: [
      { 'request-id': { respond: true } },
      { 'security-headers': {} },
      { cors: { origins: ['https://app.example.com'] } },
      {
        headers: {
          request: { remove: ['x-internal-*'], set: { 'x-client': '${client.ip}' } },
          response: { remove: ['server'], set: { 'x-gateway': 'edge' } },
        },
      },
    ],
    nginx: {
      http: `
  map $http_origin $allowed_origin { https://app.example.com $http_origin; }
  proxy_set_header X-Request-Id $request_id;
  proxy_set_header X-Client $remote_addr;
  proxy_hide_header Server;
  add_header X-Request-Id $request_id always;
  add_header X-Content-Type-Options nosniff always;
  add_header X-Frame-Options SAMEORIGIN always;
  add_header Content-Security-Policy "frame-ancestors 'self'" always;
  add_header Referrer-Policy strict-origin-when-cross-origin always;
  add_header Cross-Origin-Opener-Policy same-origin-allow-popups always;
  add_header Cross-Origin-Resource-Policy same-site always;
  add_header Access-Control-Allow-Origin $allowed_origin always;
  add_header Vary Origin always;
  add_header X-Gateway edge always;`,
    },
  },
};
