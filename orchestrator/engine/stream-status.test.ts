import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSettings } from '../settings/load-settings.ts';
import { streamReport, streamText } from './stream-status.ts';

const projectDir = join(import.meta.dirname, '../..');
const now = Date.parse('2026-11-26T17:00:10.000Z');
const config = (PIPELINE = 'transactions') => ({
  projectDir,
  settings: loadSettings({ flags: { PIPELINE }, environment: {}, projectDir }),
});

const ingest = (batch: number) =>
  `[spark-streaming] progress ${JSON.stringify({
    query: 'ingest',
    batch,
    at: '2026-11-26T17:00:00.123Z',
    rows: { bronze: 1200, silver: 1199, quarantine: 1, raw_csv: 1199 },
    rejected: { missing_txn_id: 1 },
    unmet: { has_city: 1300, has_status: 0 },
    ms: { total: 900 },
    lag: 7,
  })}`;
const gold = (batch: number, watermark: string | null, more: object = {}) =>
  `[spark-streaming] progress ${JSON.stringify({
    query: 'gold',
    batch,
    at: '2026-11-26T17:00:00.123Z',
    rows: { gold: 2 },
    late: 0,
    watermark,
    state: { rows: 12, memory_bytes: 1 },
    ms: { total: 300 },
    ...more,
  })}`;

describe('the status of the stream', () => {
  it('has the newest micro-batch of each query, and all rows that the lines report as late', () => {
    const lines = [
      ingest(11),
      gold(2, '2026-11-26T16:53:00.000Z', { late: 3 }),
      ingest(12),
      gold(3, '2026-11-26T16:54:30.000Z', { late: 1 }),
    ];
    const report = streamReport(config(), lines, now);
    expect(report).toEqual({
      pipeline: 'transactions',
      stream: {
        batch: 12,
        lag: 7,
        watermark: '2026-11-26T16:54:30.000Z',
        rows: { bronze: 1200, silver: 1199, quarantine: 1, raw_csv: 1199, gold: 2 },
        rejected: { missing_txn_id: 1 },
        unmet: { has_city: 1300, has_status: 0 },
        late: 4,
      },
      notes: [
        'gold: 4 rows were dropped as late',
        'gold: 12 windows are open until an event after 17:05:00 UTC comes',
      ],
    });
    expect(streamText(report)).toBe(
      'micro-batch 12: bronze 1,200, silver 1,199, quarantine 1, raw_csv 1,199, gold 2; expectations that are false: has_city 1,300; lag 7; watermark 2026-11-26T16:54:30.000Z; gold: 4 rows were dropped as late; gold: 12 windows are open until an event after 17:05:00 UTC comes',
    );
  });

  it('reports that the watermark is far ahead of the clock', () => {
    const lines = [ingest(1), gold(2, '2099-12-31T00:00:00.000Z', { state: { rows: 0, memory_bytes: 0 } })];
    expect(streamReport(config(), lines, now).notes).toEqual([
      'gold: the watermark is 73 years ahead of the clock: rows of earlier windows are dropped as late',
    ]);
  });

  it('is there before the first micro-batch, and without a pipeline', () => {
    const { pipeline, stream, notes } = streamReport(config('./gone'), ['starting'], now);
    expect({ pipeline, stream, notes }).toEqual({
      pipeline: 'gone',
      stream: { batch: null, lag: null, watermark: null, rows: {}, rejected: {}, unmet: {}, late: 0 },
      notes: [],
    });
    expect(streamText({ stream, notes })).toBe('no micro-batch is committed yet');
  });
});
