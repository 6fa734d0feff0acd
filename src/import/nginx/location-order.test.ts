import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import fc from 'fast-check';
import { routeRequest, rule } from '../../../test/kit/routes.ts';
import { compileRouter } from '../../router/router.ts';
import { importNginx } from './import-nginx.ts';
import { parseNginx } from './parse-nginx.ts';

/** A location as `nginx.conf` has it: the modifier and the path or expression. */
type Written = readonly [modifier: string, text: string];

/** Which location nginx takes, by its documentation: an index, or undefined. */
function chosenByNginx(locations: readonly Written[], path: string): number | undefined {
  const exact = locations.findIndex(([modifier, text]) => modifier === '=' && text === path);
  if (exact !== -1) return exact;
  let longest = -1;
  for (const [index, [modifier, text]] of locations.entries()) {
    const isPrefix = modifier === '' || modifier === '^~';
    if (isPrefix && path.startsWith(text) && text.length > (locations[longest]?.[1].length ?? -1))
      longest = index;
  }
  if (locations[longest]?.[0] !== '^~') {
    const expression = locations.findIndex(
      ([modifier, text]) =>
        /^~\*?$/.test(modifier) && new RegExp(text, modifier === '~*' ? 'i' : '').test(path),
    );
    if (expression !== -1) return expression;
  }
  return longest === -1 ? undefined : longest;
}

/** A prefix takes its path without the slash too, which nginx redirects: the report says so. */
function isRedirected(locations: readonly Written[], path: string): boolean {
  return locations.some(([, text]) => text === `${path}/`) && !locations.some(([, text]) => text === path);
}

/** Which location the gateway takes with what was made of them. */
function chosenByGateway(locations: readonly Written[], inside = 'proxy_pass http://127.0.0.1:PORT;') {
  const text = locations
    .map(
      ([modifier, path], index) =>
        `location ${modifier} ${path} { ${inside.replace('PORT', String(3000 + index))} }`,
    )
    .join('\n');
  const { draft } = importNginx(parseNginx(`server { listen 80;\n${text}\n}`, 'nginx.conf'), 'nginx.conf');
  const router = compileRouter(draft.routes.map(({ path: { type, value } }) => rule([type, value])));
  return (path: string): number | undefined => {
    const found = router.find(routeRequest(`GET a${path}`))?.index;
    // The first line of the server is its own.
    const line = found === undefined ? undefined : draft.routes[found]?.place?.line;
    return line === undefined ? undefined : line - 2;
  };
}

const paths = [
  '/',
  '/a',
  '/b/c',
  '/a/',
  '/a/x',
  '/a/x.png',
  '/a/b/',
  '/a/b/x.png',
  '/a/b/c/',
  '/a/b/c/x.png',
  '/a/b/c/d',
  '/b/',
  '/b/x',
  '/b/x.png',
  '/x.png',
  '/a/b/x.PNG',
];

describe('the order of locations', () => {
  const cases: Readonly<Record<string, readonly Written[]>> = {
    'an expression comes before a prefix, but not before ^~': [
      ['', '/'],
      ['^~', '/a/'],
      ['', '/b/'],
      ['~', '\\.png$'],
    ],
    'an expression comes before a longer plain prefix below ^~': [
      ['^~', '/a/'],
      ['', '/a/b/'],
      ['~', '\\.png$'],
    ],
    '^~ below a plain prefix below ^~': [
      ['^~', '/a/'],
      ['', '/a/b/'],
      ['^~', '/a/b/c/'],
      ['~*', '\\.png$'],
      ['~', '^/a/'],
    ],
    'a prefix without a slash beside the one with it': [
      ['', '/a'],
      ['', '/a/'],
      ['=', '/b'],
      ['', '/b/'],
    ],
    'the first expression wins, not the longest': [
      ['~', 'x'],
      ['~', '^/a/b/x\\.png$'],
      ['~*', '\\.png$'],
    ],
  };
  for (const [name, locations] of Object.entries(cases)) {
    it(name, () => {
      const gateway = chosenByGateway(locations);
      for (const path of paths) {
        if (isRedirected(locations, path)) continue;
        assert.equal(gateway(path), chosenByNginx(locations, path), path);
      }
    });
  }

  it('is kept where the path is rewritten', () => {
    const locations: readonly Written[] = [
      ['^~', '/a/'],
      ['', '/a/b/'],
      ['~', '\\.png$'],
      ['', '/b/'],
    ];
    const gateway = chosenByGateway(locations, 'proxy_pass http://127.0.0.1:PORT/v2/;');
    for (const path of paths.filter((each) => each !== '/a' && each !== '/b')) {
      const wanted = chosenByNginx(locations, path);
      if (wanted !== undefined && locations[wanted]?.[0] !== '~') assert.equal(gateway(path), wanted, path);
    }
  });
});

test('whatever locations there are, the one that nginx takes is the one that the gateway takes', () => {
  const prefix = fc.tuple(fc.constantFrom('', '^~'), fc.constantFrom('/', '/a/', '/a/b/', '/a/b/c/', '/b/'));
  const exact = fc.tuple(fc.constant('='), fc.constantFrom('/a', '/a/x.png', '/b/c', '/'));
  const expression = fc.tuple(
    fc.constantFrom('~', '~*'),
    fc.constantFrom('\\.png$', '^/a/', '^/a/b', 'x', '^/(a|b)/x', '/c/', '^/a/b/c/x\\.png$'),
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.oneof(prefix, exact, expression), {
        minLength: 1,
        maxLength: 7,
        selector: ([modifier, text]) => (modifier === '^~' ? text : modifier + text),
      }),
      (locations) => {
        const gateway = chosenByGateway(locations);
        for (const path of paths) {
          if (isRedirected(locations, path)) continue;
          assert.equal(gateway(path), chosenByNginx(locations, path), path);
        }
      },
    ),
    { numRuns: 2000 },
  );
});
