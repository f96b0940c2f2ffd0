import { describe, expect, it } from 'vitest';
import { triggerIntervalMs, untilNextTriggerMs } from './stack-config.ts';

describe('triggerIntervalMs', () => {
  it.each([
    ['30 seconds', 30_000],
    ['1 second', 1000],
    ['250 milliseconds', 250],
    [' 2 MINUTES ', 120_000],
    ['1 hour', 3_600_000],
  ])('reads %j as %d ms', (text, ms) => {
    expect(triggerIntervalMs(text)).toBe(ms);
  });
});

describe('untilNextTriggerMs', () => {
  it('counts to the next multiple of the interval since the epoch', () => {
    expect(untilNextTriggerMs(30_000, 60_000)).toBe(30_000);
    expect(untilNextTriggerMs(30_000, 89_999)).toBe(1);
    expect(untilNextTriggerMs(0, 5)).toBe(0);
  });
});
