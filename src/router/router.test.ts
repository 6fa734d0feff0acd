import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { routeRequest, rule } from '../../test/kit/routes.ts';
import type { RouteRule } from './route-order.ts';
import { compileRouter } from './router.ts';

function indexOf(
  routes: readonly RouteRule[],
  target: string,
  headers?: Iterable<readonly [string, string]>,
): number | undefined {
  return compileRouter(routes).find(routeRequest(target, headers))?.index;
}

describe('a prefix', () => {
  const users = [rule('/users')];

  it('F39: matches on a segment boundary only', () => {
    for (const path of [
      '/users',
      '/users/',
      '/users/1',
      '/users/1/2',
      '/users//1',
      '/x/../users',
      '/%75sers',
    ]) {
      assert.equal(indexOf(users, `GET a${path}`), 0, path);
    }
    for (const path of [
      '/',
      '/user',
      '/usersX',
      '/users-admin',
      '/users.json',
      '/users;x',
      '/users%20',
      '/users%2F1',
      '/USERS',
      '/Users',
      '/x/users',
      '/users/..',
    ]) {
      assert.equal(indexOf(users, `GET a${path}`), undefined, path);
    }
  });

  it('/ matches every path', () => {
    for (const path of ['/', '/a', '/a/b/', '/%2F'])
      assert.equal(indexOf([rule('/')], `GET a${path}`), 0, path);
  });

  it('gives way to a longer one, and takes over where the conditions of that do not hold', () => {
    const routes = [
      rule('/'),
      rule('/a'),
      rule('/a/b', { methods: ['POST'] }),
      rule(['exact', '/a/b/c/d'], { methods: ['POST'] }),
    ];
    assert.equal(indexOf(routes, 'POST a/a/b/c'), 2);
    assert.equal(indexOf(routes, 'GET a/a/b/c'), 1);
    assert.equal(indexOf(routes, 'GET a/a/b/c/d'), 1);
    assert.equal(indexOf(routes, 'GET a/ab'), 0);
    assert.equal(indexOf([rule('/'), rule('/a', { methods: ['POST'] })], 'GET a/a'), 0);
    assert.equal(indexOf([rule('/'), rule(['exact', '/a/b'], { methods: ['POST'] })], 'GET a/a/b'), 0);
    assert.equal(indexOf(routes, 'GET a/a/b/c/d/e'), 1);
  });
});

describe('an exact path', () => {
  it('matches itself and nothing else', () => {
    const routes = [rule(['exact', '/a']), rule(['exact', '/b/'])];
    assert.equal(indexOf(routes, 'GET x/a'), 0);
    assert.equal(indexOf(routes, 'GET x/b/'), 1);
    for (const path of ['/a/', '/a/b', '/b', '/b//x', '/A'])
      assert.equal(indexOf(routes, `GET x${path}`), undefined, path);
  });
});

