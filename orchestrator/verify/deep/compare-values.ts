import type { TopicReader } from '../../kafka/record-batch.ts';
import type { PartitionOffsets, PlannedBatch } from '../../lake/checkpoint.ts';
import type { PruneLedger } from '../../lake/committed-files.ts';
import { type Cell, type Database, insertRows } from '../../lake/database.ts';
import type { LoadedSink } from '../../lake/load-sink.ts';
import { batchOfFileNumber, batchOfFileNumberSql, fileNumber, fileNumberSql } from '../../lake/sinks.ts';
import type { Pipeline } from '../../pipeline/model.ts';
import { SILVER_FILE, type SilverRows } from '../gold/gold-batches.ts';
import type { Classifier } from '../oracle/classify.ts';
import type { DifferenceKind, DifferenceLog, NotCompared } from '../report.ts';
import { LINEAGE_SINKS, type LineageSink, RangeBuilder } from '../survey-offsets.ts';
import type { ExpectedTable } from './expected-rows.ts';
import { explainValues } from './explain-values.ts';
import { actualTable } from './load-actual.ts';
import type { LoadedTopic, ReadRange } from './load-expected.ts';

export interface ValueComparison {
  readonly ranges: readonly ReadRange[];
  readonly source: TopicReader;
  readonly topic: string;
  readonly pipeline: Pipeline;
  readonly classifier: Classifier;
  readonly loaded: ReadonlyMap<LineageSink, LoadedSink>;
  readonly signal: AbortSignal | undefined;
}

/**
 * Differences of one kind and sink that are listed with their columns. Further ones are only
 * counted.
 */
const LISTED = 50;

/**
 * Compares each row of bronze, silver and quarantine with what its record gives. The survey finds
 * rows that are missing, doubled or without a record. Leaves the differing rows in the table
 * `wrong`.
 * @returns rows that equal what their record gives, by sink
 */
export async function compareValues(
  database: Database,
  comparison: ValueComparison,
  log: DifferenceLog,
): Promise<Readonly<Record<LineageSink, number>>> {
  await database.run(`CREATE TABLE wrong (kind VARCHAR, sink VARCHAR, file BIGINT, partition INTEGER, "offset" BIGINT,
    expected_reason INTEGER, actual_reason INTEGER)`);
  const compared = { bronze: 0, silver: 0, quarantine: 0 };
  for (const slice of slicesOf(comparison.ranges)) {
    for (const sink of Object.keys(VERDICT) as LineageSink[]) {
      const { verdict, reason } = VERDICT[sink];
      await database.run(`
        CREATE OR REPLACE TEMP TABLE looked AS
        SELECT ${verdict} AS kind, a.file, e."offset", e.reason AS expected_reason, ${reason} AS actual_reason
        FROM (SELECT * FROM ${actualTable(sink)} WHERE ${inSlice(slice)}) a
        JOIN (SELECT * FROM expected WHERE ${inSlice(slice)}) e ON a."offset" = e."offset"`);
      const [row] = await database.all('SELECT count(*), count(kind) FROM looked');
      compared[sink] += Number(row?.[0]) - Number(row?.[1]);
      if (Number(row?.[1]) === 0) continue;
      await database.run(`INSERT INTO wrong SELECT kind, '${sink}', file, ${slice.partition}, "offset", expected_reason, actual_reason
        FROM looked WHERE kind IS NOT NULL`);
    }
  }
  await noteWrong(database, comparison, log);
  return compared;
}

