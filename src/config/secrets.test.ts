import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hiddenIn, hideAt, hideIn, maskLine, secretTexts } from './secrets.ts';
import { substitute } from './substitute.ts';

const secret = 'hunter2-is-the-password';

function hiddenOf(document: unknown, env: Record<string, string>): ReturnType<typeof hiddenIn> {
  return hiddenIn(document, substitute(document, { env, files: new Map() }).substitutions);
}

describe('what a mistake shows', () => {
  test('is what is written instead of what came from outside', () => {
    const hidden = hiddenOf({ via: '${V}', url: 'http://${V}:1' }, { V: secret });
    assert.equal(hideIn(`"${secret}" is not a token`, hidden), '${V} is not a token');
    assert.equal(hideIn(`"http://${secret}:1" is bad`, hidden), '"http://${V}:1" is bad');
    assert.equal(hideIn(`the part ${secret} of it`, hidden), 'the part ${V} of it');
  });

  test('never replaces what it has put in', () => {
    const hidden = hiddenOf({ a: '${AAAA}', b: '${BBBB}' }, { AAAA: 'BBBB', BBBB: 'AAAA' });
    assert.equal(hideIn('"BBBB" and "AAAA"', hidden), '${AAAA} and ${BBBB}');
  });

  test('hides a long value that a mistake has cut', () => {
    const long = 'x'.repeat(30) + 'y'.repeat(60);
    const hidden = hiddenOf({ a: '${LONG}' }, { LONG: long });
    assert.equal(hideIn(`${JSON.stringify(long).slice(0, 60)}… is too long`, hidden), '${LONG} is too long');
  });

  test('hides texts under keys that promise a secret', () => {
    const hidden = hiddenOf(
      { admin: { token: secret, list: [{ apiKey: ['other-secret'] }] }, via: 'waygate' },
      {},
    );
    assert.equal(hideIn(`${secret} other-secret waygate`, hidden), '*** *** waygate');
  });

  test('F195: hides a secret of digits that somebody has not put in quotes', () => {
    const hidden = hiddenOf({ jwt: { secret: 98765432, clockSkew: 12345 } }, {});
    assert.equal(
      hideIn('found 98765432; put it in quotes: "98765432"; 12345', hidden),
      'found ***; put it in quotes: ***; 12345',
    );
  });

  test('hides keys and passwords that stand where their digests should, and not all that a policy has', () => {
    const hidden = hiddenOf(
      {
        policies: [
          {
            'api-key': {
              header: 'x-shop-key',
              consumers: [{ name: 'globex', keys: ['clear-key', { digest: 'clear-too' }] }],
            },
          },
          {
            'any-of': {
              policies: [
                { 'basic-auth': { realm: 'tools', users: [{ name: 'alice', digest: 'opensesame' }] } },
              ],
            },
          },
          { 'api-key': 'in-the-wrong-place' },
        ],
      },
      {},
    );
    const text = 'x-shop-key globex tools alice clear-key clear-too opensesame in-the-wrong-place';
    assert.equal(hideIn(text, hidden), 'x-shop-key globex tools alice *** *** *** ***');
  });

  test('does not hide a default, which stands in the file, nor localhost', () => {
    assert.deepEqual(hiddenOf({ a: '${A:-default}', b: '${HOST}' }, { HOST: 'localhost' }), []);
  });

  const words = (found: string, remedy: string, value: string): { found: string; remedy: string } => {
    const [substitution] = substitute('${V}', { env: { V: value }, files: new Map() }).substitutions;
    assert.ok(substitution !== undefined);
    return hideAt({ found, remedy }, substitution);
  };

  test('at its own place, a short value is hidden as well', () => {
    assert.equal(words('-1 is out of range', 'write 0', '-1').found, 'the value of ${V} cannot stand here');
    assert.equal(words('"x" is bad', 'write y', 'x').found, 'the value of ${V} cannot stand here');
  });

  test('at its own place, a part of the value is hidden as well', () => {
    const { found, remedy } = words(
      '"mongodb:" is not a scheme',
      'write mongodb',
      'mongodb://user:pass@host',
    );
    assert.equal(found, 'the value of ${V} cannot stand here');
    assert.equal(remedy, 'check what ${V} stands for');
  });

  test('no value of eight characters or more is ever left in a text', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8 }), fc.string(), fc.string(), (value, before, after) => {
        fc.pre(!'check what ${V} stands for the value of cannot stand here'.includes(value));
        const { found, remedy } = words(`${before}${JSON.stringify(value)}${after}`, `write ${value}`, value);
        assert.ok(!found.includes(value) && !remedy.includes(value));
      }),
    );
  });
});

describe('a line of the file', () => {
  test('keeps its columns where a secret is masked', () => {
    const hidden = hiddenOf({ admin: { token: secret } }, {});
    const line = `admin: { token: ${secret}, prot: 1 }`;
    const masked = maskLine(line, hidden);
    assert.ok(!masked.includes('hunter2'));
    assert.equal(masked.indexOf('prot'), line.indexOf('prot'));
  });

  test('shows no user and password of a URL', () => {
    assert.equal(maskLine('  a: http://me:pass@host/x', []), '  a: http://*******@host/x');
  });

  const texts = [
    ['token: hunter2', 'token: *******'],
    ['  authorization: "Bearer hunter2", x: y', '  authorization: "**************", x: y'],
    ['{ "apiKey" : "hunter2" }', '{ "apiKey" : "*******" }'],
    ['db_password: hunter2 # old', 'db_password: *************'],
    ['token: ${TOKEN}', 'token: ${TOKEN}'],
    ['tokens: 1', 'tokens: 1'],
  ] as const;
  for (const [line, shown] of texts) {
    test(`is shown as ${shown} in a file that could not be read`, () => {
      assert.equal(maskLine(line, []), shown);
    });
  }

  test('shows what is written where a value comes from outside', () => {
    const hidden = hiddenOf({ a: '${NAME}' }, { NAME: 'port' });
    assert.equal(maskLine('port: ${NAME}', hidden), 'port: ${NAME}');
  });
});

test('secrets are texts from files and from variables with secret names, alone and with what is around them', () => {
  const document = { a: 'Bearer ${API_TOKEN}', b: '${PORT}', c: '${file:/x}' };
  const { substitutions } = substitute(document, {
    env: { API_TOKEN: 't0ken', PORT: '3000' },
    files: new Map([['/x', { text: 'in the file' }]]),
  });
  assert.deepEqual(secretTexts(substitutions).toSorted(), ['Bearer t0ken', 'in the file', 't0ken']);
});

test('a line of a file that could not be read shows neither digests nor what should be one', () => {
  const digest = '$scrypt$ln=15,r=8,p=3$c2FsdA$aGFzaA';
  for (const [line, shown] of [
    [`digest: ${digest}`, `digest: ${'*'.repeat(digest.length)}`],
    [`- { name: a, digest: '${digest}' }`, `- { name: a, digest: '${'*'.repeat(digest.length)}' }`],
    ['  digest: opensesame', '  digest: **********'],
    ['  keys: [wg_clear, wg_more]', '  keys: [********, wg_more]'],
    ['- api-key: { header: x-shop-key }', '- api-key: { header: x-shop-key }'],
    ['- api-key: wg_clear', '- api-key: ********'],
  ] as const)
    assert.equal(maskLine(line, []), shown);
});
