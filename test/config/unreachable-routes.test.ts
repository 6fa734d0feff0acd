import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildConfig } from '../../src/config/build-config.ts';
import { unreachableRoutes } from '../../src/config/checks/unreachable-routes.ts';
import { completeView } from '../../src/config/document-view.ts';
import { documentSchema } from '../../src/config/schema/document.ts';
import { HeaderList } from '../../src/http/header-list.ts';
import { compileRouter } from '../../src/router/router.ts';

const hosts = ['a.example', 'b.example', 'x.a.example'];
const methods = ['GET', 'HEAD', 'POST', 'PUT'];
const paths = ['/', '/a', '/a/', '/a/b', '/b', '/a/b/c'];

/** Few words, so that many routes come into each other's way. */
const route = fc.record(
  {
    host: fc.constantFrom<string | string[]>(
      'a.example',
      '*.example',
      ['a.example', 'b.example'],
      ['b.example', '*.example'],
    ),
    path: fc.constantFrom<unknown>('/a', '/a/', { exact: '/a' }, '/:x', '/:yy', '/*'),
    method: fc.constantFrom<string | string[]>(
      'GET',
      'HEAD',
      'POST',
      ['GET', 'POST'],
      ['HEAD', 'PUT'],
      methods,
    ),
    headers: fc.constantFrom({}, {}, {}, { 'x-a': '1' }, { 'X-A': { exact: '1' } }),
    query: fc.constantFrom({}, {}, {}, { p: '1' }, { p: { present: true } }),
  },
  { requiredKeys: [] },
);

const requests = hosts.flatMap((host) =>
  methods.flatMap((method) =>
    paths.flatMap((path) =>
      ([[], [['x-a', '1']], [['x-a', '2']]] as const).flatMap((headers) =>
        [undefined, 'p=1', 'p=2'].map((query) => ({
          host,
          method,
          path,
          query,
          headers: HeaderList.from(headers),
        })),
      ),
    ),
  ),
);

test('a route that is said never to win wins no request, with the router as the judge', () => {
  let found = 0;
  fc.assert(
    fc.property(fc.array(route, { minLength: 6, maxLength: 16 }), (routes) => {
      const raw = { routes };
      const document = documentSchema([]).parse(raw);
      const unreachable = new Set(unreachableRoutes(completeView(document, raw)).map(({ path }) => path[1]));
      found += unreachable.size;
      if (unreachable.size === 0) return;
      const router = compileRouter(buildConfig(document).routes);
      for (const request of requests) {
        const winner = router.find(request)?.index;
        assert.ok(winner === undefined || !unreachable.has(winner), JSON.stringify([routes, winner]));
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(found > 100, `only ${found} were found`);
});
