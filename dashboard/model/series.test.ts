import { describe, expect, it } from 'vitest';
import { MOST_SERIES, Series } from './series.ts';

const ONE = [{ stepMs: 1000, points: 3 }];

describe('series', () => {
  it('have one point for each step: the last value, and the mean of a rate', () => {
    const series = new Series(ONE);
    series.add(1000, { lag: 5, inPerSecond: 10 });
    series.add(1300, { lag: 7, inPerSecond: 20 });
    series.add(1900, { lag: 6, inPerSecond: 30 });
    series.add(2100, { lag: 1, inPerSecond: 4 });
    expect(series.documents()).toEqual([
      { stepMs: 1000, at: [1000, 2000], values: { lag: [6, 1], inPerSecond: [20, 4] } },
    ]);
  });

  it('keep the newest points of each tier', () => {
    const series = new Series([...ONE, { stepMs: 10_000, points: 2 }]);
    for (let second = 0; second < 100; second++) series.add(second * 1000, { lag: second });
    expect(series.documents()).toEqual([
      { stepMs: 1000, at: [97_000, 98_000, 99_000], values: { lag: [97, 98, 99] } },
      { stepMs: 10_000, at: [80_000, 90_000], values: { lag: [89, 99] } },
    ]);
  });

  it('have null where a value was not known, and no point where nothing was observed', () => {
    const series = new Series(ONE);
    series.add(0, { lag: null, waiting: 1 });
    series.add(5000, { lag: 2 });
    expect(series.documents()).toEqual([
      { stepMs: 1000, at: [0, 5000], values: { waiting: [1, null], lag: [null, 2] } },
    ]);
  });

  it('are bounded in number, and make room when one has ended', () => {
    const series = new Series(ONE);
    series.add(0, Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`lag.${at}`, at])));
    expect(Object.keys(series.documents()[0]?.values ?? {})).toHaveLength(MOST_SERIES);
    for (let second = 1; second <= 3; second++) series.add(second * 1000, { lag: 1 });
    for (let second = 4; second <= 6; second++) series.add(second * 1000, { lag: 1 });
    expect(Object.keys(series.documents()[0]?.values ?? {})).toEqual(['lag']);
  });

  it('forget the points of a future that the clock no longer has', () => {
    const series = new Series(ONE);
    for (const at of [8000, 9000, 3500]) series.add(at, { lag: at });
    expect(series.documents()).toEqual([{ stepMs: 1000, at: [3000], values: { lag: [3500] } }]);
  });

  it('are the same after they were stored and read again', () => {
    const before = new Series(ONE);
    for (let second = 0; second < 5; second++) before.add(second * 1000, { lag: second, rate: null });
    const stored = JSON.parse(JSON.stringify(before.documents()));
    const after = new Series(ONE);
    after.restore(stored, 10_000);
    expect(after.documents()).toEqual(before.documents());
    after.add(5000, { lag: 9 });
    expect(after.documents()[0]).toMatchObject({ at: [3000, 4000, 5000], values: { lag: [3, 4, 9] } });
  });

  it('are not taken from a file that has other steps, or columns that do not fit', () => {
    const series = new Series(ONE);
    series.restore([{ stepMs: 7, at: [1], values: { lag: [1] } }], 10);
    series.restore([{ stepMs: 1000, at: [1000, 2000], values: { lag: [1] } }], 10_000);
    expect(series.documents()[0]?.values).toEqual({});
  });
});
