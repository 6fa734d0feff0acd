import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storedAnswer } from '../../../test/kit/stored-answer.ts';
import { LONGEST_KEPT, PurgeRules } from './purge-rules.ts';

const never = -Infinity;

test('purges of many names are bounded, and the oldest count as one of everything at their time', () => {
  const rules = new PurgeRules();
  for (let i = 1; i <= 10_001; i++) rules.add({ kind: 'tag', tag: `t${i}` }, i, i);
  assert.ok(rules.size <= 10_001);
  const other = storedAnswer({ tags: ['other'] });
  assert.ok(rules.tooOld('k', other, 1));
  assert.ok(!rules.tooOld('k', other, 2));
  assert.ok(rules.tooOld('k', storedAnswer({ tags: ['t10001'] }), 10_001));
  assert.ok(rules.purgedSince(other, 0));
  assert.ok(!rules.purgedSince(other, 1));
});

test('names together are bounded in length', () => {
  const rules = new PurgeRules();
  for (let i = 0; i < 1000; i++)
    rules.add({ kind: 'url', host: undefined, path: `/${i}${'x'.repeat(8000)}` }, i, i);
  assert.ok(rules.size <= 501, `${rules.size}`);
});

test('prefixes are few: narrower ones go into wider ones, the oldest into everything', () => {
  const rules = new PurgeRules();
  for (let i = 0; i < 50; i++) rules.add({ kind: 'prefix', host: undefined, path: `/a/${i}/` }, i, i);
  rules.add({ kind: 'prefix', host: undefined, path: '/a/' }, 50, 50);
  assert.equal(rules.size, 1);
  for (let i = 51; i < 120; i++) rules.add({ kind: 'prefix', host: 'h', path: `/b/${i}/` }, i, i);
  assert.ok(rules.size <= 65);
  assert.ok(rules.tooOld('k', storedAnswer({ place: { path: '/c' } }), 50));
  assert.ok(!rules.tooOld('k', storedAnswer({ place: { path: '/c' } }), 90));
});

test('a wider prefix does not make the purge of a narrower one earlier', () => {
  const rules = new PurgeRules();
  rules.add({ kind: 'prefix', host: undefined, path: '/a/b/' }, 10, 500);
  rules.add({ kind: 'prefix', host: undefined, path: '/a/' }, 11, 100);
  assert.ok(rules.purgedElsewhere('k', storedAnswer({ place: { path: '/a/b/c' } }), 400));
});

test('the same purge again counts from the later time, by each clock', () => {
  const rules = new PurgeRules();
  rules.add({ kind: 'route', route: 'shop' }, 10, 500);
  rules.add({ kind: 'route', route: 'shop' }, 20, 100);
  assert.equal(rules.size, 1);
  assert.ok(rules.tooOld('k', storedAnswer(), 20));
  assert.ok(rules.purgedElsewhere('k', storedAnswer(), 500));
});

test('purges are forgotten when nothing can be as old', () => {
  const rules = new PurgeRules();
  rules.add({ kind: 'tag', tag: 'a' }, 0, 0);
  rules.add({ kind: 'prefix', host: undefined, path: '/' }, 0, 0);
  rules.addKey('k', 0, 0);
  assert.equal(rules.size, 3);
  rules.add({ kind: 'tag', tag: 'b' }, LONGEST_KEPT + 1, 0);
  assert.equal(rules.size, 1);
});

test('F119 when keys that were dropped are too many, what may be one of them is not kept', () => {
  const rules = new PurgeRules();
  const { mark } = rules;
  for (let i = 1; i <= 10_001; i++) rules.addKey(`k${i}`, i, i);
  assert.ok(rules.tooOld('k1', storedAnswer(), 1));
  assert.ok(rules.tooOld('another', storedAnswer(), 1));
  assert.ok(!rules.tooOld('another', storedAnswer(), 2));
  assert.ok(rules.droppedSince('k1', mark));
  assert.ok(!rules.droppedSince('another', rules.mark));
});

test('a dropped key is held against nobody else', () => {
  const rules = new PurgeRules();
  const { sequence } = rules;
  rules.addKey('k', 5, 5);
  assert.equal(rules.sequence, sequence);
  assert.ok(rules.tooOld('k', storedAnswer(), 5));
  assert.ok(!rules.tooOld('l', storedAnswer(), 5));
  assert.ok(rules.purgedElsewhere('k', storedAnswer(), 5));
  assert.ok(!rules.purgedElsewhere('l', storedAnswer(), 5));
});

test('tags are compared in lower case, hosts without the usual port', () => {
  const rules = new PurgeRules();
  rules.add({ kind: 'tag', tag: 'Shoes' }, 1, never);
  rules.add({ kind: 'url', host: 'shop.test', path: '/a' }, 1, never);
  assert.ok(rules.tooOld('k', storedAnswer({ tags: ['shoes'], place: { path: '/b' } }), 1));
  assert.ok(rules.tooOld('k', storedAnswer({ place: { host: 'shop.test:443' } }), 1));
  assert.ok(!rules.tooOld('k', storedAnswer({ place: { host: 'shop.test:8443' } }), 1));
});