/** The verdict on a row, null when it is right; and the reason of its quarantine, 0 for silver. */
const VERDICT: Readonly<Record<LineageSink, { readonly verdict: string; readonly reason: string }>> = {
  bronze: {
    verdict: `CASE WHEN a.digest IS DISTINCT FROM e.bronze THEN 'value-wrong' END`,
    reason: 'e.reason',
  },
  silver: {
    verdict: `CASE WHEN e.reason <> 0 THEN 'wrong-sink'
      WHEN a.digest IS DISTINCT FROM e.digest THEN 'value-wrong' END`,
    reason: '0',
  },
  quarantine: {
    verdict: `CASE WHEN e.reason = 0 THEN 'wrong-sink'
      WHEN a.reason IS DISTINCT FROM e.reason AND a.reason IS DISTINCT FROM e.other_reason THEN 'wrong-reason'
      WHEN a.digest IS DISTINCT FROM e.digest THEN 'value-wrong' END`,
    reason: 'a.reason',
  },
};

async function noteWrong(database: Database, comparison: ValueComparison, log: DifferenceLog): Promise<void> {
  const rows = await database.all(`
    SELECT kind, sink, file, partition, "offset", expected_reason, actual_reason,
      count(*) OVER (PARTITION BY kind, sink), row_number() OVER (PARTITION BY kind, sink ORDER BY partition, "offset", file) AS place
    FROM wrong QUALIFY place <= ${LISTED} ORDER BY kind, sink, place`);
  const { reasons } = comparison.classifier;
  for (const [
    kindCell,
    sinkCell,
    fileCell,
    partitionCell,
    offsetCell,
    expected,
    actual,
    all,
    place,
  ] of rows) {
    const [kind, sink] = [kindCell as DifferenceKind, sinkCell as LineageSink];
    const [file, partition, offset] = [Number(fileCell), Number(partitionCell), Number(offsetCell)];
    const batch = batchOfFileNumber(file);
    const detail =
      kind === 'value-wrong'
        ? await explainValues(database, { ...comparison, sink, batch, partition, offset })
        : `${landed(sink, reasons[Number(actual) - 1])}; by its value it belongs in ${belongs(Number(expected), reasons)}`;
    log.add({ kind, sink, partition, from: offset, to: offset, count: 1, detail });
    if (Number(place) === LISTED) log.addUnlisted({ kind, sink }, Number(all) - LISTED);
  }
}

const landed = (sink: LineageSink, reason: string | undefined): string =>
  sink === 'silver' ? 'in silver' : `in quarantine as ${reason ?? 'a reason that is none'}`;

const belongs = (reason: number, reasons: readonly string[]): string =>
  reason === 0 ? 'silver' : `quarantine as ${reasons[reason - 1]}`;

/**
 * Finds rows of bronze whose offset holds no record. Rows of an aborted transaction are a
 * difference. Rows that compaction removed from the topic after the job read them can no longer be
 * compared. When every offset of the topic is a record, this costs nothing.
 */
export async function noteWithoutRecord(
  database: Database,
  { ranges, compacted, aborted }: Pick<LoadedTopic, 'ranges' | 'compacted' | 'aborted'>,
  log: DifferenceLog,
): Promise<readonly NotCompared[]> {
  if (compacted === 0 && aborted.length === 0) return [];
  await database.run('CREATE TABLE aborted (partition INTEGER, from_offset BIGINT, to_offset BIGINT)');
  await database.append('aborted', [
    { type: 'INTEGER', values: aborted.map(({ partition }) => partition) },
    { type: 'BIGINT', values: aborted.map(({ from }) => BigInt(from)) },
    { type: 'BIGINT', values: aborted.map(({ to }) => BigInt(to)) },
  ]);
  let gone = 0;
  for (const slice of slicesOf(ranges)) {
    const { partition } = slice;
    const noted = new RangeBuilder((from, to) => {
      log.add({ kind: 'aborted', sink: 'bronze', partition, from, to: to - 1, count: to - from });
    });
    const rows = database.rows(`
      SELECT u."offset", a.to_offset IS NOT NULL AND u."offset" < a.to_offset FROM (
        SELECT DISTINCT partition, "offset" FROM ${actualTable('bronze')} b WHERE ${inSlice(slice, 'b')}
          AND NOT EXISTS (SELECT 1 FROM expected e WHERE ${inSlice(slice, 'e')} AND e."offset" = b."offset")) u
      ASOF LEFT JOIN aborted a ON a.partition = u.partition AND u."offset" >= a.from_offset
      ORDER BY u."offset"`);
    for await (const [offset, isAborted] of rows) {
      if (isAborted === true) noted.addRange(Number(offset), Number(offset) + 1);
      else gone += 1;
    }
    noted.end();
  }
  if (gone === 0) return [];
  const reason = 'compaction has removed their records from the topic since they were read';
  return [{ sink: 'bronze', reason, count: gone }];
}

