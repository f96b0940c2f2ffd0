import { describe, expect, it } from 'vitest';
import { derivedSeed, drawFrom, drawNormal, drawUuid, seededRandom, seedFromSystem } from './random.ts';

describe('seededRandom', () => {
  it('gives the reference outputs of xoshiro128**', () => {
    const random = seededRandom([1, 2, 3, 4]);
    expect(Array.from({ length: 4 }, () => random.word())).toEqual([11520, 0, 5927040, 70819200]);
  });

  it('repeats itself for a seed and not for another', () => {
    const draws = (seed: Parameters<typeof seededRandom>[0]) => {
      const random = seededRandom(seed);
      return Array.from({ length: 20 }, () => random.fraction());
    };
    expect(draws([7, 7, 7, 7])).toEqual(draws([7, 7, 7, 7]));
    expect(draws([7, 7, 7, 7])).not.toEqual(draws([7, 7, 7, 8]));
  });

  it('gives streams that follow from the seed and have nothing in common', () => {
    expect(derivedSeed('7', 'records')).toEqual(derivedSeed('7', 'records'));
    const seeds = [
      ...[derivedSeed('7', 'records'), derivedSeed('7', 'faults'), derivedSeed('8', 'records')],
      ...[derivedSeed(seedFromSystem(), 'records'), derivedSeed(seedFromSystem(), 'records')],
    ];
    expect(new Set(seeds.flat()).size).toBe(20);
  });

  it('refuses the only seed at which it would stand still', () => {
    expect(() => seededRandom([0, 0, 0, 0])).toThrow(RangeError);
  });
});

describe('draws', () => {
  it('makes UUIDs of version 4 that do not repeat', () => {
    const random = seededRandom([1, 2, 3, 4]);
    const ids = new Set(Array.from({ length: 50_000 }, () => drawUuid(random)));
    expect(ids.size).toBe(50_000);
    const uuid4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    expect([...ids].filter((id) => !uuid4.test(id))).toEqual([]);
  });

  it('draws from the standard normal distribution', () => {
    const random = seededRandom([5, 6, 7, 8]);
    const draws = Array.from({ length: 50_000 }, () => drawNormal(random));
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
    const variance = draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / draws.length;
    expect(Math.abs(mean)).toBeLessThan(0.025);
    expect(Math.abs(variance - 1)).toBeLessThan(0.035);
  });

  it('refuses an empty list', () => {
    expect(() => drawFrom(seededRandom([1, 1, 1, 1]), [])).toThrow(RangeError);
  });
});
