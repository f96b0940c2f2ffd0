import type { Cell, Database } from '../../duckdb/database.ts';
import { insertRows } from '../../duckdb/insert-rows.ts';
import type { PartitionOffsets, PlannedBatch } from '../../offset-log.ts';
import type { PruneLedger } from '../../prune-ledger.ts';
import { batchOfFileNumberSql, fileNumber, fileNumberSql } from '../../sinks.ts';
import { LINEAGE_SINKS } from '../survey-offsets.ts';
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
 * Puts into the table `file_ends` where each micro-batch of `ingest`, or part of one, ended in each partition: a record belongs to the first with a
 * larger `end_offset`. The checkpoint knows the last hundred; where older ones ended, and where parts did, is told by the files, and what these no
 * longer tell has the file -1.
 * @returns the last micro-batch that -1 stands for; undefined where it stands for none
 */
export async function createBatchEnds(
  database: Database,
  { start, known, bronzeLedger }: BatchEndOptions,
): Promise<number | undefined> {
  const [first] = known;
  const ends: (readonly [file: number, end: PartitionOffsets])[] = [];
  const pruned = bronzeLedger?.throughBatch ?? -1;
  let unknownThrough: number | undefined;
  if (first !== undefined && pruned < first.batch) {
    const rows = await database.all(`
      SELECT file, partition, min("offset"), max("offset") + 1 FROM ${actualTable('bronze')}
      WHERE file >= ${firstFile(pruned + 1)} AND file < ${firstFile(first.batch)} GROUP BY ALL ORDER BY file, partition`);
    let end = bronzeLedger === undefined ? start : keptFrom(bronzeLedger, first.end, rows);
    if (bronzeLedger !== undefined) {
      ends.push([-1, end]);
      // Where the ledger does not tell, it may be less that was pruned of a partition.
      unknownThrough = bronzeLedger.keptFrom === undefined ? first.batch : pruned;
    }
    for (const [file, partition, , offset] of rows) {
      end = new Map(end).set(Number(partition), Number(offset));
      ends.push([Number(file), end]);
    }
  } else if (first !== undefined && first.batch > 0) {
    // Bronze is pruned further than the checkpoint goes back.
    ends.push([-1, first.end]);
    unknownThrough = first.batch;
  }
  const parts = await endsOfParts(database);
  for (const { batch, end } of known) {
    const ofBatch = parts.get(batch) ?? [];
    ends.push(...ofBatch);
    // What the last part has is all that is left.
    ends.push([ofBatch.at(-1)?.[0] ?? firstFile(batch), end]);
  }
  await database.run('CREATE TABLE file_ends (partition INTEGER, end_offset BIGINT, file BIGINT)');
  const reached = new Map(bronzeLedger === undefined ? start : []);
  const values: string[] = [];
  for (const [file, end] of ends) {
    for (const [partition, offset] of end) {
      // A micro-batch or part without records in this partition adds nothing to it.
      if ((reached.get(partition) ?? 0) >= offset) continue;
      reached.set(partition, offset);
      values.push(`(${partition}, ${offset}, ${file})`);
    }
  }
  await insertRows(database, 'file_ends', values);
  return unknownThrough;
}

/** The number that the files of a micro-batch begin with. */
const firstFile = (batch: number): number => fileNumber({ batch, part: undefined });

/** Where the parts of micro-batches with several ended, as far as they have rows: by micro-batch, in their order. */
async function endsOfParts(
  database: Database,
): Promise<ReadonlyMap<number, (readonly [file: number, end: PartitionOffsets])[]>> {
  const all = LINEAGE_SINKS.map((sink) => `SELECT file, partition, "offset" FROM ${actualTable(sink)}`);
  const rows = await database.all(`
    WITH lineage AS (${all.join(' UNION ALL ')}),
      several AS (SELECT ${batchOfFileNumberSql('file')} AS batch FROM lineage GROUP BY batch HAVING max(file) > ${fileNumberSql(batchOfFileNumberSql('max(file)'), '0')})
    SELECT batch, file, partition, max("offset") + 1
    FROM lineage JOIN several ON batch = ${batchOfFileNumberSql('file')} GROUP BY ALL ORDER BY file, partition`);
  const parts = new Map<number, (readonly [file: number, end: PartitionOffsets])[]>();
  for (const [batchCell, file, partition, end] of rows) {
    const batch = Number(batchCell);
    parts.set(batch, [
      ...(parts.get(batch) ?? []),
      [Number(file), new Map([[Number(partition), Number(end)]])],
    ]);
  }
  return parts;
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
