import { beforeEach, describe, expect, it } from 'vitest';
import type { GoldProgress, IngestProgress } from '../../orchestrator/lake/progress/progress.ts';
import { loadPipeline } from '../../orchestrator/pipeline/load-pipeline.ts';
import { projectDir } from '../../tests/support/project.ts';
import { BatchLog } from './batch-log.ts';

const ingest = (batch: number, more: Partial<IngestProgress> = {}): IngestProgress => ({
  ...{ query: 'ingest', batch, at: '2026-11-26T17:00:00.123Z', rows: { bronze: 5, quarantine: 1 } },
  ...{ rejected: { bad_amount: 1 }, unmet: { has_city: 0 }, ms: { total: 900 }, lag: 7 },
  ...more,
});
const gold = (batch: number, more: Partial<GoldProgress> = {}): GoldProgress => ({
  ...{ query: 'gold', batch, at: '2026-11-26T17:00:05.000Z', rows: { gold: 2 }, late: 1 },
  ...{ watermark: '2026-11-26T16:55:00.000Z', state: { rows: 12, memory_bytes: 4096 }, ms: { total: 300 } },
  ...more,
});

let log: BatchLog;
beforeEach(() => {
  log = new BatchLog();
});

/** The state of the default pipeline's gold table. */
function goldOf(log: BatchLog) {
  const pipeline = loadPipeline('transactions', projectDir);
  const [table] = pipeline.gold;
  if (!table) throw new Error('the default pipeline has a gold table');
  return log.gold(pipeline, table, Date.parse('2026-11-26T17:00:00Z'));
}

describe('the log of micro-batches', () => {
  it('has totals of all, and the part stream of status', () => {
    for (const batch of [0, 1, 2]) expect(log.add(ingest(batch))).toBe(true);
    for (const batch of [0, 1]) log.add(gold(batch));
    expect(log.totalOf('bronze')).toEqual({ rows: 15, from: 0, newest: 5 });
    expect(log.rejected).toEqual({ bad_amount: 3 });
    expect(log.unmet).toEqual({});
    expect(log.stream()).toEqual({
      ...{ batch: 2, lag: 7, watermark: '2026-11-26T16:55:00.000Z', late: 2 },
      ...{ rows: { bronze: 5, quarantine: 1, gold: 2 }, rejected: { bad_amount: 1 }, unmet: { has_city: 0 } },
    });
  });

  it('counts a micro-batch once', () => {
    log.add(ingest(4));
    expect(log.add(ingest(4))).toBe(false);
    expect(log.add(ingest(3))).toBe(false);
    expect(log.totalOf('bronze')).toEqual({ rows: 5, from: 4, newest: 5 });
  });

  it('keeps the newest of each query, whatever the number', () => {
    for (let batch = 0; batch < 5000; batch++) log.add(ingest(batch));
    for (let batch = 0; batch < 5000; batch++) log.add(gold(batch));
    expect(log.records()).toHaveLength(120);
    expect(log.records().at(0)).toMatchObject({ query: 'ingest', batch: 4910 });
    expect(log.totalOf('bronze')?.rows).toBe(25_000);
  });

  it('counts a bounded number of names, such as reasons that records make', () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`reason_${at}`, 1]));
    log.add(ingest(0, { rejected: many }));
    log.add(ingest(1, { rejected: many }));
    expect(Object.keys(log.rejected)).toHaveLength(200);
    expect(log.rejected['reason_0']).toBe(2);
  });

  it('shows how far a gold table has come, with null before its first micro-batch', () => {
    expect(goldOf(log)).toMatchObject({ batch: null, watermark: null, openWindows: null, late: 0 });
    log.add(gold(3));
    expect(goldOf(log)).toMatchObject({ batch: 3, openWindows: 12, stateBytes: 4096, late: 1 });
    expect(goldOf(log).notes).toContain('gold: 1 row was dropped as late');
    log.clear();
    expect(log.stream()).toMatchObject({ batch: null, lag: null, watermark: null, late: 0 });
  });
});
