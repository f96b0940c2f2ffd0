import { describe, expect, it } from 'vitest';
import { orderOf, quantile, summarise } from './statistics.ts';

describe('a quantile', () => {
  it('is interpolated between the neighbours of its place', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([10, 20, 30, 40, 50], 0.95)).toBeCloseTo(48);
    expect(quantile([7], 0.99)).toBe(7);
  });

  it('of no values is refused', () => {
    expect(() => quantile([], 0.5)).toThrow(RangeError);
  });
});

describe('a summary', () => {
  it('has median, minimum and maximum of the rounds', () => {
    expect(summarise([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5, rounds: 3 });
  });
});

describe('the order of the sides', () => {
  it('lets each side come first and last in turn', () => {
    const sides = ['a', 'b', 'c'];
    const orders = [0, 1, 2, 3].map((round) => orderOf(sides, round).join(''));
    expect(orders).toEqual(['abc', 'cba', 'bca', 'acb']);
    const ofTwo = [0, 1, 2, 3].map((round) => orderOf(['a', 'b'], round).join(''));
    expect(ofTwo).toEqual(['ab', 'ba', 'ba', 'ab']);
  });

  it('has every side once in every round', () => {
    for (let round = 0; round < 8; round++) {
      expect([...orderOf(['a', 'b', 'c', 'd'], round)].sort()).toEqual(['a', 'b', 'c', 'd']);
    }
  });
});
