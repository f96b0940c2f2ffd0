import { expect, it } from 'vitest';
import { Rate } from './rate.ts';

it('is the mean over the window', () => {
  const rate = new Rate(10_000);
  expect(rate.add(0, 100)).toBeNull();
  expect(rate.add(1000, 300)).toBe(200);
  for (let second = 2; second <= 30; second++) rate.add(second * 1000, 300 + (second - 1) * 5);
  expect(rate.value()).toBe(5);
});

it('begins again when the count has become smaller, or the clock was set back', () => {
  const rate = new Rate(10_000);
  rate.add(0, 1000);
  expect(rate.add(1000, 10)).toBeNull();
  expect(rate.add(2000, 30)).toBe(20);
  expect(rate.add(500, 40)).toBeNull();
});
