import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fakeExchange, type FakeExchangeInit } from '../../../test/kit/fake-exchange.ts';
import { compileExpression } from './compile-expression.ts';
import { ExpressionError } from './expression-error.ts';

const paramNames = ['userId', 'id'];
const base: FakeExchangeInit = {
  method: 'GET',
  path: '/users/7',
  host: 'api.example.com',
  params: { userId: 'alice', id: '7' },
  consumer: {
    id: 'alice',
    groups: ['staff', 'readers'],
    scopes: ['orders:read'],
    claims: {
      sub: 'alice',
      level: 3,
      verified: true,
      verifiedText: 'true',
      nothing: null,
      alsoNothing: null,
      roles: ['reader', 7, null, ['nested']],
      text: 'reader writer',
      address: { country: 'AT', lines: ['one', 'two'] },
      'https://x/y': { z: 'deep' },
      big: JSON.parse('9007199254740993') as number,
      sameBig: 9007199254740992,
    },
  },
};

function holds(source: string, init: FakeExchangeInit = {}): boolean {
  return compileExpression(source, paramNames).holds(fakeExchange({ ...base, ...init }));
}

function mistake(source: string, names: readonly string[] = paramNames): string {
  try {
    compileExpression(source, names);
  } catch (error) {
    if (error instanceof ExpressionError) return `${error.at + 1}: ${error.message} | ${error.remedy}`;
    throw error;
  }
  return 'none';
}

describe('an expression holds', () => {
  for (const source of [
    'claims.sub == params.userId',
    'claims.sub == params.userId or "admin" in groups',
    "'staff' in groups && 'orders:read' in scopes",
    'consumer.id == "alice" and consumer.claims.sub == "alice"',
    '"staff" in consumer.groups and "orders:read" in consumer.scopes',
    'claims.address.country in ["DE", "AT"]',
    'claims["address"]["lines"][1] == "two"',
    'claims["https://x/y"].z == "deep"',
    'claims.level >= 3 and claims.level < 4 and claims.level == 3 and claims.level == 3.0',
    'claims.verified and claims.verified == true',
    'not claims.missing',
    '!("admin" in groups) || false',
    'not claims.sub == "bob"',
    'method == "GET" and host == "api.example.com" and path == "/users/7"',
    'client.ip == "192.0.2.1"',
    '"reader" in claims.roles and 7 in claims.roles',
    'params.id in ["7", claims.sub]',
    'claims.nothing == null and claims.missing == null and claims.sub != null and consumer.id != null',
    'false or true and true',
    '(((true)))',
  ])
    it(source, () => assert.equal(holds(source), true));
});

describe('an expression does not hold', () => {
  for (const [source, why] of [
    ['claims.missing == claims.other', 'two things that are not there are not the same'],
    ['claims.nothing == claims.alsoNothing', 'neither are two that are null'],
    ['claims.missing != "x"', 'and nothing differs from what is not there'],
    ['claims.level == "3"', 'a number is no text'],
    ['claims.verifiedText', 'a text is not true'],
    ['claims.level != "3"', 'what is of two kinds cannot be compared'],
    ['claims.verifiedText == true', 'a text is not true'],
    ['claims.roles == "reader"', 'a list is none of its elements'],
    ['claims.roles == claims.roles', 'not even itself'],
    ['claims.address != claims.roles', 'nor does it differ'],
    ['"read" in claims.text', 'a piece of a text is no element'],
    ['"reader" in claims.text', 'nor is a word of it'],
    ['claims.nothing in claims.roles', 'null is no element'],
    ['"country" in claims.address', 'an object is no list'],
    ['claims.text > 1', 'texts have no order'],
    ['claims.missing <= 1', 'what is not there is not small'],
    ['claims.big == claims.sameBig', 'they have been rounded to the same number'],
    ['claims.address', 'an object is not true'],
    ['true and false or false', 'and binds before or'],
    ['"alice" == claims.address.country.x', 'a text has no members'],
    ['claims.address.lines["1"] == "two"', 'a list has no names'],
    ['claims.address[0] == "AT"', 'an object has no places'],
  ] as const)
    it(`${source}: ${why}`, () => assert.equal(holds(source), false));

  it('of anybody who is not known', () => {
    for (const source of [
      'consumer.id != "x"',
      '"a" in groups',
      'claims.sub == params.userId',
      'claims.x != 1',
    ])
      assert.equal(compileExpression(source, paramNames).holds(fakeExchange()), false, source);
  });

  it('for what a request does not have: an empty host, a parameter that took no part', () => {
    assert.equal(holds('host != "a"', { host: '' }), false);
    assert.equal(holds('params.userId != "a"', { params: { userId: '' } }), false);
    assert.equal(
      holds('claims.sub == params.userId', { params: {}, consumer: { id: 'x', claims: {} } }),
      false,
    );
  });
});

