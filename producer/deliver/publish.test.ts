import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OutgoingRecord } from '../generate/event-source.ts';
import type { OpenSession } from './delivery.ts';
import { type Counts, Publisher } from './publish.ts';

const PARTITIONS = 3;
const record = (key: string, value: string): OutgoingRecord => ({ key, value, timestampMs: 0 });

/** Partitions' logs. A request is answered when `latencyMs` have passed and the broker is up. */
class FakeTopic {
  readonly requests: { partition: number; values: string[]; atMs: number }[] = [];
  readonly underWay = new Map<number, number>();
  mostUnderWay = 0;
  latencyMs = 5;
  isUp = true;

  readonly open: OpenSession = async (partition) => ({
    send: async (records) => {
      if (!this.isUp) throw new Error('connect ECONNREFUSED');
      if (records.length === 0) return undefined;
      this.underWay.set(partition, (this.underWay.get(partition) ?? 0) + 1);
      this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay.get(partition) ?? 0);
      this.requests.push({
        partition,
        values: records.map(({ value }) => String(value ?? '')),
        atMs: performance.now(),
      });
      await new Promise((resolve) => setTimeout(resolve, this.latencyMs));
      this.underWay.set(partition, (this.underWay.get(partition) ?? 0) - 1);
      return undefined;
    },
    reconnect: async () => undefined,
    close: async () => undefined,
  });

  valuesOf(partition: number): string[] {
    return this.requests.filter((request) => request.partition === partition).flatMap(({ values }) => values);
  }
}

describe('Publisher', () => {
  let topic: FakeTopic;
  let end: AbortController;
  let acknowledged: Counts[];
  let publisher: Publisher;

  beforeEach(() => {
    vi.useFakeTimers();
    topic = new FakeTopic();
    end = new AbortController();
    acknowledged = [];
    publisher = new Publisher({
      partitionCount: PARTITIONS,
      partitionOf: (key) => Number(key),
      openSession: topic.open,
      limits: { batchBytes: 100, lingerMs: 50, bufferBytes: 1000 },
      events: {
        placed: () => undefined,
        acknowledged: (counts) => acknowledged.push(counts),
        abandoned: () => undefined,
        retrying: () => undefined,
        renewed: () => undefined,
      },
    });
    void publisher.run(end.signal);
  });
  afterEach(() => {
    end.abort();
    vi.useRealTimers();
  });

  it('lingers 50 ms for more records, from the first record of a batch', async () => {
    await vi.advanceTimersByTimeAsync(0);
    const startMs = performance.now();
    publisher.offer(record('0', 'first'));
    await vi.advanceTimersByTimeAsync(30);
    publisher.offer(record('0', 'second'));
    await vi.advanceTimersByTimeAsync(100);
    expect(topic.requests).toEqual([{ partition: 0, values: ['first', 'second'], atMs: startMs + 50 }]);
    expect(publisher.counts).toMatchObject({ sent: 2, acknowledged: 2, buffered: 0, bufferedBytes: 0 });
  });

  it('does not linger with a full batch', async () => {
    await vi.advanceTimersByTimeAsync(0);
    const startMs = performance.now();
    publisher.offer(record('0', 'x'.repeat(99)));
    await vi.advanceTimersByTimeAsync(0);
    expect(topic.requests).toMatchObject([{ partition: 0, atMs: startMs }]);
  });

  it('keeps the order of a key, with one open request per partition', async () => {
    for (let number = 0; number < 120; number++) {
      const value = String(number).padStart(30, '0');
      while (!publisher.offer(record(String(number % PARTITIONS), value)))
        await vi.advanceTimersByTimeAsync(1);
    }
    await vi.advanceTimersByTimeAsync(1000);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const numbers = topic.valuesOf(partition).map(Number);
      expect(numbers).toEqual(Array.from({ length: 40 }, (_, index) => index * PARTITIONS + partition));
    }
    expect(topic.mostUnderWay).toBe(1);
    expect(publisher.counts).toMatchObject({ sent: 120, acknowledged: 120, failed: 0 });
  });

  it('takes no more than its buffer holds while the broker is away, and loses none of it', async () => {
    topic.isUp = false;
    let taken = 0;
    while (publisher.offer(record(String(taken % PARTITIONS), 'x'.repeat(49)))) taken++;
    expect(taken).toBe(20);
    expect(publisher.counts).toMatchObject({ sent: 20, buffered: 20, bufferedBytes: 1000 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(publisher.offer(record('0', 'x'))).toBe(false);

    let hasRoom = false;
    void publisher.room(end.signal).then(() => {
      hasRoom = true;
    });
    topic.isUp = true;
    await vi.advanceTimersByTimeAsync(3000);
    expect(hasRoom).toBe(true);
    expect(publisher.counts).toMatchObject({ sent: 20, acknowledged: 20, failed: 0, bufferedBytes: 0 });
  });

  it('flushes without lingering, and says so only when the broker has everything', async () => {
    topic.latencyMs = 500;
    publisher.offer(record('0', 'a'));
    publisher.offer(record('2', 'b'));
    let isFlushed = false;
    void publisher.flush().then(() => {
      isFlushed = true;
    });
    await vi.advanceTimersByTimeAsync(1);
    expect(topic.requests.map(({ partition }) => partition)).toEqual([0, 2]);
    await vi.advanceTimersByTimeAsync(490);
    expect(isFlushed).toBe(false);
    await vi.advanceTimersByTimeAsync(20);
    expect(isFlushed).toBe(true);
  });

  it('counts as failed at its end what was not acknowledged', async () => {
    publisher.offer(record('0', 'a'));
    await vi.advanceTimersByTimeAsync(100);
    topic.isUp = false;
    publisher.offer(record('1', 'b'));
    publisher.offer(record('2', 'c'));
    await vi.advanceTimersByTimeAsync(100);
    end.abort();
    await publisher.close();
    expect(publisher.counts).toMatchObject({ sent: 3, acknowledged: 1, failed: 2, buffered: 0 });
  });

  it('reports every acknowledgement with counts that add up', async () => {
    for (let number = 0; number < 10; number++) publisher.offer(record('1', 'x'.repeat(40)));
    await vi.advanceTimersByTimeAsync(1000);
    expect(acknowledged.map((counts) => counts.acknowledged)).toEqual([2, 4, 6, 8, 10]);
    for (const { sent, acknowledged: acked, failed, buffered } of acknowledged)
      expect(sent).toBe(acked + failed + buffered);
  });
});