/** Offsets per join. It bounds the memory of a join for a topic of any size. */
const SLICE = 500_000;

/** Cuts the ranges that were read into slices, ascending. */
function* slicesOf(ranges: readonly ReadRange[]): Generator<ReadRange> {
  for (const { partition, from, to } of ranges) {
    for (let start = from; start < to; start += SLICE) {
      yield { partition, from: start, to: Math.min(to, start + SLICE) };
    }
  }
}

/** Whether a row lies in a slice, as SQL. */
function inSlice({ partition, from, to }: ReadRange, alias = ''): string {
  const dot = alias === '' ? '' : `${alias}.`;
  return `${dot}"partition" = ${partition} AND ${dot}"offset" >= ${from} AND ${dot}"offset" < ${to}`;
}

/**
 * The silver rows that the topic's records give, as the input of gold. It needs the table
 * `file_ends`.
 * @param unknownThrough the last micro-batch of those that have the file -1
 */
export function silverOfRecords(
  { ranges, incomplete }: LoadedTopic,
  { silverSql }: ExpectedTable,
  unknownThrough: number | undefined,
): SilverRows {
  return {
    isPartial: (file) => incomplete || batchOfFileNumber(file) <= (unknownThrough ?? -1),
    ...(unknownThrough !== undefined && { batchesUnknownThrough: unknownThrough }),
    async insert(database, statement) {
      for (const slice of slicesOf(ranges)) {
        await database.run(
          statement(`(
            SELECT e.*, b.file AS ${SILVER_FILE} FROM (SELECT * FROM ${silverSql} WHERE ${inSlice(slice)}) e
            ASOF JOIN file_ends b ON b.partition = e.partition AND e."offset" < b.end_offset)`),
        );
      }
    },
  };
}

export interface BatchEndOptions {
  /** Where the job began. */
  readonly start: PartitionOffsets;
  /** The micro-batches in the checkpoint, ascending. */
  readonly known: readonly PlannedBatch[];
  /** What was pruned from bronze. */
  readonly bronzeLedger: PruneLedger | undefined;
}

/**
 * Fills the table `file_ends` with the offsets at which each micro-batch of `ingest`, or part of
 * one, ended in each partition: a record belongs to the first with a larger `end_offset`. The
 * checkpoint has the last hundred. The files show where older ones and parts ended, and what they
 * no longer show has the file -1.
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
      // Where the ledger does not have the offset, less of a partition may have been pruned.
      unknownThrough = bronzeLedger.keptFrom === undefined ? first.batch : pruned;
    }
    for (const [file, partition, , offset] of rows) {
      end = new Map(end).set(Number(partition), Number(offset));
      ends.push([Number(file), end]);
    }
  } else if (first !== undefined && first.batch > 0) {
    // Bronze is pruned beyond the oldest entry of the checkpoint.
    ends.push([-1, first.end]);
    unknownThrough = first.batch;
  }
  const parts = await endsOfParts(database);
  for (const { batch, end } of known) {
    const ofBatch = parts.get(batch) ?? [];
    ends.push(...ofBatch);
    // Everything after the other parts belongs to the last part.
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

/** The number of the first file of a micro-batch. */
const firstFile = (batch: number): number => fileNumber({ batch, part: undefined });

/**
 * Where the parts of micro-batches with several parts ended, as far as they have rows: by
 * micro-batch, in their order.
 */
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

/**
 * Where the last pruned micro-batch ended: from the ledger, or from where the remaining files
 * begin.
 */
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
