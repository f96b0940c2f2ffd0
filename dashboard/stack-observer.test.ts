import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { IngestProgress } from '../orchestrator/lake/progress/progress.ts';
import type { VerifyOutcome } from '../orchestrator/verify/verify-outcome.ts';
import { readConfig } from './config.ts';
import { HistoryFile } from './history-file.ts';
import type { Change, ServiceState } from './model/snapshot.ts';
import { NoAnswer, type Reader } from './reader/reader.ts';
import type { OutputsFound } from './sources/output-source.ts';
import type { NewProgress } from './sources/progress-source.ts';
import type { PartitionRange } from './sources/topic-source.ts';
import { type Sources, StackObserver } from './stack-observer.ts';
import { Verification } from './verification.ts';

const ingest = (batch: number): IngestProgress => ({
  ...{ query: 'ingest', batch, at: new Date().toISOString(), rows: { bronze: 10, silver: 9, quarantine: 1 } },
  ...{ rejected: { bad_amount: 1 }, unmet: {}, ms: { total: 500 }, lag: 0 },
});

/** A stack that a test changes, seen by fakes that keep its state. */
class FakeStack implements Sources {
  ranges: readonly PartitionRange[] | Error = [
    { partition: 0, begin: 0, end: 60 },
    { partition: 1, begin: 0, end: 40 },
  ];
  committed: ReadonlyMap<number, number> | undefined = new Map([
    [0, 50],
    [1, 40],
  ]);
  batch = 3;
  news: NewProgress = { isThere: true, isFresh: false, batches: [ingest(2), ingest(3)] };
  state: ServiceState['state'] = 'ready';

  async topic() {
    if (this.ranges instanceof Error) throw this.ranges;
    return this.ranges;
  }

  async outputs(): Promise<OutputsFound> {
    return {
      committed: this.committed && { batch: this.batch, end: this.committed, plannedAtMs: 1_764_176_400_000 },
      start: new Map([[0, 0]]),
      runningBatch: undefined,
      files: new Map([['bronze', 4]]),
    };
  }

  async progress() {
    const news = this.news;
    this.news = { ...news, isFresh: false, batches: [] };
    return news;
  }

  async services(): Promise<readonly ServiceState[]> {
    const known = { placement: 'process', restarts: 0, since: '2026-11-26T17:00:00.000Z', log: [] } as const;
    return [{ name: 'kafka', state: this.state, detail: 'as it is', ...known }];
  }

  async spark() {
    return { id: 'app-1', executors: 1, cores: 2 };
  }
}

let folder: string;
let stack: FakeStack;
let changes: Change[];
let observer: StackObserver;
let verification: Verification;
/** A reader whose verification a test ends. */
let ended: (outcome: VerifyOutcome | NoAnswer) => void;
const reader = {
  ask: ((_name, _question, onProgress) =>
    new Promise((resolve, reject) => {
      onProgress?.('half of the records');
      ended = (outcome) => (outcome instanceof NoAnswer ? reject(outcome) : resolve(outcome as never));
    })) as Reader['ask'],
  close: () => {},
};
const EQUAL: VerifyOutcome = {
  ...{ equal: true, deep: false, committedBatch: 3, lag: 10, differenceCount: 0, text: 'everything equal' },
};
const created = () => {
  const sink = {
    lastId: 'x-0',
    clients: 0,
    change: (json: string) => void changes.push(JSON.parse(json) as Change),
  };
  verification = new Verification(reader);
  return new StackObserver(readConfig({ TRIGGER_INTERVAL: '1 second' }), stack, {
    history: new HistoryFile(folder),
    sink,
    verification,
  });
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'observer-'));
  stack = new FakeStack();
  changes = [];
  vi.useFakeTimers({ now: Date.parse('2026-11-26T17:00:00Z'), toFake: ['Date', 'performance'] });
  observer = created();
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

/** Observes after so many seconds. */
async function observe(seconds = 1): Promise<void> {
  vi.advanceTimersByTime(seconds * 1000);
  await observer.observe();
}

