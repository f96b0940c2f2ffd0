import { describe, expect, it } from 'vitest';
import { FAULT_KINDS, FAULT_TARGETS, FILTER_WORDS, faultFilter } from './fault.ts';
import { chaosSchedule } from './schedule.ts';

const everything = faultFilter([], []);
const of = (seed: number, faults = 100, filter = everything) => chaosSchedule({ seed, faults, filter });
const SEEDS = [1, 2, 3, 7, 42, 999_999_999];

describe('a schedule of faults', () => {
  it.each(SEEDS)('is the same for the same seed: %i', (seed) => {
    expect(of(seed)).toEqual(of(seed));
  });

  it('is another one for another seed', () => {
    const texts = SEEDS.map((seed) => JSON.stringify(of(seed)));
    expect(new Set(texts).size).toBe(SEEDS.length);
  });

  it('of fewer faults is the beginning of that of more', () => {
    expect(of(7, 30)).toEqual(of(7, 100).slice(0, 30));
  });

  it('keeps the meaning of a seed: a replay of an old report repeats the old faults', () => {
    expect(of(7, 4).map(({ strikes }) => strikes.map(({ action, target }) => `${action} ${target}`))).toEqual(
      [['kill supervisor'], ['pause supervisor'], ['pause driver', 'pause producer'], ['disk-full outputs']],
    );
  });

  it.each(SEEDS)('has every kind within its first eleven, every kill and pause within 44: %i', (seed) => {
    expect(new Set(of(seed, 11).map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS));
    for (const action of ['kill', 'pause']) {
      const places = of(seed, 44)
        .filter(({ kind }) => kind === action)
        .flatMap(({ strikes }) => strikes.map(({ target }) => target));
      expect(new Set(places), action).toEqual(new Set(FAULT_TARGETS));
    }
  });

  it('holds what is paused, some of it for longer than sessions last, and nothing for hours', () => {
    const faults = SEEDS.flatMap((seed) => of(seed));
    for (const { strikes, heldMs, kind } of faults) {
      const isHeld = strikes.some(({ action }) => action === 'pause' || action === 'disk-full');
      expect(heldMs > 0, kind).toBe(isHeld);
      expect(heldMs).toBeLessThanOrEqual(135_000);
    }
    const pausesOf = (target: string) =>
      faults.filter(({ kind, strikes }) => kind === 'pause' && strikes[0]?.target === target);
    expect(pausesOf('zookeeper').some(({ heldMs }) => heldMs > 6000)).toBe(true);
    expect(pausesOf('zookeeper').some(({ heldMs }) => heldMs < 6000)).toBe(true);
    expect(pausesOf('worker').some(({ heldMs }) => heldMs > 60_000)).toBe(true);
    expect(pausesOf('executor').some(({ heldMs }) => heldMs > 120_000)).toBe(true);
  });

  it('hits two different targets at once, and never the supervisor together with another', () => {
    for (const { strikes } of of(3, 300).filter(({ kind }) => kind === 'two')) {
      const targets = strikes.map(({ target }) => target);
      expect(new Set(targets).size).toBe(2);
      expect(targets).not.toContain('supervisor');
    }
  });

  it('hits some running micro-batches and some idle jobs; a staged file only while a batch runs', () => {
    const faults = of(1);
    expect(faults.some(({ inBatch }) => inBatch)).toBe(true);
    expect(faults.some(({ inBatch }) => !inBatch)).toBe(true);
    expect(faults.filter(({ kind }) => kind === 'truncate').every(({ inBatch }) => inBatch)).toBe(true);
  });

  it('hits some micro-batches of gold, and soon', () => {
    const gold = of(1).filter(({ query }) => query === 'gold');
    expect(gold.length).toBeGreaterThan(of(1).length / 10);
    expect(gold.every(({ inBatch, kind, delayMs }) => inBatch && kind !== 'truncate' && delayMs <= 500)).toBe(
      true,
    );
  });

  it('rests as long as the option asks, and the faults stay the same', () => {
    const rested = chaosSchedule({ seed: 5, faults: 40, filter: everything, restMs: 9000 });
    expect(rested.every(({ restMs }) => restMs === 9000)).toBe(true);
    expect(rested).toEqual(of(5, 40).map((fault) => ({ ...fault, restMs: 9000 })));
  });
});

describe('--only and --except', () => {
  const kinds = (only: string[], except: string[]) =>
    new Set(of(9, 60, faultFilter(only, except)).map(({ kind }) => kind));
  const targets = (only: string[], except: string[]) =>
    new Set(
      of(9, 60, faultFilter(only, except)).flatMap(({ strikes }) => strikes.map(({ target }) => target)),
    );

  it('targets allow every kind that can hit them', () => {
    expect(targets(['driver', 'worker'], [])).toEqual(new Set(['driver', 'worker']));
    expect(kinds(['driver', 'worker'], [])).toEqual(new Set(['kill', 'pause', 'two']));
    expect(kinds(['broker'], [])).toEqual(new Set(['kill', 'pause', 'restart']));
    expect(kinds(['outputs'], [])).toEqual(new Set(['disk-full', 'truncate']));
  });

  it('kinds and targets are chosen separately', () => {
    expect(kinds(['kill', 'driver'], [])).toEqual(new Set(['kill']));
    expect(targets(['kill', 'driver'], [])).toEqual(new Set(['driver']));
  });

  it('what is left out does not occur', () => {
    expect(targets([], ['broker', 'outputs'])).toEqual(
      new Set(FAULT_TARGETS.filter((target) => target !== 'broker')),
    );
    expect(kinds([], ['kill', 'two'])).toEqual(new Set(['pause', 'restart', 'disk-full', 'truncate']));
  });

  it('refuse a word that is no fault, naming those that are, and a choice without any', () => {
    expect(() => faultFilter(['diver'], [])).toThrow(/"diver".*driver/);
    expect(FILTER_WORDS).toEqual(expect.arrayContaining(['kill', 'driver', 'outputs']));
    expect(() => of(1, 1, faultFilter(['two', 'driver'], []))).toThrow('no fault is left');
  });
});
