import type { Cell, Database } from '../../duckdb/database.ts';
import { insertRows } from '../../duckdb/insert-rows.ts';
import type { PartitionOffsets, PlannedBatch } from '../../offset-log.ts';
import type { PruneLedger } from '../../prune-ledger.ts';
import { actualTable } from './load-actual.ts';

export interface BatchEndOptions {
  /** Where the job began. */
  readonly start: PartitionOffsets;
  /** The micro-batches that the checkpoint knows, ascending. */
  readonly known: readonly PlannedBatch[];
  /** What was pruned from bronze. */
  readonly bronzeLedger: PruneLedger | undefined;
}

/**
 * Puts into the table `batch_ends` where each micro-batch of `ingest` ended in each partition: a record belongs to the first with a larger
 * `end_offset`. The checkpoint knows the last hundred; where older ones ended is told by bronze's files, and what these no
 * longer tell has the batch -1.
 * @returns the last micro-batch that -1 stands for; undefined where it stands for none
 */
export async function createBatchEnds(
  database: Database,
  { start, known, bronzeLedger }: BatchEndOptions,
): Promise<number | undefined> {
  const [first] = known;
  const ends: (readonly [batch: number, end: PartitionOffsets])[] = [];
  const pruned = bronzeLedger?.throughBatch ?? -1;
  let unknownThrough: number | undefined;
  if (first !== undefined && pruned < first.batch) {
    const rows = await database.all(`
      SELECT batch, partition, min("offset"), max("offset") + 1 FROM ${actualTable('bronze')}
      WHERE batch > ${pruned} AND batch < ${first.batch} GROUP BY ALL ORDER BY batch, partition`);
    let end = bronzeLedger === undefined ? start : keptFrom(bronzeLedger, first.end, rows);
    if (bronzeLedger !== undefined) {
      ends.push([-1, end]);
      // Where the ledger does not tell, it may be less that was pruned of a partition.
      unknownThrough = bronzeLedger.keptFrom === undefined ? first.batch : pruned;
    }
    for (const [batch, partition, , offset] of rows) {
      end = new Map(end).set(Number(partition), Number(offset));
      ends.push([Number(batch), end]);
    }
  } else if (first !== undefined && first.batch > 0) {
    // Bronze is pruned further than the checkpoint goes back.
    ends.push([-1, first.end]);
    unknownThrough = first.batch;
  }
  for (const { batch, end } of known) ends.push([batch, end]);
  await database.run('CREATE TABLE batch_ends (partition INTEGER, end_offset BIGINT, batch BIGINT)');
  const reached = new Map(bronzeLedger === undefined ? start : []);
  const values: string[] = [];
  for (const [batch, end] of ends) {
    for (const [partition, offset] of end) {
      // A micro-batch without records in this partition adds nothing to it.
      if ((reached.get(partition) ?? 0) >= offset) continue;
      reached.set(partition, offset);
      values.push(`(${partition}, ${offset}, ${batch})`);
    }
  }
  await insertRows(database, 'batch_ends', values);
  return unknownThrough;
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
