import { describe, expect, it } from 'vitest';
import { clearSeconds, committedPerSecond } from './lag.ts';

const batch = (bronze: number, total: number) => ({ rows: { bronze }, ms: { total } });
const facts = { lag: 0, inPerSecond: 100, triggerMs: 1000, batches: [batch(100, 500)], nowMs: 400 };

describe('the time until the lag is cleared', () => {
  it('is none without a lag, and unknown before the first micro-batch', () => {
    expect(clearSeconds(facts)).toBe(0);
    expect(clearSeconds({ ...facts, lag: 5, batches: [] })).toBeNull();
  });

  it('is the end of the next micro-batch for what has just arrived', () => {
    expect(clearSeconds({ ...facts, lag: 120 })).toBeCloseTo(1.1);
  });

  it('follows from the rate of the fastest micro-batch where there is a backlog', () => {
    const batches = [batch(100_000, 4000), batch(10, 500)];
    expect(clearSeconds({ ...facts, batches, lag: 249_000 })).toBeCloseTo(10);
  });

  it('is not known where the backlog does not shrink', () => {
    expect(clearSeconds({ ...facts, inPerSecond: 300, lag: 100_000 })).toBeNull();
  });
});

it('the rate of committed records is that of the last triggers', () => {
  const at = (second: number) => new Date(second * 1000).toISOString();
  const batches = [0, 20, 25].map((second) => ({ rows: { bronze: 100 }, at: at(second) }));
  expect(committedPerSecond(batches, 1000, 29_000)).toBe(20);
  expect(committedPerSecond([], 1000, 29_000)).toBeNull();
  expect(committedPerSecond(batches, 1000, 100_000)).toBe(0);
});