describe('the observer', () => {
  it('shows what is committed, what is waiting, and what the job reports', async () => {
    await observe();
    expect(observer.snapshot()).toMatchObject({
      ready: true,
      pipeline: 'transactions',
      stream: { batch: 3, lag: 0, rejected: { bad_amount: 1 } },
      topic: {
        lag: 10,
        partitions: [
          { partition: 0, begin: 0, end: 60, committed: 50, lag: 10 },
          { partition: 1, begin: 0, end: 40, committed: 40, lag: 0 },
        ],
      },
      outputs: { committedBatch: 3, runningBatch: null },
      rejected: { bad_amount: 2 },
      sources: { topic: { state: 'ok' }, outputs: { state: 'ok' }, spark: { state: 'ok' } },
    });
    const bronze = observer.snapshot().outputs.sinks.find(({ name }) => name === 'bronze');
    expect(bronze).toEqual({ name: 'bronze', kind: 'sink', files: 4, rows: 20, rowsFrom: 2, newestRows: 10 });
  });

  it('has the document of `status --json`', async () => {
    await observe();
    const { runtime, ready, pipeline, services, urls, stream } = observer.snapshot();
    expect(runtime).toBe('local');
    expect(ready).toBe(true);
    expect(pipeline).toBe('transactions');
    expect(urls).toEqual({});
    expect(Object.keys(services[0] ?? {}).toSorted()).toEqual(
      ['detail', 'log', 'name', 'placement', 'restarts', 'since', 'state'].toSorted(),
    );
    expect(Object.keys(stream)).toEqual(['batch', 'lag', 'watermark', 'rows', 'rejected', 'unmet', 'late']);
  });

  it('publishes what has changed, and nothing else', async () => {
    await observe();
    await observe();
    changes.length = 0;
    stack.committed = new Map([
      [0, 60],
      [1, 40],
    ]);
    stack.batch = 4;
    await observe();
    expect(changes).toHaveLength(1);
    expect(changes[0]).toMatchObject({
      topic: { lag: 0 },
      outputs: { committedBatch: 4 },
      sample: { lag: 0 },
    });
    expect(Object.keys(changes[0] ?? {})).not.toContain('services');
    expect(Object.keys(changes[0] ?? {})).not.toContain('batches');
  });

  it('shows null where nothing is known, and says what is missing', async () => {
    stack.ranges = Object.assign(new Error('unknown topic'), { type: 'UNKNOWN_TOPIC_OR_PARTITION' });
    stack.committed = undefined;
    stack.news = { isThere: false, isFresh: false, batches: [] };
    await observe();
    expect(observer.snapshot()).toMatchObject({
      stream: { batch: null, lag: null, watermark: null },
      topic: { lag: null, partitions: [], inPerSecond: null, outPerSecond: null, clearSeconds: null },
      outputs: { committedBatch: null, committedAt: null },
      sources: {
        topic: { state: 'waiting', detail: 'the topic transactions does not exist yet' },
        outputs: { state: 'waiting', detail: 'no micro-batch is committed yet' },
        progress: { state: 'waiting' },
      },
    });
  });

  it('shows a broker that fails, and goes on with the rest', async () => {
    await observe();
    stack.ranges = new Error('connect ECONNREFUSED');
    stack.batch = 4;
    await observe();
    expect(observer.snapshot()).toMatchObject({
      sources: { topic: { state: 'failed', detail: 'connect ECONNREFUSED' } },
      topic: { lag: null },
      outputs: { committedBatch: 4 },
      events: expect.arrayContaining([
        expect.objectContaining({ text: 'the topic cannot be read: connect ECONNREFUSED' }),
      ]),
    });
    stack.ranges = [];
    await observe();
    expect(observer.snapshot().events.at(-1)?.text).toBe('the topic can be read again');
  });

  it('measures the rate of records', async () => {
    await observe();
    stack.ranges = [{ partition: 0, begin: 0, end: 150 }];
    await observe();
    expect(observer.snapshot().topic.inPerSecond).toBe(50);
  });

  it('records what happens to services', async () => {
    await observe();
    stack.state = 'failed';
    await observe(6);
    stack.state = 'ready';
    await observe(6);
    const texts = observer.snapshot().events.map(({ text }) => text);
    expect(texts).toEqual([
      'the dashboard was started',
      'kafka has failed: as it is',
      'kafka is ready',
      'the stack is ready',
    ]);
  });

  it('forgets the rows of outputs that were wiped', async () => {
    await observe();
    stack.news = { isThere: true, isFresh: true, batches: [ingest(0)] };
    stack.batch = 0;
    await observe();
    expect(observer.snapshot()).toMatchObject({ stream: { batch: 0 }, rejected: { bad_amount: 1 } });
    expect(observer.snapshot().events.at(-1)?.text).toBe('the outputs were wiped and begin again');
  });

  it('knows after a restart what happened before', async () => {
    await observe();
    await observe();
    await observer.stop();
    const before = observer.snapshot();
    observer = created();
    const after = observer.snapshot();
    expect(after.series).toEqual(before.series);
    expect(after.events).toHaveLength(before.events.length + 1);
  });

  it('has a snapshot below 300 kB after a day of a busy topic', async () => {
    stack.ranges = Array.from({ length: 1000 }, (_, partition) => ({ partition, begin: 0, end: 1_000_000 }));
    for (let at = 0; at < 1200; at++) {
      stack.news = { isThere: true, isFresh: false, batches: [ingest(at + 4)] };
      await observe(72);
    }
    const beganMs = Date.now();
    const { length } = JSON.stringify(observer.snapshot());
    expect(length).toBeLessThan(300_000);
    expect(Date.now() - beganMs).toBeLessThan(50);
  });
});

