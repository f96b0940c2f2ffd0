import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { count, counts, readOptions, someOf, yargsOptions } from './options.ts';

const shape = z.object({
  warm_up: count(20, 'Seconds'),
  rates: counts('5,200', 'Rates'),
  sides: someOf(['ours', 'theirs'], 'Sides'),
});

describe('the options of a measurement', () => {
  it('have defaults, and values from flags with dashes', () => {
    expect(readOptions(shape, {})).toEqual({ warm_up: 20, rates: [5, 200], sides: ['ours', 'theirs'] });
    expect(readOptions(shape, { 'warm-up': '3', rates: '7', sides: 'theirs' })).toEqual({
      warm_up: 3,
      rates: [7],
      sides: ['theirs'],
    });
  });

  it('are refused with flag, value and what is allowed', () => {
    expect(() => readOptions(shape, { 'warm-up': '0' })).toThrow(/--warm-up=0 is not allowed/);
    expect(() => readOptions(shape, { rates: '5,x' })).toThrow(/--rates=5,x .*whole numbers from 1/);
    expect(() => readOptions(shape, { sides: 'others' })).toThrow(/some of ours, theirs/);
  });

  it('are shown with meaning and default', () => {
    expect(yargsOptions(shape)).toMatchObject({
      'warm-up': { describe: 'Seconds', defaultDescription: '20' },
      rates: { defaultDescription: '5,200' },
    });
  });
});