describe('a pattern', () => {
  it('matches the whole path, a parameter or star standing for one segment', () => {
    const routes = [rule('/users/:id'), rule('/a/*/c')];
    assert.equal(indexOf(routes, 'GET x/users/1'), 0);
    assert.equal(indexOf(routes, 'GET x/a/b/c'), 1);
    for (const path of [
      '/users',
      '/users/',
      '/users/1/',
      '/users/1/2',
      '/a/c',
      '/a/b/c/d',
      '/a//c',
      '/a/b/d/c',
    ]) {
      assert.equal(indexOf(routes, `GET x${path}`), undefined, path);
    }
  });

  it('takes the rest for a final star, one segment or more', () => {
    const routes = [rule('/files/*')];
    for (const path of ['/files/a', '/files/a/b', '/files/a/'])
      assert.equal(indexOf(routes, `GET x${path}`), 0, path);
    for (const path of ['/files', '/files/', '/filesX/a'])
      assert.equal(indexOf(routes, `GET x${path}`), undefined, path);
    assert.equal(indexOf([rule('/*')], 'GET x/'), undefined);
    assert.equal(indexOf([rule('/*')], 'GET x/a'), 0);
  });

  it('captures decoded parameters into an object without prototype', () => {
    const routes = [rule('/:a/x/:constructor/*')];
    const match = compileRouter(routes).find(routeRequest('GET h/caf%C3%A9%20%2541/x/a%3Fb/c/d'));
    assert.deepEqual({ ...match?.params }, { a: 'café %41', constructor: 'a?b' });
    assert.equal(Object.getPrototypeOf(match?.params), null);
    const encoded = compileRouter([rule('/:a')]).find(routeRequest('GET h/a%2Fb%00'));
    assert.equal(encoded?.params['a'], 'a/b\0');
  });

  it('F62: a parameter may be named like a member of every object', () => {
    const routes = [rule('/:toString/:hasOwnProperty')];
    assert.deepEqual(
      { ...compileRouter(routes).find(routeRequest('GET h/a/b'))?.params },
      { toString: 'a', hasOwnProperty: 'b' },
    );
    const none = compileRouter([rule('/')]).find(routeRequest('GET h/'));
    assert.equal(none?.params['toString'], undefined);
    assert.equal(Object.isFrozen(none?.params), true);
  });

  it('finds the best of several, whichever segment is literal', () => {
    const routes = [rule('/:a/b/:c'), rule('/a/:bcdefg/c'), rule('/a/b/*'), rule('/*')];
    assert.equal(indexOf(routes, 'GET x/a/b/c'), 1);
    assert.equal(indexOf(routes, 'GET x/a/b/d'), 0);
    assert.equal(indexOf(routes, 'GET x/a/b/c/d'), 2);
    assert.equal(indexOf(routes, 'GET x/b/b/c'), 0);
    assert.equal(indexOf(routes, 'GET x/b/c/c'), 3);
  });

  it('is searched in bounded time, however it branches', () => {
    const depth = 12;
    const routes = Array.from({ length: 2 ** depth }, (_, bits) =>
      rule([
        'pattern',
        Array.from({ length: depth }, (_unused, i) => ((bits >> i) & 1 ? '/a' : '/:p' + i)).join(''),
      ]),
    );
    const router = compileRouter(routes);
    assert.notEqual(router.find(routeRequest(`GET x${'/a'.repeat(depth)}`)), undefined);
    assert.equal(router.find(routeRequest(`GET x${'/a'.repeat(depth + 1)}`)), undefined);
    assert.equal(router.find(routeRequest(`GET x${'/a'.repeat(4000)}`)), undefined);
  });
});

describe('a regular expression', () => {
  it('matches the whole canonical path and captures named groups, decoded', () => {
    const routes = [rule(['regex', '/v(?<version>[0-9]+)/(?<rest>.*)|/x(?<y>y)?'])];
    const router = compileRouter(routes);
    assert.deepEqual(
      { ...router.find(routeRequest('GET h/v2/a%20b'))?.params },
      { version: '2', rest: 'a b', y: '' },
    );
    assert.deepEqual({ ...router.find(routeRequest('GET h/x'))?.params }, { version: '', rest: '', y: '' });
    for (const path of ['/v2', '/a/v2/b', '/xyz', '/V2/'])
      assert.equal(router.find(routeRequest(`GET h${path}`)), undefined, path);
  });

  it('leaves a group that cuts an escape in two encoded', () => {
    const router = compileRouter([rule(['regex', '/(?<a>%C3).*'])]);
    assert.equal(router.find(routeRequest('GET h/%C3%A9'))?.params['a'], '%C3');
  });

  it('takes its place among the patterns by length', () => {
    const routes = [rule('/a/:b'), rule(['regex', '/a/[a-z]+']), rule(['regex', '/a/.'])];
    assert.equal(indexOf(routes, 'GET h/a/b'), 1);
    assert.equal(indexOf(routes, 'GET h/a/1'), 0);
    assert.equal(indexOf([...routes, rule(['exact', '/a/b'])], 'GET h/a/b'), 3);
  });
});

