import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { z } from 'zod';
import { fakeExchange, type FakeExchangeInit } from '../../../test/kit/fake-exchange.ts';
import { ask, benchPolicy, optionMistakes } from '../../../test/kit/policy-bench.ts';
import type { Reply } from '../../core/exchange.ts';
import { respond } from './respond.ts';

type Options = z.input<typeof respond.options>;

const setup = { paramNames: ['id'] };

function reply(options: Options, init: FakeExchangeInit = {}): Reply {
  const answered = ask(benchPolicy(respond, options, setup), fakeExchange(init));
  assert.ok(answered);
  return answered;
}

function body(options: Options, id = ''): string {
  const { body: sent = '' } = reply(options, { params: { id } });
  assert.ok(typeof sent === 'string' || sent instanceof Uint8Array);
  return Buffer.from(sent).toString();
}

describe('respond', () => {
  it('answers 200 without a body unless told otherwise', () => {
    assert.deepEqual(reply({}), { status: 200, headers: [] });
    assert.deepEqual(reply({ status: 204 }), { status: 204, headers: [] });
  });

  it('answers with a text in UTF-8', () => {
    const { status, headers } = reply({ status: 503, body: 'Zurück um 9' });
    assert.deepEqual([status, headers], [503, [['content-type', 'text/plain; charset=utf-8']]]);
    assert.equal(body({ body: 'Zurück um 9' }), 'Zurück um 9');
  });

  it('answers with JSON', () => {
    assert.deepEqual(reply({ json: { ok: true } }).headers, [['content-type', 'application/json']]);
    for (const json of [{ ok: true, list: [1, null, 'a'] }, [], 'text', 0, false, null]) {
      assert.deepEqual(JSON.parse(body({ json })), json);
    }
  });

  it('sends the content type that it is told to', () => {
    const contentType = 'text/html; charset=utf-8';
    assert.deepEqual(reply({ body: '<p>', contentType }).headers, [['content-type', contentType]]);
    assert.deepEqual(reply({ json: {}, contentType: 'application/problem+json' }).headers, [
      ['content-type', 'application/problem+json'],
    ]);
  });

  it('sends headers, whose values may use variables', () => {
    const headers = {
      'Retry-After': '120',
      Link: ['</a>', '</b>'],
      'x-user': '${params.id}',
      'x-none': '${consumer.id}',
    };
    assert.deepEqual(reply({ headers }, { params: { id: '7' } }).headers, [
      ['Retry-After', '120'],
      ['Link', '</a>'],
      ['Link', '</b>'],
      ['x-user', '7'],
    ]);
  });

  it('gives the same answer, made once, when nothing in it varies', () => {
    const policy = benchPolicy(respond, { body: 'x', headers: { a: 'b' } });
    assert.equal(ask(policy, fakeExchange()), ask(policy, fakeExchange()));
  });

  it('sends the body as it is unless it is a template', () => {
    assert.equal(
      body({ body: 'Hello ${params.id} $${x} ${nonsense}' }, '7'),
      'Hello ${params.id} $${x} ${nonsense}',
    );
    assert.equal(body({ json: { a: '${params.id}' } }, '7'), '{"a":"${params.id}"}');
  });
});

