import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routeNames } from './route-names.ts';

const path = { type: 'prefix', value: '/users' } as const;

test('a route without a name is called by method, host and path', () => {
  assert.deepEqual(
    routeNames([
      { path },
      { path, method: 'GET', host: { type: 'exact', value: 'api.example.com' } },
      { path, method: ['GET', 'POST'], host: [{ type: 'wildcard', value: '.example.com' }] },
    ]),
    ['/users', 'GET api.example.com /users', 'GET,POST *.example.com /users'],
  );
});

test('each name is there once, and a given name is never taken from its route', () => {
  assert.deepEqual(routeNames([{ path }, { path }, { name: '/users (2)' }, { path }]), [
    '/users',
    '/users (3)',
    '/users (2)',
    '/users (4)',
  ]);
});
