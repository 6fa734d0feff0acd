import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isReservedName, LookAlikes, plainName } from './look-alikes.ts';

describe('LookAlikes', () => {
  const names = new LookAlikes(['X-Consumer', 'x_user.id', 'Remote-User']);

  for (const name of [
    ...[
      'X-Consumer',
      'x-consumer',
      'X-CONSUMER',
      'x_consumer',
      'X.Consumer',
      'x~cOnSuMeR',
      "x'consumer",
      'x^consumer',
    ],
    ...['X-User-Id', 'X_User_Id', 'x.user-id', 'remote_user'],
  ])
    it(`takes ${name} for one of them (F58)`, () => {
      assert.ok(names.has(name));
      assert.ok(names.hasAt(`: ${name}: `, 2, 2 + name.length));
    });

  for (const name of [
    '',
    'X-Consume',
    'X-Consumers',
    'XConsumer',
    'XX-Consumer',
    'x-c0nsumer',
    'x-user',
    'x-consumer-',
  ])
    it(`does not take ${JSON.stringify(name)} for one of them`, () => assert.ok(!names.has(name)));

  it('takes nothing for a name when there is none', () => assert.ok(!new LookAlikes([]).has('x-consumer')));
});

describe('a reserved name', () => {
  const isReserved = (name: string): boolean => isReservedName(`${name}: x`, 0, name.length);

  it('begins with a prefix that is for the gateway only, in any spelling (F58, F59)', () => {
    for (const name of [
      'X-Consumer-Id',
      'x_consumer_groups',
      'X.Consumer.Role',
      'x-consumer-',
      'X-GW-Route',
      'x.gw.a',
      'x-waygate-user',
      'X~Waygate~A',
    ])
      assert.ok(isReserved(name), name);
    for (const name of ['X-Consumer', 'x-consumers', 'x-gway', 'x-gw', 'y-gw-a', 'consumer-id', 'x', ''])
      assert.ok(!isReserved(name), name);
  });
});

describe('plainName', () => {
  it('is the same for all look-alikes', () => {
    for (const name of ['x-user-1', 'X_User.1', 'x~USER!1']) assert.equal(plainName(name), 'x-user-1');
  });
});
