import type { Snapshot } from '../../dashboard/model/snapshot.ts';

/** A snapshot of a stack that runs, with what a test changes of it. */
export function snapshotWith(changes: Partial<Snapshot> = {}): Snapshot {
  return {
    at: '2026-11-26T17:00:00.000Z',
    eventId: 'a-7',
    runtime: 'local',
    ready: true,
    pipeline: 'transactions',
    services: [
      {
        name: 'kafka',
        placement: 'process',
        state: 'ready',
        pid: 42,
        restarts: 1,
        since: '2026-11-26T16:00:00.000Z',
        detail: 'metadata served',
        log: ['started'],
      },
    ],
    urls: { 'spark-master': 'http://localhost:8080' },
    stream: {
      batch: 12,
      lag: 3,
      watermark: '2026-11-26T16:54:00.000Z',
      rows: { bronze: 5, silver: 4 },
      rejected: { bad_amount: 1 },
      unmet: {},
      late: 2,
    },
    sources: {
      topic: { state: 'ok', detail: '1 partition' },
      outputs: { state: 'ok', detail: 'micro-batch 12 is committed' },
      progress: { state: 'ok', detail: 'micro-batch 12' },
      spark: { state: 'waiting', detail: 'no answer yet' },
    },
    topic: {
      name: 'transactions',
      partitions: [{ partition: 0, begin: 0, end: 100, committed: 90, lag: 10 }],
      lag: 10,
      inPerSecond: 5,
      outPerSecond: 5,
      clearSeconds: null,
    },
    outputs: {
      committedBatch: 12,
      committedAt: '2026-11-26T16:59:59.000Z',
      runningBatch: null,
      sinks: [{ name: 'bronze', kind: 'sink', files: 12, rows: 90, rowsFrom: 0, newestRows: 5 }],
    },
    gold: [
      {
        table: 'gold',
        batch: 3,
        at: '2026-11-26T16:59:50.000Z',
        watermark: '2026-11-26T16:54:00.000Z',
        openWindows: 7,
        stateBytes: 2048,
        late: 2,
        notes: ['gold: 2 rows were dropped as late'],
      },
    ],
    batches: [
      {
        query: 'ingest',
        batch: 12,
        at: '2026-11-26T16:59:59.900Z',
        rows: { bronze: 5, silver: 4 },
        ms: { addBatch: 700, total: 900 },
      },
    ],
    triggers: { ingestMs: 1000, goldMs: 10_000 },
    rejected: { bad_amount: 1 },
    unmet: {},
    verify: { runningSince: null, progress: null, last: null },
    events: [],
    series: [{ stepMs: 2000, at: [0], values: { lag: [10] } }],
    ...changes,
  };
}
