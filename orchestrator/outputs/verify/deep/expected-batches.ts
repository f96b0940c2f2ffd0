import type { Cell, Database } from '../../duckdb/database.ts';
import type { GoldBatch } from '../../gold-state.ts';
import type { PartitionOffsets } from '../../offset-log.ts';
import type { PruneLedger } from '../../prune-ledger.ts';
import type { DifferenceLog } from '../difference.ts';
import { EXPECTED_SILVER_SQL } from './expected-rows.ts';
import { actualTable } from './load-actual.ts';
import type { ReadRange } from './load-expected.ts';
import { inSlice, slicesOf } from './slices.ts';

/** How much younger than a window's end an event has to be to close it (docs/outputs.md). */
const WATERMARK_DELAY_MS = 5 * 60 * 1000;
/** Rows that are written by one statement. */
const AT_ONCE = 1000;

export interface BatchOptions {
  readonly topic: string;
  /** Where the job began. */
  readonly start: PartitionOffsets;
  /** The micro-batches that the checkpoint knows, with the watermarks that the job left. */
  readonly known: readonly GoldBatch[];
  /** What was pruned from bronze. */
  readonly bronzeLedger: PruneLedger | undefined;
  readonly ranges: readonly ReadRange[];
  /** Whether the topic no longer has records that the job had read: then only the job knows its watermarks. */
  readonly incomplete: boolean;
}

/**
 * The micro-batches from the first whose extent can be told, each with the watermark that its records give: the newest event time
 * of all silver rows up to its end, less five minutes. The checkpoint knows the last hundred; where older ones ended is told by
 * bronze's files. Watermarks that the job left and that are others are noted.
 */
export async function expectedBatches(
  database: Database,
  options: BatchOptions,
  log: DifferenceLog,
): Promise<readonly GoldBatch[]> {
  if (options.incomplete) return options.known;
  const ends = await batchEnds(database, options);
  const newest = await newestEvents(database, ends, options.ranges);
  const batches: GoldBatch[] = [];
  let watermarkMs = Number.NEGATIVE_INFINITY;
  for (const [batch, end] of ends) {
    watermarkMs = Math.max(watermarkMs, newest.get(batch) ?? watermarkMs);
    batches.push({ batch, topic: options.topic, end, plannedAtMs: 0, watermarkMs });
  }
  noteWatermarks(batches, options.known, log);
  return batches;
}

/** Next offsets after each micro-batch, ascending. */
async function batchEnds(
  database: Database,
  { start, known, bronzeLedger }: BatchOptions,
): Promise<ReadonlyMap<number, PartitionOffsets>> {
  const [first] = known;
  const ends = new Map<number, PartitionOffsets>();
  const pruned = bronzeLedger?.throughBatch ?? -1;
  if (first !== undefined && pruned < first.batch) {
    const rows = await database.all(`
      SELECT batch, partition, min("offset"), max("offset") + 1 FROM ${actualTable('bronze')}
      WHERE batch > ${pruned} AND batch < ${first.batch} GROUP BY ALL ORDER BY batch, partition`);
    let end = bronzeLedger === undefined ? start : keptFrom(bronzeLedger, first.end, rows);
    // Nothing was read before batch 0, which may have had no records.
    ends.set(bronzeLedger === undefined ? 0 : pruned, end);
    for (const [batch, partition, , offset] of rows) {
      end = new Map(end).set(Number(partition), Number(offset));
      ends.set(Number(batch), end);
    }
  }
  for (const { batch, end } of known) ends.set(batch, end);
  return ends;
}

/** Where the micro-batch pruned last ended: as the ledger says, or as its files' successors begin. */
function keptFrom(
  ledger: PruneLedger,
  atLatest: PartitionOffsets,
  rows: readonly (readonly Cell[])[],
): PartitionOffsets {
  if (ledger.keptFrom !== undefined) return ledger.keptFrom;
  const begins = new Map(atLatest);
  for (const [, partition, offset] of rows) {
    const before = begins.get(Number(partition)) ?? Number(offset);
    begins.set(Number(partition), Math.min(before, Number(offset)));
  }
  return begins;
}

/** The watermark (Unix ms) that the newest event time of each micro-batch alone gives; none of a batch without silver rows. */
async function newestEvents(
  database: Database,
  ends: ReadonlyMap<number, PartitionOffsets>,
  ranges: readonly ReadRange[],
): Promise<ReadonlyMap<number, number>> {
  await database.run('CREATE TABLE batch_ends (partition INTEGER, end_offset BIGINT, batch BIGINT)');
  await database.run('CREATE TABLE batch_newest (batch BIGINT, event_us BIGINT)');
  const reached = new Map<number, number>();
  const values: string[] = [];
  for (const [batch, end] of ends) {
    for (const [partition, offset] of end) {
      if ((reached.get(partition) ?? 0) >= offset) continue;
      reached.set(partition, offset);
      values.push(`(${partition}, ${offset}, ${batch})`);
    }
  }
  for (let from = 0; from < values.length; from += AT_ONCE) {
    await database.run(`INSERT INTO batch_ends VALUES ${values.slice(from, from + AT_ONCE).join(', ')}`);
  }
  for (const slice of slicesOf(ranges)) {
    await database.run(`
      INSERT INTO batch_newest
      SELECT b.batch, max(e.event_us) FROM (SELECT * FROM ${EXPECTED_SILVER_SQL} WHERE ${inSlice(slice)}) e
      ASOF JOIN batch_ends b ON b.partition = e.partition AND e."offset" < b.end_offset GROUP BY 1`);
  }
  const rows = await database.all('SELECT batch, max(event_us) FROM batch_newest GROUP BY 1');
  return new Map(rows.map(([batch, us]) => [Number(batch), wholeMs(us as bigint) - WATERMARK_DELAY_MS]));
}

/** Microseconds as milliseconds, cut towards the past. */
function wholeMs(us: bigint): number {
  return Number((us - (((us % 1000n) + 1000n) % 1000n)) / 1000n);
}

function noteWatermarks(
  batches: readonly GoldBatch[],
  known: readonly GoldBatch[],
  log: DifferenceLog,
): void {
  const left = new Map(known.map(({ batch, watermarkMs }) => [batch, watermarkMs]));
  for (const { batch, watermarkMs } of batches) {
    const job = left.get(batch);
    if (job === undefined || job === watermarkMs) continue;
    const detail = `batch ${batch} left the watermark ${instant(job)}, its records give ${instant(watermarkMs)}`;
    log.add({ kind: 'watermark-wrong', sink: 'gold', count: 1, detail });
  }
}

const instant = (ms: number): string => (Number.isFinite(ms) ? new Date(ms).toISOString() : 'none');
