import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createStop, Doorbell, pause } from './pace.ts';

describe('waiting', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const watch = (wait: Promise<void>) => {
    const state = { isOver: false };
    void wait.then(() => {
      state.isOver = true;
    });
    return state;
  };

  it('ends after its time, and at once when it is stopped', async () => {
    const stop = createStop();
    const [short, long] = [watch(pause(100, stop.signal)), watch(pause(10_000, stop.signal))];
    await vi.advanceTimersByTimeAsync(100);
    expect([short.isOver, long.isOver]).toEqual([true, false]);
    stop.abort();
    await vi.advanceTimersByTimeAsync(0);
    expect(long.isOver).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits for longer than a timer can', async () => {
    const wait = watch(pause(2 ** 40, createStop().signal));
    await vi.advanceTimersByTimeAsync(24 * 3600 * 1000);
    expect(wait.isOver).toBe(false);
  });

  it('ends for all waiters at a ring, and only for those', async () => {
    const bell = new Doorbell();
    const { signal } = createStop();
    const early = [watch(bell.wait(signal)), watch(bell.wait(signal, 1000))];
    bell.ring();
    const late = watch(bell.wait(signal));
    await vi.advanceTimersByTimeAsync(0);
    expect(early.map(({ isOver }) => isOver)).toEqual([true, true]);
    expect(late.isOver).toBe(false);
  });
});
