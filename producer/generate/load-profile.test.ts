import { describe, expect, it } from 'vitest';
import { createPacer } from '../deliver/pace.ts';
import { burstProfile, countedClock, STEADY, wallClock } from './event-clock.ts';

const TEN_FOR_FIVE = { factor: 10, lastsSeconds: 5, everySeconds: 60 };

describe('burstProfile', () => {
  const profile = burstProfile(TEN_FOR_FIVE, 4);

  it('has the base rate for most of a period and the factor’s at its end', () => {
    // 55 s × 4 + 5 s × 40 = 420 records in 60 s × 4 = 240 units.
    expect(profile.unitsOf(0)).toBe(0);
    expect(profile.unitsOf(219)).toBe(219);
    expect(profile.unitsOf(220)).toBe(220);
    expect(profile.unitsOf(230)).toBe(221);
    expect(profile.unitsOf(420)).toBe(240);
    expect(profile.unitsOf(640)).toBe(460);
    const bursts = Array.from({ length: 840 }, (_, record) => profile.isBurst(record));
    expect(bursts.filter(Boolean)).toHaveLength(400);
    expect(bursts.indexOf(true)).toBe(220);
    expect(bursts.indexOf(false, 220)).toBe(420);
  });

  it('counts records by time as the inverse of their times', () => {
    for (let record = 0; record < 1000; record++) {
      expect(profile.recordsBy(profile.unitsOf(record))).toBeCloseTo(record, 6);
    }
  });

  it('lets the pacer send that many records in each second', () => {
    const pacer = createPacer(100, 0, burstProfile({ factor: 5, lastsSeconds: 2, everySeconds: 10 }, 100));
    const perSecond = Array.from({ length: 30 }, () => 0);
    for (let atMs = 0; atMs < 30_000; atMs += 2) {
      const second = Math.floor(atMs / 1000);
      perSecond[second] = (perSecond[second] ?? 0) + pacer.due(atMs);
    }
    const expected = Array.from({ length: 30 }, (_, second) => (second % 10 >= 8 ? 500 : 100));
    for (const [second, count] of perSecond.entries()) {
      expect(Math.abs(count - (expected[second] ?? 0))).toBeLessThanOrEqual(6);
    }
  });
});

describe('event clocks', () => {
  it('count from the start at the rate of events, whatever the time is', () => {
    const clock = countedClock(1000, 8, STEADY);
    expect([0, 1, 2, 8].map((record) => clock.timeOf(record, 99_999))).toEqual([1000, 1125, 1250, 2000]);
    expect(clock.stepMs).toBe(125);
    expect(countedClock(0, 1e6, STEADY).stepMs).toBe(1);
  });

  it('draw events together in a burst', () => {
    const clock = countedClock(0, 4, burstProfile(TEN_FOR_FIVE, 4));
    expect([219, 220, 221, 420].map((record) => clock.timeOf(record, 0))).toEqual([
      54_750, 55_000, 55_025, 60_000,
    ]);
  });

  it('take the time of sending otherwise', () => {
    expect(wallClock(5).timeOf(7, 1234)).toBe(1234);
    expect(wallClock(5).stepMs).toBe(200);
    expect(wallClock(0).stepMs).toBe(1);
  });
});
