import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fakeExchange } from '../../test/kit/fake-exchange.ts';
import { compileTemplate, TemplateError } from './template.ts';
import { templateVariables } from './template-variables.ts';

const exchange = fakeExchange({
  id: 'req-1',
  method: 'POST',
  path: '/users/7',
  query: 'page=2',
  host: 'api.example.com',
  headers: [
    ['User-Agent', 'curl/8'],
    ['X-Tag', 'a'],
    ['x-tag', 'b'],
    ['Cookie', 'a=1'],
    ['Cookie', 'b=2'],
    ['__proto__', 'plain'],
  ],
  client: { ip: '203.0.113.9', scheme: 'https' },
  routeName: 'users',
  params: { id: '7' },
  consumer: {
    id: 'ada',
    groups: ['staff', 'ops'],
    scopes: ['read', 'write'],
    claims: { email: 'ada@example.com', address: { country: 'GB' } },
  },
});

function render(source: string): string {
  return compileTemplate(source, ['id']).render(exchange);
}

function mistake(source: string, paramNames: readonly string[] = ['id']): TemplateError {
  try {
    compileTemplate(source, paramNames);
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  return assert.fail(`"${source}" compiled`);
}

describe('compileTemplate', () => {
  for (const [source, text] of [
    ['${client.ip}', '203.0.113.9'],
    ['${client.scheme}', 'https'],
    ['${request.id}', 'req-1'],
    ['${request.method}', 'POST'],
    ['${request.host}', 'api.example.com'],
    ['${request.path}', '/users/7'],
    ['${request.query}', 'page=2'],
    ['${request.header.user-agent}', 'curl/8'],
    ['${request.header.User-Agent}', 'curl/8'],
    ['${route.name}', 'users'],
    ['${consumer.id}', 'ada'],
    ['${consumer.groups}', 'staff,ops'],
    ['${consumer.scopes}', 'read write'],
    ['${consumer.claims.email}', 'ada@example.com'],
    ['${consumer.claims.address.country}', 'GB'],
    ['${params.id}', '7'],
  ] as const) {
    it(`replaces ${source}`, () => assert.equal(render(source), text));
  }

  it('knows every variable that it lists', () => {
    assert.equal(templateVariables.length, 14);
    const ofFamilies: Readonly<Record<string, string>> = {
      params: 'params.id',
      'request.header': 'request.header.accept',
      'consumer.claims': 'consumer.claims.email',
    };
    for (const variable of templateVariables) {
      const name = ofFamilies[variable] ?? variable;
      assert.equal(compileTemplate(`\${${name}}`, ['id']).parts.length, 1);
    }
  });

  it('joins texts and variables in order', () => {
    assert.equal(render('user ${params.id} from ${client.ip}!'), 'user 7 from 203.0.113.9!');
    assert.equal(render('${params.id}${params.id}'), '77');
  });

  it('is a constant without variables', () => {
    const template = compileTemplate('plain', []);
    assert.equal(template.constant, 'plain');
    assert.equal(template.render(exchange), 'plain');
    assert.equal(compileTemplate('${client.ip}', []).constant, undefined);
    assert.equal(compileTemplate('', []).constant, '');
  });

  it('takes $${ for a literal ${', () => {
    assert.equal(render('$${client.ip}'), '${client.ip}');
    assert.equal(render('a$${b${params.id}}'), 'a${b7}');
    assert.equal(render('$$${params.id}'), '$${params.id}');
    assert.equal(render('$5 and 100 $ {}'), '$5 and 100 $ {}');
  });

  it('is empty where the exchange has nothing', () => {
    const empty = fakeExchange();
    const template = compileTemplate(
      '[${consumer.id}${consumer.groups}${consumer.scopes}${consumer.claims.a}${request.query}${request.header.x-none}${params.id}]',
      ['id'],
    );
    assert.equal(template.render(empty), '[]');
  });

  it('joins several lines of one header, cookies by semicolon', () => {
    assert.equal(render('${request.header.x-tag}'), 'a, b');
    assert.equal(render('${request.header.cookie}'), 'a=1; b=2');
  });

  it('reads the canonical path, whatever was on the wire (F91)', () => {
    assert.equal(compileTemplate('${request.path}', []).render(fakeExchange({ path: '/admin' })), '/admin');
  });

  it('treats names of Object.prototype as data (F62)', () => {
    assert.equal(render('${request.header.__proto__}'), 'plain');
    assert.equal(render('${request.header.constructor}'), '');
    for (const name of ['__proto__', 'constructor', 'toString', 'params.__proto__', 'params.constructor']) {
      assert.ok(mistake(`\${${name}}`));
    }
    assert.equal(compileTemplate('${params.toString}', ['toString']).render(exchange), '');
    assert.equal(({} as Record<string, unknown>)['x'], undefined);
  });

  it('names the variable that was probably meant', () => {
    assert.equal(mistake('${client.ipp}').remedy, 'did you mean ${client.ip}?');
    assert.equal(mistake('${Request.Id}').remedy, 'did you mean ${request.id}?');
    assert.equal(mistake('${param.id}').remedy, 'did you mean ${params.id}?');
    assert.match(mistake('${nothing.like.it}').remedy, /^use one of \$\{client\.ip\}, /);
  });

  it('refuses a parameter that the path does not capture', () => {
    const close = mistake('/x/${params.idd}');
    assert.equal(close.message, 'the path captures no parameter "idd"');
    assert.equal(close.remedy, 'did you mean ${params.id}?');
    assert.equal(
      mistake('${params.account}', ['id', 'name']).remedy,
      'the path captures ${params.id}, ${params.name}',
    );
    assert.equal(
      mistake('${params.user}', []).remedy,
      "name it in the route's path, e.g. path: /users/:user",
    );
  });

  it('refuses a variable that makes no sense at its place', () => {
    assert.throws(() => compileTemplate('${consumer.id}', [], ['client.ip', 'params']), {
      message: '${consumer.id} cannot be used here',
      remedy: 'use one of ${client.ip}, ${params.<name>}, or a fixed text',
    });
    assert.throws(() => compileTemplate('${params.id}', [], ['client.ip']), {
      message: '${params.id} cannot be used here',
    });
  });

  it('refuses a brace that is not closed, and what is no name', () => {
    assert.equal(mistake('a ${client.ip').message, '"${client.ip" has no closing brace');
    assert.ok(mistake('${}'));
    assert.ok(mistake('${ client.ip }'));
    assert.ok(mistake('${request.header.}'));
    assert.ok(mistake('${request.header.a b}'));
    assert.ok(mistake('${client.ip.x}'));
    assert.ok(mistake('${consumer.claims}'));
    for (const path of ['', '.', 'a.', '.a', 'a..b', 'a b'])
      assert.match(mistake(`\${consumer.claims.${path}}`).message, /is not the path of a claim/);
  });
});