describe('respond with a template', () => {
  it('fills in variables', () => {
    assert.equal(body({ body: 'user ${params.id}', template: true }, 'a<b>&"c"'), 'user a<b>&"c"');
    assert.equal(body({ body: '$${params.id}', template: true }, '7'), '${params.id}');
  });

  it('escapes for JSON, so that no value ends its string', () => {
    const json = { id: 'user ${params.id}', deep: [{ '${params.id}': 1 }], price: '$5', braces: '{}' };
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (id) => {
        // An unpaired surrogate is replaced on its way into UTF-8.
        const text = id.toWellFormed();
        const parsed = JSON.parse(body({ json, template: true }, text)) as unknown;
        assert.deepEqual(parsed, {
          id: `user ${text}`,
          deep: [JSON.parse(`{${JSON.stringify(text)}:1}`)],
          price: '$5',
          braces: '{}',
        });
      }),
    );
  });

  it('escapes for JSON that is written as a text', () => {
    const options = {
      body: '{"id": "${params.id}"}',
      contentType: 'application/problem+json',
      template: true,
    };
    assert.deepEqual(JSON.parse(body(options, '","admin":true,"x":"')), { id: '","admin":true,"x":"' });
  });

  it('escapes for HTML and XML', () => {
    for (const contentType of ['text/html; charset=utf-8', 'application/xml', 'image/svg+xml', 'TEXT/HTML']) {
      const options = { body: '<p>Hello ${params.id}</p>', contentType, template: true };
      assert.equal(
        body(options, '<img src=x onerror="alert(1)">&\'\0'),
        '<p>Hello &lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;&#39;\ufffd</p>',
      );
    }
  });

  it('forbids browsers to take it for another type', () => {
    const headers = new Map(
      reply({ body: '${params.id}', template: true }, { params: { id: '<script>' } }).headers,
    );
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
  });

  for (const html of [
    '<a href="${params.id}">',
    "<a href='${params.id}'>x</a>",
    '<p ${params.id}>',
    '<script>let a = "${params.id}";</script>',
    '<SCRIPT type=module>\n${params.id}</SCRIPT>',
    '<style>a { color: ${params.id} }</style>',
    '<p><style></style></p><script>${params.id}',
    '<!-- ${params.id} -->',
    '<textarea>${params.id}</textarea>',
    '<a title=">" href="${params.id}">',
    "<a title='>' href=${params.id}>",
    '<${params.id}>',
  ]) {
    it(`refuses a variable where no escaping makes it safe: ${JSON.stringify(html)}`, () => {
      const [first = 'nothing'] = optionMistakes(
        respond,
        { body: html, contentType: 'text/html', template: true },
        setup,
      );
      assert.match(first, /^body: \$\{params\.id\} stands inside a tag, a script or a style/);
    });
  }

  it('takes a variable behind a script for a text again', () => {
    const html = '<script>a > b</script><style></style><p class="x">${params.id}</p>';
    assert.equal(
      body({ body: html, contentType: 'text/html', template: true }, '7'),
      html.replace('${params.id}', '7'),
    );
  });

  for (const value of ['a\r\nset-cookie: x=1', 'a\0']) {
    it(`refuses ${JSON.stringify(value)} for a header with 400 (F63)`, () => {
      assert.throws(() => reply({ headers: { 'x-a': '${params.id}' } }, { params: { id: value } }), {
        code: 'bad_path',
      });
    });
  }

  it('treats names of Object.prototype as data (F62)', () => {
    const json = JSON.parse('{"__proto__":{"x":1},"constructor":"${params.id}"}') as unknown;
    assert.equal(body({ json, template: true }, '7'), '{"__proto__":{"x":1},"constructor":"7"}');
    assert.equal(({} as Record<string, unknown>)['x'], undefined);
  });
});

describe('the options of respond', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  for (const [what, options, expected] of [
    ['two bodies', { body: 'a', json: 1 }, 'json: `body` and `json` are two bodies'],
    ['a body with 204', { status: 204, body: 'a' }, 'status: an answer with status 204 has no body'],
    ['a body with 304', { status: 304, json: {} }, 'status: an answer with status 304 has no body'],
    ['an interim status', { status: 103 }, 'status: '],
    ['status 600', { status: 600 }, 'status: '],
    [
      'a type without a body',
      { contentType: 'text/html' },
      'contentType: there is no body that has this type',
    ],
    ['a template without a body', { template: true }, 'template: there is no body to fill in'],
    ['a type that is none', { body: 'a', contentType: 'html' }, 'contentType: "html" is not a media type'],
    ['a type with a line break', { body: 'a', contentType: 'text/html\r\nx: 1' }, 'contentType: '],
    [
      'a template of a type that cannot be escaped',
      { body: '${client.ip}', contentType: 'text/javascript', template: true },
      'template: variables cannot be escaped for text/javascript',
    ],
    [
      'a variable that does not exist',
      { body: '${client.ib}', template: true },
      'body: there is no variable "client.ib" | did you mean ${client.ip}?',
    ],
    ['an open brace in JSON', { json: { a: '${client.ip' }, template: true }, 'json: '],
    [
      'a framing header',
      { headers: { 'Content-Length': '3' } },
      'headers.Content-Length: a policy cannot write',
    ],
    ['a hop-by-hop header', { headers: { upgrade: 'h2c' } }, 'headers.upgrade: a policy cannot write'],
    [
      'Content-Type as a header',
      { headers: { 'content-type': 'text/html' } },
      'headers.content-type: Content-Type has an option of its own',
    ],
    [
      'a Location with variables',
      { status: 302, headers: { Location: '/${params.id}' } },
      'headers.Location: a Location with variables',
    ],
    [
      'a line break in a header',
      { headers: { a: ['x', 'a\nb'] } },
      'headers.a.1: a header value cannot contain line breaks',
    ],
    ['a cycle', { json: circle }, 'json: the value cannot be written as JSON'],
    ['a function', { json: () => 1 }, 'json: the value cannot be written as JSON'],
    ['a big integer', { json: 1n }, 'json: the value cannot be written as JSON'],
    ['a body of more than 1 MiB', { body: 'x'.repeat(1_048_577) }, 'body: '],
  ] as const) {
    it(`refuse ${what}`, () => {
      const [first = 'nothing', ...others] = optionMistakes(respond, options, setup);
      assert.ok(first.startsWith(expected), first);
      assert.deepEqual(others, []);
    });
  }
});