describe('hosts', () => {
  it('an exact host comes before a wildcard, the longer wildcard before the shorter, and any host last', () => {
    const routes = [
      rule('/', { name: 'any' }),
      rule('/', { hosts: ['*.example.com'] }),
      rule('/', { hosts: ['*.a.example.com'] }),
      rule('/', { hosts: ['api.a.example.com'] }),
    ];
    assert.equal(indexOf(routes, 'GET api.a.example.com/'), 3);
    assert.equal(indexOf(routes, 'GET x.a.example.com/'), 2);
    assert.equal(indexOf(routes, 'GET x.y.a.example.com/'), 2);
    assert.equal(indexOf(routes, 'GET a.example.com/'), 1);
    assert.equal(indexOf(routes, 'GET example.com/'), 0);
    assert.equal(indexOf(routes, 'GET notexample.com/'), 0);
    assert.equal(indexOf(routes, 'GET example.com.evil/'), 0);
    assert.equal(indexOf(routes, 'GET [::1]/'), 0);
  });

  it('a request without a host goes to routes for any host', () => {
    assert.equal(
      indexOf([rule('/', { hosts: ['a'] }), rule('/', { hosts: ['*.a'] }), rule('/')], 'GET /'),
      2,
    );
  });

  it('a request falls back to a less specific host when no route of the more specific one matches', () => {
    const routes = [
      rule('/a', { hosts: ['api.example.com'] }),
      rule('/b', { hosts: ['*.example.com'] }),
      rule(['exact', '/a/x']),
    ];
    assert.equal(indexOf(routes, 'GET api.example.com/a/x'), 0);
    assert.equal(indexOf(routes, 'GET api.example.com/b'), 1);
    assert.equal(indexOf(routes, 'GET x.example.com/a/x'), 2);
  });

  it('remembers the last host without mixing it up with the next', () => {
    const router = compileRouter([rule('/', { hosts: ['*.a'] }), rule('/', { hosts: ['*.b'] })]);
    const hosts = ['x.a', 'x.a', 'x.b', '', 'x.b', 'c', 'x.a', 'a', '.a'];
    const found = hosts.map((host) => router.find({ ...routeRequest('GET /'), host })?.index);
    assert.deepEqual(found, [0, 0, 1, undefined, 1, undefined, 0, undefined, undefined]);
  });
});

describe('conditions', () => {
  it('a route for GET takes HEAD too, and methods are compared in their case', () => {
    const routes = [rule('/', { methods: ['GET', 'PUT'] })];
    for (const method of ['GET', 'HEAD', 'PUT']) assert.equal(indexOf(routes, `${method} a/`), 0, method);
    for (const method of ['POST', 'OPTIONS'])
      assert.equal(indexOf(routes, `${method} a/`), undefined, method);
    assert.equal(compileRouter(routes).find({ ...routeRequest('GET a/'), method: 'get' }), undefined);
    assert.equal(indexOf([rule('/', { methods: ['HEAD'] })], 'GET a/'), undefined);
  });

  it('more conditions come before fewer, the methods counting as one', () => {
    const header = { name: 'x-version', match: { type: 'exact', value: '2' } } as const;
    const routes = [
      rule('/', { methods: ['GET', 'POST', 'PUT'] }),
      rule('/', { headers: [header], query: [{ name: 'beta', match: { type: 'present' } }] }),
      rule('/'),
    ];
    assert.equal(indexOf(routes, 'GET a/?beta', [['X-Version', '2']]), 1);
    assert.equal(indexOf(routes, 'GET a/?x', [['X-Version', '2']]), 0);
    assert.equal(indexOf(routes, 'DELETE a/?beta', []), 2);
  });

  it('a header that comes in several lines is one value', () => {
    const routes = [rule('/', { headers: [{ name: 'x-v', match: { type: 'exact', value: '2' } }] })];
    assert.equal(indexOf(routes, 'GET a/', [['X-V', '2']]), 0);
    assert.equal(
      indexOf(routes, 'GET a/', [
        ['X-V', '2'],
        ['x-v', '1'],
      ]),
      undefined,
    );
    assert.equal(indexOf(routes, 'GET a/', [['X-V', '2 ']]), undefined);
    const joined = [rule('/', { headers: [{ name: 'x-v', match: { type: 'regex', value: '[12], [12]' } }] })];
    assert.equal(
      indexOf(joined, 'GET a/', [
        ['X-V', '2'],
        ['x-v', '1'],
      ]),
      0,
    );
  });

  it('of a query parameter that is repeated the first counts, decoded', () => {
    const routes = [rule('/', { query: [{ name: 'a b', match: { type: 'exact', value: 'c&d' } }] })];
    for (const query of ['a+b=c%26d', 'a%20b=c%26d&a+b=x', 'x=1&&a+b=c%26d'])
      assert.equal(indexOf(routes, `GET h/?${query}`), 0, query);
    for (const query of ['a+b=x&a+b=c%26d', 'A+b=c%26d', 'a+b=c&d', 'a+b', '', 'x=a+b=c%26d']) {
      assert.equal(indexOf(routes, `GET h/?${query}`), undefined, query);
    }
    assert.equal(indexOf(routes, 'GET h/'), undefined);
  });

  it('a condition may be a regular expression for the whole value, or that there is one', () => {
    const routes = [
      rule('/', { headers: [{ name: 'a', match: { type: 'regex', value: 'x|y' } }] }),
      rule('/', { query: [{ name: '__proto__', match: { type: 'present' } }] }),
    ];
    assert.equal(indexOf(routes, 'GET h/', [['A', 'y']]), 0);
    assert.equal(indexOf(routes, 'GET h/', [['A', 'xy']]), undefined);
    assert.equal(indexOf(routes, 'GET h/?__proto__'), 1);
    assert.equal(indexOf(routes, 'GET h/?constructor'), undefined);
    const wholeValue = [rule('/', { query: [{ name: 'a', match: { type: 'regex', value: 'x.*y' } }] })];
    assert.equal(indexOf(wholeValue, 'GET h/?a=x%0Ay'), 0);
    assert.equal(indexOf(wholeValue, 'GET h/?a=xy%0A'), undefined);
  });
});

