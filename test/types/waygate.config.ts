// waygate.config.ts
import { defineGateway } from '../../src/index.ts';

export default defineGateway({
  upstreams: { users: 'http://localhost:3001' },
  routes: [{ path: '/users', upstream: 'users', policies: ['request-id', { cors: { origins: '*' } }] }],
});
