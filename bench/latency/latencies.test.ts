import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withDatabase } from '../../orchestrator/lake/database.ts';
import { latenciesOf } from './latencies.ts';

const { signal } = new AbortController();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latencies-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('latencies', () => {
  it('are from a record in Kafka to the appearance of its file, of the records of the span', async () => {
    await withDatabase(signal, async (database) => {
      const rows = (from: number, to: number) =>
        `COPY (SELECT make_timestamptz(ms * 1000) AS kafka_ts FROM range(${from}, ${to}) t(ms))`;
      await database.run(`${rows(1000, 1100)} TO '${folder}/silver_1.parquet' (FORMAT parquet)`);
      await database.run(`${rows(1100, 1201)} TO '${folder}/silver_2.parquet' (FORMAT parquet)`);
    });
    const seen = new Map([
      ['silver_1.parquet', 5000],
      ['silver_2.parquet', 2200],
    ]);
    const spans = [{ rate: 5, fromMs: 1100, toMs: 1201 }];
    const [latency] = await latenciesOf(folder, { seen, close: () => {} }, spans, signal);
    expect(latency).toEqual({ rate: 5, rows: 101, p50: 1050, p95: 1095, p99: 1099 });
  });
});
