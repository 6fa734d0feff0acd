import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { folderOf, imported, importedFrom, type Read } from '../../test/kit/imported-source.ts';
import { readExpressGateway } from './express-gateway/read-express-gateway.ts';
import { ImportFailure } from './import-failure.ts';
import { readNginx } from './nginx/read-nginx.ts';
import { printable } from './printable.ts';

const server = (inside: string, http = ''): string =>
  `http { ${http} server { listen 8080; server_name a.test; ${inside} } }`;
const passing = 'proxy_pass http://127.0.0.1:3001;';

describe('hostile input is a clear error or a configuration, and never a crash', () => {
  const broken: Readonly<Record<string, readonly [read: Read, content: string | Buffer]>> = {
    'nginx: binary': [readNginx, Buffer.from([0xff, 0xfe, 0, 1, 2, 3])],
    'nginx: a brace that is never closed': [readNginx, 'http { server { location / {'],
    'nginx: a brace that closes nothing': [readNginx, 'http { } }'],
    'nginx: a quote that is never closed': [readNginx, 'http { server { return 200 "x; } }'],
    'nginx: no semicolon': [readNginx, 'http { server { listen 80 } }'],
    'nginx: nothing': [readNginx, ''],
    'nginx: nested without end': [readNginx, 'a {'.repeat(100_000)],
    'nginx: too large': [readNginx, `# ${'x'.repeat(5_000_001)}`],
    'yaml: binary': [readExpressGateway, Buffer.from([0xff, 0xfe, 0, 1, 2, 3])],
    'yaml: not YAML': [readExpressGateway, 'a: [b, {'],
    'yaml: nothing': [readExpressGateway, ''],
    'yaml: nested without end': [readExpressGateway, '['.repeat(50_000)],
    'yaml: aliases that multiply': [
      readExpressGateway,
      `pipelines: &a0 [x, x]\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`).join('\n')}\n`,
    ],
  };
  for (const [name, [read, content]] of Object.entries(broken)) {
    test(name, async (t) => {
      const folder = folderOf(t, { source: content });
      await assert.rejects(importedFrom(read, folder), (error: unknown) => {
        assert.ok(error instanceof ImportFailure, String(error));
        assert.ok(error.message.length > 10 && error.message.length < 2000 && error.remedy !== '');
        return true;
      });
    });
  }

  test('long words, and nothing behind modifiers, take no time to read', async (t) => {
    for (const word of ['?', '//', ' ', '\\\\n ', '\\\\', 'a', '(', '=', '$', '&a']) {
      const long = `"${word.repeat(50_000)}"`;
      const { text } = await imported(
        t,
        readNginx,
        server(`if ( ${long} ) { return 403; } if { return 403; } if () { deny all; }
          proxy_set_header X-Token ${long}; proxy_set_header X-Token "${word.repeat(50_000)}$host"; set $a ${long};
          add_header A ${long}; ${long} on; location = { ${passing} } location ~ { return 200 ${long}; } location / { ${passing} }`),
      );
      assert.match(text, /closed-until-translated/);
    }
  });

  test('an include that includes itself is left out', async (t) => {
    const folder = folderOf(t, {
      source: `include source; include other; ${server(`location / { ${passing} }`)}`,
      other: 'include source;',
    });
    const { report } = await importedFrom(readNginx, folder);
    assert.deepEqual(
      report.leftOut.filter(({ what }) => what.startsWith('include')).map(({ why }) => why),
      ['it includes itself', 'it includes itself'],
    );
  });

  test('files outside of the folder are not read', async (t) => {
    const folder = folderOf(t, {
      source: `include /etc/passwd; include ../x; ${server(`location / { ${passing} }`)}`,
    });
    const { report } = await importedFrom(readNginx, folder);
    assert.equal(report.leftOut.filter(({ why }) => why.startsWith('only files beside')).length, 2);
  });

  test('control characters and odd names are neither in the result nor in the report as they are', async (t) => {
    const odd = 'x\u001b[31m\u202e\u0007';
    const { text, report } = await imported(
      t,
      readNginx,
      server(
        `location /${odd}/ { ${passing} } location /__proto__/ { proxy_pass http://__proto__; } ${odd} on; location / { ${passing} }`,
        `upstream __proto__ { server 127.0.0.1:5; }`,
      ),
    );
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u202e]/);
    assert.match(text, /path: \/__proto__/);
    for (const { what } of [...report.leftOut, ...report.translated])
      assert.doesNotMatch(printable(what), /[\p{Cc}\p{Cf}]/u);
  });

  test('whatever locations there are, the gateway would start with the result', async (t) => {
    const folder = folderOf(t, {});
    const location = fc.record({
      modifier: fc.constantFrom('', '=', '^~', '~', '~*'),
      path: fc.constantFrom(
        '/',
        '/a',
        '/a/',
        '/a/b/',
        '^/a',
        '\\.php$',
        '^/(a|b)/(.*)$',
        '/a b',
        '//x',
        '/%2f',
        '(a+)+$',
        '/${x}',
        '[',
        '/é',
      ),
      inside: fc.constantFrom(
        passing,
        'proxy_pass http://127.0.0.1:3002/;',
        'proxy_pass http://u/v/;',
        'proxy_pass http://$x;',
        'return 404;',
        'return 200 "a${b}";',
        'root /x;',
        'deny all;',
        'proxy_pass http://169.254.1.1;',
        'proxy_pass http://127.0.0.1:8080;',
        'proxy_pass http://127.0.0.1:3002/$1; proxy_set_header A "$1 $2";',
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(location, { minLength: 1, maxLength: 6 }), async (locations) => {
        const inside = locations.map(
          ({ modifier, path, inside: each }) =>
            `location ${modifier} "${path.replaceAll('\\', '\\\\')}" { ${each} }`,
        );
        writeFileSync(
          join(folder, 'source'),
          server(inside.join('\n'), 'upstream u { server 127.0.0.1:7; }'),
        );
        await importedFrom(readNginx, folder);
      }),
      { numRuns: 60 },
    );
  });
});