describe('a verification', () => {
  it('that the page asks for is shown while it runs, and its outcome', async () => {
    await observer.observe();
    expect(verification.start(false)).toBe(true);
    expect(verification.start(true)).toBe(false);
    await observer.observe();
    expect(observer.snapshot().verify).toEqual({
      runningSince: '2026-11-26T17:00:00.000Z',
      progress: 'half of the records',
      last: null,
    });
    ended(EQUAL);
    await vi.waitFor(() => expect(verification.state.runningSince).toBeNull());
    await observer.observe();
    const { verify, events } = observer.snapshot();
    expect(verify.last).toEqual({ at: expect.any(String), by: 'page', outcome: EQUAL, error: null });
    expect(events.at(-1)).toMatchObject({ kind: 'verify', text: 'verify (this page): everything equal' });
    expect(verification.start(false)).toBe(true);
  });

  it('that could not run says why', async () => {
    verification.start(true);
    ended(new NoAnswer('failed', 'the broker does not answer'));
    await vi.waitFor(() => expect(verification.state.runningSince).toBeNull());
    expect(verification.state.last).toMatchObject({ outcome: null, error: 'the broker does not answer' });
  });

  it('of a command is the last one, and still is after a restart of the dashboard', async () => {
    observer.take({ kind: 'verify', outcome: { ...EQUAL, equal: false, differenceCount: 2 } });
    observer.take({ kind: 'chaos', text: 'chaos #1: kill driver' });
    await observer.observe();
    expect(changes.at(-1)?.verify?.last).toMatchObject({ by: 'command' });
    expect(
      observer
        .snapshot()
        .events.slice(-2)
        .map(({ kind, text }) => [kind, text]),
    ).toEqual([
      ['verify', 'verify: 2 differences'],
      ['chaos', 'chaos #1: kill driver'],
    ]);
    await observer.stop();
    observer = created();
    expect(observer.snapshot().verify.last?.outcome?.differenceCount).toBe(2);
    expect(observer.snapshot().events.map(({ text }) => text)).toContain('chaos #1: kill driver');
  });
});
