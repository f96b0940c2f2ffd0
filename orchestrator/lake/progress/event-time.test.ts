import { expect, it } from 'vitest';
import { type EventTimeState, eventTimeNotes } from './event-time.ts';

const now = Date.UTC(2026, 0, 2, 12);
const notes = (state: Partial<EventTimeState>) =>
  eventTimeNotes(
    { table: 'gold', watermarkMs: now, openWindows: 0, closedAfterMs: undefined, late: 0, ...state },
    now,
  );

it('a watermark near the clock, no late row and no open window give no note', () => {
  expect(notes({})).toEqual([]);
  expect(notes({ watermarkMs: now + 60_000 })).toEqual([]);
});

it.each([
  [Date.UTC(2099, 5, 1), '73 years'],
  [now + 36 * 3_600_000, '1 day'],
  [now + 5 * 3_600_000, '5 hours'],
])('a watermark that is far ahead is reported', (watermarkMs, span) => {
  expect(notes({ watermarkMs })).toEqual([
    `the watermark is ${span} ahead of the clock: rows of earlier windows are dropped as late`,
  ]);
});

it('late rows and open windows are counted, with what closes these', () => {
  expect(notes({ late: 1, openWindows: 1 })).toEqual(['1 row was dropped as late', '1 window is open']);
  expect(notes({ late: 1200, openWindows: 12, closedAfterMs: Date.UTC(2026, 0, 2, 0, 11, 40) })).toEqual([
    '1,200 rows were dropped as late',
    '12 windows are open until an event after 00:11:40 UTC comes',
  ]);
  expect(notes({ openWindows: 12, closedAfterMs: Date.UTC(2024, 0, 2, 0, 11, 40, 5) })).toEqual([
    '12 windows are open until an event after 2024-01-02 00:11:40.005 UTC comes',
  ]);
});
