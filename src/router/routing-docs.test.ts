import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { routeRequest, rule } from '../../test/kit/routes.ts';
import { canonicalPath, hasEncodedSeparator } from '../http/path.ts';
import { explainRoutes } from './explain.ts';
import type { RouteRule } from './route-order.ts';
import { compileRouter } from './router.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/routing.md'), 'utf8');

describe('docs/routing.md', () => {
  it('says which paths match', () => {
    const rows = tableUnder('What a path matches');
    assert.ok(rows.length >= 9);
    for (const [written = '', matching = '', others = ''] of rows) {
      const router = compileRouter([routeOf(`{ ${unquoted(written)} }`)]);
      assert.ok(codes(matching).length > 0);
      for (const path of codes(matching))
        assert.equal(router.find(routeRequest(`GET h${path}`))?.index, 0, `${written} ${path}`);
      for (const path of codes(others))
        assert.equal(router.find(routeRequest(`GET h${path}`)), undefined, `${written} ${path}`);
    }
  });

  it('says which route wins, and why', () => {
    const rows = tableUnder('Which route wins');
    assert.equal(rows.length, 8);
    for (const [order = '', first = '', second = '', target = '', because = ''] of rows) {
      const request = routeRequest(unquoted(target), [['X-Beta', '1']]);
      const [winner, loser] = [routeOf(unquoted(first)), routeOf(unquoted(second))];
      const arrangements =
        order === 'the order in the file'
          ? [[winner, loser]]
          : [
              [winner, loser],
              [loser, winner],
            ];
      for (const routes of arrangements) {
        assert.equal(compileRouter(routes).find(request)?.index, routes.indexOf(winner), order);
        const [, shadowed] = explainRoutes(routes, request).considered;
        assert.equal(shadowed?.reason, `matches too, but loses to ${winner.name} because ${because}`);
      }
    }
  });

  it('says what a path is read as', () => {
    const rows = tableUnder('The canonical path');
    assert.ok(rows.length >= 9);
    for (const [sent = '', result = ''] of rows) {
      for (const raw of codes(sent)) {
        const path = canonicalPath(raw);
        if (result === 'refused') assert.equal(path, undefined, raw);
        else if (result.startsWith('refused')) assert.equal(hasEncodedSeparator(path ?? ''), true, raw);
        else assert.deepEqual([path, hasEncodedSeparator(path ?? '')], [unquoted(result), false]);
      }
    }
  });
});

/** The cells of each row of the table under a heading, without its head. */
function tableUnder(heading: string): string[][] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? assert.fail(heading);
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** The texts between backticks. */
function codes(cell: string): string[] {
  return [...cell.matchAll(/`([^`]*)`/g)].map(([, code = '']) => code);
}

function unquoted(cell: string): string {
  return codes(cell)[0] ?? assert.fail(`no code in "${cell}"`);
}

/** A route as the page writes it, which is as the file has it. */
function routeOf(yaml: string): RouteRule {
  const written = parse(yaml) as {
    host?: string;
    path: string | Partial<Record<RouteRule['path']['type'], string>>;
    method?: string;
    headers?: Record<string, { present: true }>;
  };
  const options = {
    name: yaml,
    hosts: written.host === undefined ? [] : [written.host],
    methods: written.method === undefined ? [] : [written.method],
    headers: Object.keys(written.headers ?? {}).map((name) => ({
      name,
      match: { type: 'present' as const },
    })),
  };
  if (typeof written.path === 'string') return rule(written.path, options);
  const { path } = written;
  const type = (['exact', 'prefix', 'pattern', 'regex'] as const).find((each) => path[each] !== undefined);
  return type === undefined ? assert.fail(yaml) : rule([type, path[type] ?? ''], options);
}
