import type { Pipeline } from '../../../pipeline/model.ts';
import type { Database } from '../../duckdb/database.ts';
import type { LoadedSink } from '../../duckdb/load-sink.ts';
import type { Classifier } from '../../expected/classify.ts';
import { batchOfFileNumber } from '../../sinks.ts';
import type { DifferenceKind, DifferenceLog } from '../difference.ts';
import type { LineageSink } from '../survey-offsets.ts';
import type { TopicReader } from '../topic-reader.ts';
import { explainValues } from './explain-values.ts';
import { actualTable } from './load-actual.ts';
import type { ReadRange } from './load-expected.ts';
import { inSlice, slicesOf } from './slices.ts';

export interface ValueComparison {
  readonly ranges: readonly ReadRange[];
  readonly source: TopicReader;
  readonly topic: string;
  readonly pipeline: Pipeline;
  readonly classifier: Classifier;
  readonly loaded: ReadonlyMap<LineageSink, LoadedSink>;
  readonly signal: AbortSignal | undefined;
}

/** Differences of one kind and sink that are listed with their columns; the others are counted. */
const LISTED = 50;

/**
 * Compares each row of bronze, silver and quarantine with what its record gives. Rows that are missing, doubled or without a record
 * are the survey's business. Leaves the differing rows in the table `wrong`.
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

/** What is to be said of a row, null when it is right; and the reason it was quarantined for, 0 for silver. */
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
