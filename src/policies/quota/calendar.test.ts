import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Calendar, isTimeZone, type PeriodKind } from './calendar.ts';

const HOUR = 3_600_000;
const zones = Intl.supportedValuesOf('timeZone');
const kinds: readonly PeriodKind[] = ['day', 'week', 'month'];

/** What stands on the calendar of a place: the date, the Monday of its week, or the month. */
function onCalendar(timeZone: string, kind: PeriodKind): (moment: number) => string {
  const date = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' });
  return (moment) => {
    const text = date.format(moment);
    if (kind === 'day') return text;
    if (kind === 'month') return text.slice(0, 7);
    const day = new Date(`${text}T00:00:00Z`);
    const monday = day.getTime() - ((day.getUTCDay() + 6) % 7) * 24 * HOUR;
    return new Date(monday).toISOString().slice(0, 10);
  };
}

const hours = (timeZone: string, kind: PeriodKind, at: string): number => {
  const { start, end } = new Calendar(timeZone).periodAt(kind, Date.parse(at));
  return (end - start) / HOUR;
};

const iso = (timeZone: string, kind: PeriodKind, at: string): string[] => {
  const { start, end } = new Calendar(timeZone).periodAt(kind, Date.parse(at));
  return [new Date(start).toISOString(), new Date(end).toISOString()];
};

describe('periods of the calendar', () => {
  it('are what the calendar says, at any moment and in any zone: no moment of another one is in them, and none is missing', () => {
    assert.ok(zones.length > 300);
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom(...kinds),
        fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2060, 0, 1) }),
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
          minLength: 5,
          maxLength: 5,
        }),
        (zone, kind, now, shares) => {
          const calendar = new Calendar(zone);
          const { start, end } = calendar.periodAt(kind, now);
          const shown = onCalendar(zone, kind);
          const expected = shown(now);
          assert.ok(Number.isInteger(start) && start <= now && now < end);
          for (const share of [0, ...shares])
            assert.equal(shown(start + Math.floor(share * (end - start))), expected);
          assert.equal(shown(end - 1), expected);
          assert.notEqual(shown(start - 1), expected);
          assert.notEqual(shown(end), expected);
          assert.deepEqual(calendar.periodAt(kind, end).start, end);
          assert.deepEqual(calendar.periodAt(kind, start - 1).end, start);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('days have 23 or 25 hours where clocks are changed', () => {
    assert.equal(hours('Europe/Berlin', 'day', '2026-03-29T10:00:00Z'), 23);
    assert.equal(hours('Europe/Berlin', 'day', '2026-10-25T10:00:00Z'), 25);
    assert.equal(hours('Europe/Berlin', 'day', '2026-10-26T10:00:00Z'), 24);
    assert.equal(hours('UTC', 'day', '2026-03-29T10:00:00Z'), 24);
    assert.equal(hours('Australia/Lord_Howe', 'day', '2026-04-04T18:00:00Z'), 24.5);
    assert.equal(hours('Europe/Berlin', 'week', '2026-03-29T10:00:00Z'), 167);
    assert.equal(hours('Europe/Berlin', 'month', '2026-10-01T00:00:00Z'), 31 * 24 + 1);
  });

  it('months have the lengths that they have', () => {
    const days = ['2026-02', '2028-02', '2026-04', '2026-12'].map(
      (month) => hours('UTC', 'month', `${month}-15T00:00:00Z`) / 24,
    );
    assert.deepEqual(days, [28, 29, 30, 31]);
  });

  it('a day whose midnight the clocks skip begins at one', () => {
    assert.deepEqual(iso('Africa/Cairo', 'day', '2026-04-24T09:00:00Z'), [
      '2026-04-23T22:00:00.000Z',
      '2026-04-24T21:00:00.000Z',
    ]);
    assert.equal(hours('America/Havana', 'day', '2026-03-08T15:00:00Z'), 23);
  });

  it('a midnight that comes twice is the first one', () => {
    assert.deepEqual(iso('America/Havana', 'day', '2026-11-01T15:00:00Z'), [
      '2026-11-01T04:00:00.000Z',
      '2026-11-02T05:00:00.000Z',
    ]);
  });

  it('weeks begin on Monday, also over the end of a year', () => {
    assert.deepEqual(iso('Europe/Berlin', 'week', '2027-01-02T12:00:00Z'), [
      '2026-12-27T23:00:00.000Z',
      '2027-01-03T23:00:00.000Z',
    ]);
  });

  it('knows the names of zones, and no offsets', () => {
    for (const name of ['UTC', 'Europe/Berlin', 'America/Argentina/Ushuaia'])
      assert.ok(isTimeZone(name), name);
    for (const name of ['', 'Berlin', 'Europe/Nowhere', '+01:00', 'CEST', ' UTC'])
      assert.ok(!isTimeZone(name), name);
  });
});
