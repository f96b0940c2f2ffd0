import { describe, expect, it } from 'vitest';
import { BatchQueue } from './record-encoding.ts';

const record = (value: string) => ({ key: 'card', value, timestampMs: 0 });
const valuesOf = (queue: BatchQueue) => queue.take()?.records.map(({ value }) => value);

describe('BatchQueue', () => {
  it('is ready when the first record has lingered, not when the last one has', () => {
    const queue = new BatchQueue({ batchBytes: 100, lingerMs: 50 });
    expect(queue.readyInMs(0)).toBeUndefined();
    queue.append(record('a'), 10, 0);
    queue.append(record('b'), 10, 40);
    expect(queue.readyInMs(40)).toBe(10);
    expect(queue.readyInMs(50)).toBe(0);
    expect(queue.readyInMs(70)).toBe(0);
  });

  it('is ready at once when the batch is full, to the byte', () => {
    const queue = new BatchQueue({ batchBytes: 100, lingerMs: 50 });
    queue.append(record('a'), 60, 0);
    queue.append(record('b'), 39, 0);
    expect(queue.readyInMs(0)).toBe(50);
    queue.append(record('c'), 1, 0);
    expect(queue.readyInMs(0)).toBe(0);
  });

  it('cuts batches of at most the limit, in order', () => {
    const queue = new BatchQueue({ batchBytes: 100, lingerMs: 50 });
    for (const value of ['a', 'b', 'c', 'd']) queue.append(record(value), 45, 0);
    expect(queue.readyInMs(0)).toBe(0);
    expect(valuesOf(queue)).toEqual(['a', 'b']);
    expect(queue.readyInMs(0)).toBe(50);
    expect(valuesOf(queue)).toEqual(['c', 'd']);
    expect(queue.take()).toBeUndefined();
    expect(queue.isEmpty).toBe(true);
  });

  it('takes a record larger than a batch alone', () => {
    const queue = new BatchQueue({ batchBytes: 100, lingerMs: 50 });
    queue.append(record('small'), 10, 0);
    queue.append(record('large'), 500, 0);
    expect(valuesOf(queue)).toEqual(['small']);
    expect(queue.readyInMs(0)).toBe(0);
    expect(queue.take()).toMatchObject({ bytes: 500 });
  });

  it('stops lingering when it is flushed, for the records that are there and no others', () => {
    const queue = new BatchQueue({ batchBytes: 100, lingerMs: 50 });
    queue.append(record('a'), 10, 0);
    queue.flush(5);
    expect(queue.readyInMs(5)).toBe(0);
    queue.take();
    queue.append(record('b'), 10, 5);
    expect(queue.readyInMs(5)).toBe(50);
  });
});
