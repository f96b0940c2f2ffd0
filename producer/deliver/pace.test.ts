import { describe, expect, it } from 'vitest';
import { createPacer, type Pacer } from './pace.ts';

interface Step {
  readonly atMs: number;
  readonly count: number;
}

/**
 * Calls the pacer as the flow does: it sleeps for the returned time, at least a timer's millisecond
 * and some more.
 */
function simulate(pacer: Pacer, fromMs: number, untilMs: number, oversleepMs = 0.4): Step[] {
  const steps: Step[] = [];
  for (let atMs = fromMs; atMs < untilMs; ) {
    steps.push({ atMs, count: pacer.due(atMs) });
    atMs += Math.max(1, pacer.idleMs(atMs)) + oversleepMs;
  }
  return steps;
}

const total = (steps: readonly Step[], fromMs: number, toMs: number): number =>
  steps.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).reduce((sum, { count }) => sum + count, 0);

describe('createPacer', () => {
  it.each([0.5, 5, 500, 20_000])('keeps %d records/s in every second and over a minute', (rate) => {
    const steps = simulate(createPacer(rate, 1000), 1000, 61_000);
    expect(Math.abs(total(steps, 0, 61_000) - rate * 60)).toBeLessThanOrEqual(Math.max(1, rate * 0.001));
    for (let second = 1; second < 61; second++) {
      const count = total(steps, second * 1000, (second + 1) * 1000);
      expect(Math.abs(count - rate)).toBeLessThanOrEqual(Math.max(1, rate * 0.01));
    }
  });

  it('spreads 500 records/s within the second instead of sending them in a burst', () => {
    const steps = simulate(createPacer(500, 0), 0, 10_000);
    for (let atMs = 0; atMs < 10_000; atMs += 20) {
      const count = total(steps, atMs, atMs + 20);
      expect(count).toBeGreaterThanOrEqual(8);
      expect(count).toBeLessThanOrEqual(12);
    }
  });

  it('returns the first record at once', () => {
    expect(createPacer(5, 0).due(0)).toBe(1);
  });

  it('makes up for a stall of less than a second at no more than twice the rate', () => {
    const pacer = createPacer(500, 0);
    const before = simulate(pacer, 0, 1000);
    const after = simulate(pacer, 1300, 3000);
    const steps = [...before, ...after];
    expect(Math.abs(total(steps, 0, 3000) - 1500)).toBeLessThanOrEqual(2);
    // 300 ms were missed. The records are made up for 300 ms later, and after that the rate is 500
    // again.
    for (let atMs = 1300; atMs < 3000; atMs += 100) {
      expect(total(steps, atMs, atMs + 100)).toBeLessThanOrEqual(100 + 50);
    }
    expect(Math.abs(total(steps, 2000, 3000) - 500)).toBeLessThanOrEqual(2);
  });

  it('skips what an outage cost beyond one second', () => {
    const pacer = createPacer(1000, 0);
    simulate(pacer, 0, 1000);
    const after = simulate(pacer, 61_000, 71_000);
    expect(Math.abs(total(after, 61_000, 71_000) - 11_000)).toBeLessThanOrEqual(5);
    expect(Math.abs(total(after, 63_000, 64_000) - 1000)).toBeLessThanOrEqual(2);
  });

  it('owes no more than one record at a low rate, and does not send two in a row after a long stall', () => {
    const pacer = createPacer(0.5, 0);
    expect(pacer.due(0)).toBe(1);
    expect(pacer.due(60_000)).toBe(1);
    expect(pacer.due(60_001)).toBe(0);
    expect(pacer.idleMs(60_001)).toBeGreaterThan(900);
  });

  it.each([0, 1e9, Number.MAX_VALUE])('delays nothing at %d records/s', (rate) => {
    const pacer = createPacer(rate, 0);
    expect(pacer.due(0)).toBeGreaterThan(0);
    expect(pacer.due(0)).toBeGreaterThan(0);
    expect(pacer.idleMs(0)).toBe(0);
  });
});
