import { sqlText, withDatabase } from '../../orchestrator/lake/database.ts';
import type { FileArrivals } from '../measure/file-arrivals.ts';

/** A span of time in which records were sent at a steady rate, Unix ms. */
export interface Span {
  readonly rate: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** How long records of a span took to be visible in silver, milliseconds. */
export interface Latency {
  readonly rate: number;
  readonly rows: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** The number of rows in silver's files. */
export async function silverRows(silver: string, signal: AbortSignal): Promise<number> {
  return withDatabase(signal, async (database) => {
    const [row] = await database.all(`SELECT count(*) FROM read_parquet(${sqlText(`${silver}/*.parquet`)})`);
    return Number(row?.[0]);
  });
}

/** From each record's time in Kafka to the appearance of the file that has its row. */
export async function latenciesOf(
  silver: string,
  arrivals: FileArrivals,
  spans: readonly Span[],
  signal: AbortSignal,
): Promise<readonly Latency[]> {
  return withDatabase(signal, async (database) => {
    await database.run('CREATE TABLE arrivals (name VARCHAR, ms BIGINT)');
    const values = [...arrivals.seen].map(([name, ms]) => `(${sqlText(name)}, ${ms})`);
    await database.run(`INSERT INTO arrivals VALUES ${values.join(', ')}`);
    const latencies: Latency[] = [];
    for (const { rate, fromMs, toMs } of spans) {
      const [row] = await database.all(`
        SELECT count(*), ${[0.5, 0.95, 0.99].map((share) => `quantile_cont(ms - sent, ${share})`).join(', ')}
        FROM (SELECT parse_filename(filename) AS name, epoch_ms(kafka_ts::TIMESTAMP) AS sent
              FROM read_parquet(${sqlText(`${silver}/*.parquet`)}, filename = true))
        JOIN arrivals USING (name) WHERE sent >= ${fromMs} AND sent < ${toMs}`);
      const [rows = 0, p50 = 0, p95 = 0, p99 = 0] = (row ?? []).map(Number);
      latencies.push({ rate, rows, p50, p95, p99 });
    }
    return latencies;
  });
}
