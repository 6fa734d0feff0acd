import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { claimAt, claimText, groupsText, idText, scopesText } from './consumer-text.ts';

const claims = {
  email: 'ada@example.com',
  age: 36,
  admin: false,
  address: { country: 'GB', geo: { lat: 51.5 } },
  roles: ['a', 'b', 3, true, { role: 'c' }, null, ['d'], ''],
  'https://api.example.com/plan': 'gold',
  'address.country': 'exactly this name',
  nothing: null,
};
const consumer = { id: 'ada', claims };

describe('groupsText', () => {
  for (const [groups, text] of [
    [undefined, ''],
    [[], ''],
    [['staff'], 'staff'],
    [['staff', 'ops and more'], 'staff,ops and more'],
    [['a,admin'], 'a%2Cadmin'],
    [['a%2Cadmin'], 'a%252Cadmin'],
    [['a\r\nX-Admin: 1', '\0', '\x7f\x85'], 'a%0D%0AX-Admin: 1,%00,%7F%C2%85'],
    [[' admin', 'admin\t', '\u00a0admin', ' '], '%20admin,admin%09,%C2%A0admin,%20'],
    [['"admin"'], '%22admin%22'],
    [['', 'a', ''], 'a'],
    [['Größe', '日本'], 'Größe,日本'],
  ] as const) {
    it(`is ${JSON.stringify(text)} of ${JSON.stringify(groups)}`, () => {
      assert.equal(groupsText({ id: 'a', ...(groups !== undefined && { groups }) }), text);
    });
  }

  it('is empty when nobody is known to ask', () => {
    assert.equal(groupsText(undefined), '');
    assert.equal(scopesText(undefined), '');
    assert.equal(claimText(undefined, 'email'), '');
  });

  it('has exactly the groups in it that there are, whatever they are called, also for a reader that trims', () => {
    const group = fc.string({
      unit: fc.constantFrom('a', ',', '%', ' ', '2', 'C', '"', '\n', 'é'),
      minLength: 1,
    });
    fc.assert(
      fc.property(fc.array(group), (groups) => {
        const text = groupsText({ id: 'a', groups });
        const read = text === '' ? [] : text.split(',').map((each) => decodeURIComponent(each.trim()));
        assert.deepEqual(read, groups);
      }),
    );
  });
});

describe('scopesText', () => {
  it('joins by spaces, and encodes what would make two scopes of one', () => {
    const scopes = ['orders:read', 'a b', '%20', 'x\ty', '', 'é', 'a,b'];
    assert.equal(scopesText({ id: 'a', scopes }), 'orders:read a%20b %2520 x%09y é a,b');
  });
});

describe('claimText', () => {
  for (const [path, text] of [
    ['email', 'ada@example.com'],
    ['age', '36'],
    ['admin', 'false'],
    ['address.geo.lat', '51.5'],
    ['https://api.example.com/plan', 'gold'],
    ['address.country', 'exactly this name'],
    ['roles', 'a,b,3,true'],
    ['address', ''],
    ['nothing', ''],
    ['email.length', ''],
    ['roles.length', ''],
    ['roles.0', ''],
    ['missing', ''],
    ['address.missing.deeper', ''],
  ] as const) {
    it(`of ${path} is ${JSON.stringify(text)}`, () => assert.equal(claimText(consumer, path), text));
  }

  for (const [claim, text] of [
    [' root', '%20root'],
    ['root \u00a0', 'root%20%C2%A0'],
    ['\ufeffroot\u2003', '%EF%BB%BFroot%E2%80%83'],
    ['  ', '%20%20'],
    ['a root', 'a root'],
    ['100%', '100%'],
    // What is refused in a header stays, so that it is refused.
    ['\nroot\t ', '\nroot\t%20'],
  ] as const) {
    it(`F58: does not make ${JSON.stringify(claim)} another text for a reader that trims`, () => {
      assert.equal(claimText({ id: 'a', claims: { claim } }, 'claim'), text);
      assert.equal(idText({ id: claim }), text);
    });
  }

  it('takes as long for spaces inside of a text as for letters', () => {
    const claim = `a${' '.repeat(1_000_000)}b`;
    assert.equal(claimText({ id: 'a', claims: { claim: [claim] } }, 'claim'), claim);
  });

  it('encodes the elements of a list as those of groups', () => {
    assert.equal(claimText({ id: 'a', claims: { roles: ['a,b', 'c'] } }, 'roles'), 'a%2Cb,c');
  });

  it('reads nothing that a claim inherits (F62)', () => {
    for (const path of [
      '__proto__',
      'constructor',
      'constructor.name',
      'toString',
      'address.__proto__',
      'address.constructor.name',
    ])
      assert.equal(claimAt(claims, path), undefined, path);
    const own: unknown = JSON.parse('{"__proto__": {"a": "plain"}}');
    assert.equal(claimText({ id: 'a', claims: own as Record<string, unknown> }, '__proto__.a'), 'plain');
  });
});
