import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Limits } from './config.ts';
import { createPacer } from './deliver/pace.ts';
import { Publisher } from './deliver/publish.ts';
import { produce } from './run-producer.ts';

describe('produce', () => {
  let isUp: boolean;
  let refusal: Error | undefined;
  let delivered: number;
  let stalls: string[];
  let publisher: Publisher;
  let stop: AbortController;

  beforeEach(() => {
    vi.useFakeTimers();
    isUp = true;
    refusal = undefined;
    delivered = 0;
    stalls = [];
    stop = new AbortController();
    publisher = new Publisher({
      partitionCount: 1,
      partitionOf: () => 0,
      openSession: async () => ({
        send: async (records) => {
          if (refusal && records.length > 0) throw refusal;
          if (!isUp) throw new Error('connect ECONNREFUSED');
          delivered += records.length;
          return delivered - records.length;
        },
        reconnect: async () => undefined,
        close: async () => undefined,
      }),
      limits: { batchBytes: 1000, lingerMs: 50, bufferBytes: 10_000 },
      events: {
        placed: () => undefined,
        acknowledged: () => undefined,
        abandoned: () => undefined,
        retrying: () => undefined,
        renewed: () => undefined,
      },
    });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const NO_LIMITS: Limits = { maxRecords: undefined, durationMs: undefined };
  const start = (recordsPerSecond: number, limits: Partial<Limits> = {}): Promise<void> => {
    const source = {
      next: (timestampMs: number) => ({ key: 'k', value: 'x'.repeat(99), timestampMs }),
    };
    const pacer = createPacer(recordsPerSecond, performance.now());
    const flow = produce(
      {
        ...{ source, pacer, publisher, limits: { ...NO_LIMITS, ...limits } },
        stalled: (detail) => stalls.push(detail),
      },
      stop.signal,
    );
    // Checked below, after the clock has run.
    flow.catch(() => undefined);
    return flow;
  };

  it('delivers at the rate, and everything before it ends', async () => {
    const flow = start(10);
    await vi.advanceTimersByTimeAsync(10_000);
    stop.abort();
    await vi.advanceTimersByTimeAsync(100);
    await flow;
    expect(delivered).toBeGreaterThanOrEqual(100);
    expect(delivered).toBeLessThanOrEqual(102);
    expect(publisher.counts).toMatchObject({ sent: delivered, acknowledged: delivered, failed: 0 });
    expect(stalls).toEqual([]);
  });

  it('stops generating when the buffer is full, and resumes at the rate after the outage', async () => {
    const flow = start(50);
    await vi.advanceTimersByTimeAsync(1000);
    isUp = false;
    await vi.advanceTimersByTimeAsync(60_000);
    const { sent, buffered } = publisher.counts;
    expect(buffered).toBe(100);
    expect(stalls.length).toBeGreaterThan(3);
    isUp = true;
    await vi.advanceTimersByTimeAsync(2000 + 10_000);
    // Ten seconds' records, the catch-up of one second, and up to two seconds that the back-off did
    // not wait for.
    expect(publisher.counts.sent - sent).toBeGreaterThanOrEqual(10 * 50 + 50 - 2);
    expect(publisher.counts.sent - sent).toBeLessThanOrEqual(12 * 50 + 50 + 2);
    stop.abort();
    await vi.advanceTimersByTimeAsync(100);
    await flow;
    expect(publisher.counts.failed).toBe(0);
  });

  it('ends ten seconds after it was stopped when the broker is away, and counts what is lost', async () => {
    const flow = start(10);
    await vi.advanceTimersByTimeAsync(5000);
    isUp = false;
    await vi.advanceTimersByTimeAsync(2000);
    stop.abort();
    const startMs = performance.now();
    let tookMs = Number.NaN;
    void flow.then(() => {
      tookMs = performance.now() - startMs;
    });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(tookMs).toBeGreaterThanOrEqual(10_000);
    expect(tookMs).toBeLessThan(10_100);
    const { sent, acknowledged, failed } = publisher.counts;
    expect(failed).toBeGreaterThan(15);
    expect(sent).toBe(acknowledged + failed);
    expect(acknowledged).toBe(delivered);
  });

  it('ends with the error when the broker refuses records for good', async () => {
    refusal = Object.assign(new Error('too large'), { type: 'MESSAGE_TOO_LARGE' });
    const flow = start(10);
    await vi.advanceTimersByTimeAsync(1000);
    await expect(flow).rejects.toThrow(/the broker refused .* too large \(MESSAGE_TOO_LARGE\)/);
    expect(publisher.counts.failed).toBe(publisher.counts.sent);
  });

  it('generates nothing when it was stopped before it began', async () => {
    stop.abort();
    const flow = start(1000);
    await vi.advanceTimersByTimeAsync(10);
    await flow;
    expect(publisher.counts.sent).toBe(0);
  });

  it('sends exactly the configured number of records, and ends by itself', async () => {
    const flow = start(10, { maxRecords: 25 });
    await vi.advanceTimersByTimeAsync(2000);
    expect(publisher.counts.sent).toBe(21);
    await vi.advanceTimersByTimeAsync(500);
    await flow;
    expect(publisher.counts).toMatchObject({ sent: 25, acknowledged: 25, failed: 0 });
  });

  it('ends by itself after its configured time, with the buffer full or not', async () => {
    const flow = start(10, { durationMs: 3000 });
    await vi.advanceTimersByTimeAsync(3100);
    await flow;
    expect(publisher.counts).toMatchObject({ sent: 30, acknowledged: 30, failed: 0 });
  });

  it('waits for the broker as long as necessary when a limit was reached, until it is stopped', async () => {
    isUp = false;
    const flow = start(0, { durationMs: 1000 });
    let isOver = false;
    void flow.then(() => {
      isOver = true;
    });
    await vi.advanceTimersByTimeAsync(120_000);
    expect(publisher.counts.buffered).toBe(100);
    expect(isOver).toBe(false);
    isUp = true;
    await vi.advanceTimersByTimeAsync(3000);
    expect(isOver).toBe(true);
    expect(publisher.counts).toMatchObject({ sent: 100, acknowledged: 100, failed: 0 });
  });

  it('gives up ten seconds after it was stopped while it delivers what a limit left', async () => {
    isUp = false;
    const flow = start(10, { maxRecords: 5 });
    await vi.advanceTimersByTimeAsync(60_000);
    stop.abort();
    await vi.advanceTimersByTimeAsync(10_100);
    await flow;
    expect(publisher.counts).toMatchObject({ sent: 5, acknowledged: 0, failed: 5 });
  });
});
