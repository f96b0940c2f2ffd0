import { describe, expect, it } from 'vitest';
import { MemoryBound } from './record-encoding.ts';

describe('MemoryBound', () => {
  it('never holds more than its limit', () => {
    const memory = new MemoryBound(100);
    expect(memory.tryTake(60)).toBe(true);
    expect(memory.tryTake(41)).toBe(false);
    expect(memory.tryTake(40)).toBe(true);
    expect(memory.usedBytes).toBe(100);
    memory.release(60);
    expect(memory.tryTake(60)).toBe(true);
  });

  it('wakes all waiters at the next release', async () => {
    const memory = new MemoryBound(100);
    memory.tryTake(100);
    const { signal } = new AbortController();
    let woken = 0;
    const waits = [memory.released(signal), memory.released(signal)].map((wait) =>
      wait.then(() => (woken += 1)),
    );
    await Promise.resolve();
    expect(woken).toBe(0);
    memory.release(1);
    await Promise.all(waits);
    expect(woken).toBe(2);
  });

  it('ends a wait when the signal is aborted', async () => {
    const stop = new AbortController();
    const wait = new MemoryBound(1).released(stop.signal);
    stop.abort();
    await expect(wait).resolves.toBeUndefined();
  });

  it('refuses what can never fit instead of waiting for ever', () => {
    expect(() => new MemoryBound(100).tryTake(101)).toThrow('101 bytes never fit into a buffer of 100');
  });
});
