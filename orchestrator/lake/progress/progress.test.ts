import { expect, it } from 'vitest';
import { readProgress } from './progress.ts';

const ingest = {
  query: 'ingest',
  batch: 12,
  at: '2026-11-26T17:00:00.123Z',
  rows: { bronze: 5, silver: 4, quarantine: 1, raw_csv: 4 },
  rejected: { missing_txn_id: 1 },
  unmet: { has_city: 2 },
  ms: { addBatch: 800, total: 900 },
  lag: 7,
};
const gold = {
  query: 'gold',
  batch: 3,
  at: '2026-11-26T17:00:05.000Z',
  rows: { gold: 2 },
  late: 1,
  watermark: '2026-11-26T16:55:00.000Z',
  state: { rows: 12, memory_bytes: 4096 },
  ms: { total: 300 },
};

it('progress is read by query, whatever stands before it', () => {
  const lines = [
    '[spark-streaming] query=ingest batch=12 rows=5 seconds=0.9',
    `[spark-streaming] progress ${JSON.stringify(ingest)}`,
    `progress ${JSON.stringify({ ...gold, query: 'hourly', watermark: null })}`,
    `[spark-streaming] progress ${JSON.stringify(gold)}`,
    `[spark-streaming] progress ${JSON.stringify({ ...gold, batch: 4 })}`,
  ];
  const progress = readProgress(lines);
  expect(progress.ingest).toEqual([ingest]);
  expect([...progress.gold.keys()]).toEqual(['hourly', 'gold']);
  expect(progress.gold.get('gold')?.map(({ batch }) => batch)).toEqual([3, 4]);
  expect(progress.gold.get('hourly')?.[0]?.watermark).toBeNull();
});

it.each([
  `[spark-streaming] progress ${JSON.stringify(ingest).slice(0, -5)}`,
  'progress {"query":"ingest"}',
  `progress ${JSON.stringify({ ...ingest, rows: { bronze: -1 } })}`,
  `a line about progress {"batch":1}`,
  `in progress: ${JSON.stringify(ingest)}`,
])('%j is none', (line) => {
  expect(readProgress([line])).toEqual({ ingest: [], gold: new Map() });
});