describe('allowedMethods', () => {
  it('names the methods of every route that matches but for the method', () => {
    const router = compileRouter([
      rule('/a', { methods: ['GET'] }),
      rule(['exact', '/a/b'], { methods: ['PUT'] }),
      rule('/a/:id', { methods: ['DELETE'], hosts: ['h'] }),
      rule(['regex', '/a/.'], { methods: ['PATCH'], hosts: ['*.h'] }),
      rule('/', { methods: ['POST'], headers: [{ name: 'x', match: { type: 'present' } }] }),
    ]);
    assert.deepEqual(router.allowedMethods(routeRequest('OPTIONS h/a/b')), ['DELETE', 'GET', 'HEAD', 'PUT']);
    assert.deepEqual(router.allowedMethods(routeRequest('OPTIONS x.h/a/b')), ['GET', 'HEAD', 'PATCH', 'PUT']);
    assert.deepEqual(router.allowedMethods(routeRequest('OPTIONS x.h/b', [['X', '1']])), ['POST']);
    assert.deepEqual(router.allowedMethods(routeRequest('OPTIONS h/b')), []);
  });
});

describe('the target of OPTIONS *', () => {
  it('belongs to no route', () => {
    const router = compileRouter([rule('/'), rule(['regex', '.*'])]);
    assert.equal(router.find({ ...routeRequest('OPTIONS h/'), path: '*' }), undefined);
    assert.deepEqual(router.allowedMethods({ ...routeRequest('OPTIONS h/'), path: '*' }), []);
  });
});

describe('many routes', () => {
  for (const count of [1, 101, 10_000, 100_000]) {
    it(`F50: ${count} routes give the same answers`, () => {
      const routes = Array.from(
        { length: count },
        (_, i) =>
          [
            rule(`/service-${i}`),
            rule(`/service-${i}/items/:id`),
            rule(['exact', `/service-${i}`], { hosts: [`h${i}.example.com`] }),
          ][i % 3] ?? assert.fail(),
      );
      const router = compileRouter(routes);
      for (const i of [0, 1, 2, 49, 50, 51, count - 3, count - 2, count - 1]) {
        if (i < 0 || i >= count) continue;
        const target = [`a/service-${i}/x`, `a/service-${i}/items/7`, `h${i}.example.com/service-${i}`][
          i % 3
        ];
        assert.equal(router.find(routeRequest(`GET ${target}`))?.index, i);
      }
      assert.equal(router.find(routeRequest('GET a/nothing/of/it')), undefined);
      assert.equal(router.find(routeRequest(`GET a/service-${count}`)), undefined);
    });
  }
});
