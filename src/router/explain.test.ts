import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { routeRequest, rule } from '../../test/kit/routes.ts';
import { explainRoutes } from './explain.ts';
import type { RouteRule } from './route-order.ts';

/** `outcome: reason` of each route, by its index. */
function explained(routes: readonly RouteRule[], target: string, headers?: [string, string][]): string[] {
  const { considered } = explainRoutes(routes, routeRequest(target, headers));
  return considered
    .toSorted((a, b) => a.index - b.index)
    .map(({ outcome, reason }) => `${outcome}: ${reason}`);
}

describe('explainRoutes', () => {
  it('names every route once, in the order in which they are asked', () => {
    const routes = [
      rule('/'),
      rule('/users'),
      rule('/users/:id', { hosts: ['a.com', '*.com'] }),
      rule(['exact', '/users/1']),
    ];
    const { winner, considered } = explainRoutes(routes, routeRequest('GET b.com/users/1'));
    assert.equal(winner, 2);
    assert.deepEqual(
      considered.map(({ index, outcome }) => [index, outcome]),
      [
        [2, 'won'],
        [3, 'shadowed'],
        [1, 'shadowed'],
        [0, 'shadowed'],
      ],
    );
  });

  it('says why the winner wins', () => {
    const routes = [
      rule('/users', {
        hosts: ['*.a.com'],
        methods: ['GET', 'POST'],
        headers: [{ name: 'x-v', match: { type: 'exact', value: '2' } }],
        query: [{ name: 'beta', match: { type: 'present' } }],
      }),
    ];
    assert.deepEqual(explained(routes, 'GET x.a.com/users/1?beta', [['X-V', '2']]), [
      'won: matches host *.a.com, prefix /users, method GET or POST, a header x-v that is "2" and a query parameter beta that is there, and comes first of those that match',
    ]);
    assert.deepEqual(explained([rule('/')], 'GET a/'), [
      'won: matches prefix /, and comes first of those that match',
    ]);
  });

  it('says which part of a route does not match', () => {
    const cases: [RouteRule, string, string][] = [
      [rule('/orders'), 'GET h/users', 'path /users is neither /orders nor below it'],
      [
        rule('/users'),
        'GET h/users-admin',
        'path /users-admin is neither /users nor below it: the segment goes on',
      ],
      [rule('/users'), 'GET h/Users', 'path /Users is neither /users nor below it: case matters'],
      [rule(['exact', '/users']), 'GET h/users/', 'path /users/ is not /users: the slash at the end matters'],
      [rule(['exact', '/users']), 'GET h/users/1', 'path /users/1 is not /users'],
      [rule(['exact', '/']), 'GET h/users', 'path /users is not /'],
      [rule('/users/:id'), 'GET h/users', 'path /users does not match the pattern /users/:id'],
      [rule(['regex', '/v[0-9]+']), 'GET h/vx', 'path /vx does not match the regular expression /v[0-9]+'],
      [rule('/', { methods: ['GET'] }), 'POST h/', 'method POST is not GET'],
      [
        rule('/', { methods: ['GET', 'PUT', 'PATCH'] }),
        'POST h/',
        'method POST is none of GET, PUT or PATCH',
      ],
      [rule('/', { hosts: ['a.com'] }), 'GET b.com/', 'host b.com is not a.com'],
      [rule('/', { hosts: ['a.com', '*.a.com'] }), 'GET b.com/', 'host b.com is none of a.com or *.a.com'],
      [rule('/', { hosts: ['a.com'] }), 'GET /', 'the request names no host, and the route is for a.com'],
      [rule('/', { headers: [{ name: 'x', match: { type: 'present' } }] }), 'GET h/', 'header x is missing'],
      [
        rule('/', { headers: [{ name: 'x', match: { type: 'exact', value: '1' } }] }),
        'GET h/',
        'header x is missing, and the route wants one that is "1"',
      ],
      [
        rule('/', { query: [{ name: 'v', match: { type: 'regex', value: '[12]' } }] }),
        'GET h/?v=3',
        'query parameter v is "3", and the route wants one that matches [12]',
      ],
    ];
    for (const [route, target, reason] of cases)
      assert.deepEqual(explained([route], target), [`lost: ${reason}`]);
  });

  it('says what decided between two routes that match', () => {
    const present = { name: 'x', match: { type: 'present' } } as const;
    const cases: [winner: RouteRule, loser: RouteRule, reason: string][] = [
      [
        rule('/', { hosts: ['a.com'] }),
        rule(['exact', '/users/1']),
        'a route for a host comes before a route for any host',
      ],
      [
        rule('/', { hosts: ['a.com'] }),
        rule(['exact', '/users/1'], { hosts: ['*.com'] }),
        'the exact host a.com comes before the wildcard *.com',
      ],
      [
        rule('/', { hosts: ['*.a.com'] }),
        rule(['exact', '/users/1'], { hosts: ['*.com'] }),
        'the longer wildcard *.a.com comes before *.com',
      ],
      [rule(['exact', '/users/1']), rule('/users/:id'), 'an exact path comes before a pattern'],
      [rule('/users/:id'), rule('/users/1'), 'a pattern comes before a prefix'],
      [rule(['regex', '/users/.']), rule('/users/1'), 'a regular expression comes before a prefix'],
      [
        rule('/users/:id'),
        rule(['regex', '/users/.']),
        'the longer path comes first (10 characters against 8)',
      ],
      [
        rule('/users/:id', { headers: [present] }),
        rule('/users/:ab'),
        'more conditions come before fewer (1 against 0)',
      ],
      [rule('/users/:id'), rule('/users/:ab'), 'it stands first in the configuration'],
    ];
    for (const [winner, loser, reason] of cases) {
      const host = winner.hosts[0]?.type === 'wildcard' ? 'x.a.com' : 'a.com';
      const target = `GET ${host}/users/1`;
      const shadowed = `shadowed: matches too, but loses to ${winner.path.value} because ${reason}`;
      assert.equal(explained([winner, loser], target, [['X', '1']])[1], shadowed);
      if (reason !== 'it stands first in the configuration') {
        assert.equal(explained([loser, winner], target, [['X', '1']])[0], shadowed);
      }
    }
  });

  it('has no winner when nothing matches, nor for the target of OPTIONS *', () => {
    assert.equal(explainRoutes([rule('/a')], routeRequest('GET h/b')).winner, undefined);
    assert.deepEqual(explainRoutes([], routeRequest('GET h/b')), { winner: undefined, considered: [] });
    const star = explainRoutes([rule('/')], { ...routeRequest('OPTIONS h/'), path: '*' });
    assert.deepEqual(star.considered, [{ index: 0, outcome: 'lost', reason: 'the target * is not a path' }]);
  });
});