describe('a mistake in an expression is reported with its column and a remedy', () => {
  for (const [source, expected] of [
    ['claims.sub = params.id', '12: "=" has no meaning here | write =='],
    ['claims.sub === "a"', '12: there is no === | write =='],
    [
      'claims.sub == params.userid',
      '15: the path captures no parameter "userid" | did you mean params.userId?',
    ],
    [
      'claims.sub == params.tenant',
      '15: the path captures no parameter "tenant" | the path captures params.userId, params.id',
    ],
    ['claim.role == "a"', '1: there is no "claim.role" | did you mean claims.role?'],
    ['group == "a"', '1: there is no "group" | did you mean groups?'],
    ['method == PATCH', '11: there is no "PATCH" | did you mean path?'],
    ['claims.role == manager', '16: there is no "manager" | put a text in quotes: "manager"'],
    ['groups == "admin"', '1: a list equals nothing | write in: "admin" in groups'],
    ['groups.admin', '1: groups has no admin | write "x" in groups'],
    ['groups.includes("admin")', '16: there are no functions | compare with ==, !=, <, <=, >, >= and in'],
    [
      'claims.role == "a" or "b"',
      '23: "b" is neither true nor false | compare it: x == "a", or x in ["a", "b"]',
    ],
    ['"a" not in groups', '5: `not` stands in front of what it turns round | write not ("x" in groups)'],
    ['params.id == 7', '1: a text never equals a number | put it in quotes: "7"'],
    ['method == "get"', '11: method is never "get" | write GET, in upper case'],
    ['method in ["GET", "PSOT"]', '19: method is never "PSOT" | write POST, in upper case'],
    [
      'host == "API.example.com"',
      '9: host is never "API.example.com" | write the host in lower case and without port, such as api.example.com',
    ],
    ['path == "/a/../b"', '9: path is never "/a/../b" | write /b'],
    [
      'client.ip in ["10.0.0.0/8"]',
      '15: client.ip is never "10.0.0.0/8" | write one address; the policy ip-filter knows networks',
    ],
    ['client.ip == "::FFFF:192.0.2.1"', '14: client.ip is never "::FFFF:192.0.2.1" | write 192.0.2.1'],
    [
      '"claims.sub" == "alice"',
      '1: both sides are fixed | take the quotes off a name, or write true or false',
    ],
    [
      'headers["x-user"] == "a"',
      '1: nobody has verified what a header says | match it with `headers` of the route, or use a claim',
    ],
    ['"a" in claims.scope', '8: claims.scope may be a text of several words | write "orders:read" in scopes'],
    ['claims == null', '1: this is all claims at once | name one of them: claims.sub'],
    ['claims[0] == 1', '1: this is all claims at once | name one of them: claims.sub'],
    [
      'null == null',
      '1: null asks whether a claim or consumer.id is there | leave the comparison with null out, or write consumer.id == null',
    ],
    [
      'method != null',
      '11: null asks whether a claim or consumer.id is there | leave the comparison with null out, or write consumer.id != null',
    ],
    ['claims.a < "b"', '12: < compares numbers, and this is a text | write == or in'],
    ['1 in groups', '1: groups has only texts | put it in quotes, as in "admin" in groups'],
    ['claims.a in "abc"', '13: "abc" is no list | write ["abc"], or =='],
    ['claims.a in []', '13: nothing is in an empty list | write false for nobody'],
    ['claims.a == 1 == true', '15: a comparison has two sides | join two comparisons with and'],
    [
      '(claims.a == 1) == true',
      '2: only values are compared, and this is a condition | leave out the comparison, or write not in front',
    ],
    ['claims.a:b == 1', '9: ":" has no meaning here | put a name with a colon into brackets: claims["x:y"]'],
    [
      'claims.a == 12345678901234567890',
      '13: 12345678901234567890 is too large to be told from its neighbours | write a number up to 9007199254740991, or have the issuer write a text',
    ],
    ['claims.a == “b”', '13: "“" has no meaning here | write plain quotes: "'],
    ["claims.a == 'b", "13: the text has no closing quote | close it with '"],
    [
      'claims.a == 1 and',
      '18: the expression breaks off | write what it is compared with, or leave out its end',
    ],
    ['(claims.a == 1', '1: the parenthesis is not closed | close it with )'],
    ['claims.a == 1)', '14: ) does not belong here | join conditions with and, or and not'],
    ['claims.a["b" == 1', '9: the bracket is not closed | close it with ]'],
    ['', '1: the expression is empty | write true for everybody, or false for nobody'],
    ['   ', '1: the expression is empty | write true for everybody, or false for nobody'],
  ] as const)
    it(source, () => assert.equal(mistake(source), expected));

  it('a parameter where the path captures none', () => {
    assert.equal(
      mistake('claims.sub == params.userId', []),
      '15: the path captures no parameter "userId" | name it in the route\'s path, e.g. path: /users/:userId',
    );
  });

  it('what is too long or nested too deep', () => {
    assert.match(
      mistake(`${'('.repeat(33)}true${')'.repeat(33)}`),
      /^33: this is nested deeper than 32 levels/,
    );
    assert.equal(mistake(`${'('.repeat(32)}true${')'.repeat(32)}`), 'none');
    assert.match(mistake(`${'not '.repeat(33)}true`), /^129: this is nested deeper than 32 levels/);
    assert.match(mistake(`claims${'.a'.repeat(40)} == 1`), /more than 33 steps/);
    assert.match(mistake(`true${' '.repeat(2000)}`), /longer than 2000 characters/);
    assert.equal(mistake(Array.from({ length: 200 }, () => 'true').join(' or ')), 'none');
  });
});

describe('an expression knows whether it asks who', () => {
  for (const [source, asksWho] of [
    ['method == "GET"', false],
    ['true', false],
    ['client.ip == "192.0.2.1" and params.id == "7"', false],
    ['method == "GET" or consumer.id == "a"', true],
    ['"a" in groups', true],
    ['claims.verified', true],
    ['params.id in ["7", claims.sub]', true],
  ] as const)
    it(`${source}: ${asksWho}`, () => assert.equal(compileExpression(source, paramNames).asksWho, asksWho));
});
