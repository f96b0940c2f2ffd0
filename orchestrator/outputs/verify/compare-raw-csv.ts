import type { Pipeline } from '../../pipeline/model.ts';
import type { Database } from '../duckdb/database.ts';
import { BATCH_OF_FILE, FILE } from '../duckdb/file-source.ts';
import { loadSink } from '../duckdb/load-sink.ts';
import { columnsOfOutput } from '../sink-columns.ts';
import { type CsvColumn, type CsvScope, csvColumns, rowHash } from './csv-columns.ts';
import type { DifferenceLog } from './difference.ts';
import { type CsvFiles, explainCsv } from './explain-csv.ts';

const SINKS_COMPARED = ['silver', 'raw_csv'] as const;

export interface RawCsvComparison {
  readonly outputPath: string;
  readonly pipeline: Pipeline;
  readonly through: number;
  /** What of each row is compared: all columns cost several times what one does. */
  readonly scope: CsvScope;
}

/**
 * Reads rows and their hashes per micro-batch of raw_csv and silver. The rows of a batch are compared as a multiset by their number and
 * the sum of their 64-bit hashes, so that memory does not grow with them.
 */
export async function surveyRawCsv(
  database: Database,
  { outputPath, pipeline, through, scope }: RawCsvComparison,
): Promise<CsvFiles> {
  const columns = csvColumns(pipeline);
  await database.run('CREATE TABLE csv_batches (sink VARCHAR, batch BIGINT, rows BIGINT, hashes HUGEINT)');
  const load = (sink: (typeof SINKS_COMPARED)[number]) =>
    loadSink(database, {
      outputPath,
      sink,
      through,
      columns: columnsOfOutput(pipeline, sink),
      insert: (source) => `
        INSERT INTO csv_batches
        SELECT '${sink}', ${BATCH_OF_FILE}, rows, hashes FROM (
          SELECT ${FILE}, count(*) AS rows, coalesce(sum(${rowHash(columns, sink, scope)}), 0) AS hashes FROM ${source} GROUP BY 1)`,
    });
  return { silver: await load('silver'), rawCsv: await load('raw_csv') };
}

/** Rows of raw_csv in files of micro-batches after `prunedThrough`. */
export async function rawCsvRows(database: Database, prunedThrough: number): Promise<number> {
  const [row] = await database.all(
    `SELECT coalesce(sum(rows), 0)::BIGINT FROM csv_batches WHERE sink = 'raw_csv' AND batch > ${prunedThrough}`,
  );
  return Number(row?.[0] ?? 0);
}

/** Notes micro-batches whose raw_csv does not hold what silver holds, of those of which neither was pruned. */
export async function compareRawCsv(
  database: Database,
  loaded: CsvFiles,
  prunedThrough: number,
  { pipeline, scope }: Pick<RawCsvComparison, 'pipeline' | 'scope'>,
  log: DifferenceLog,
): Promise<void> {
  const differing = database.rows(`
    SELECT batch, silver, csv FROM (
      SELECT batch,
        coalesce(sum(rows) FILTER (sink = 'silver'), 0)::BIGINT AS silver,
        coalesce(sum(rows) FILTER (sink = 'raw_csv'), 0)::BIGINT AS csv,
        coalesce(sum(hashes) FILTER (sink = 'silver'), 0) AS silver_hashes,
        coalesce(sum(hashes) FILTER (sink = 'raw_csv'), 0) AS csv_hashes
      FROM csv_batches WHERE batch > ${prunedThrough} GROUP BY batch)
    WHERE silver <> csv OR silver_hashes <> csv_hashes ORDER BY batch`);
  const found: { batch: number; silver: number; csv: number }[] = [];
  for await (const [batch, silver, csv] of differing) {
    found.push({ batch: Number(batch), silver: Number(silver), csv: Number(csv) });
  }
  const columns = csvColumns(pipeline);
  const kindOfOthers = scope === 'first column' ? 'csv-txns' : 'csv-values';
  for (const { batch, silver, csv } of found) {
    const kind = silver === csv ? kindOfOthers : 'csv-rows';
    const examples =
      log.room(kind, 'raw_csv') > 0
        ? await explainCsv(database, { loaded, batch, pipeline, columns, scope })
        : [];
    log.add({
      kind,
      sink: 'raw_csv',
      count: Math.max(1, Math.abs(silver - csv)),
      detail: `${sentenceOn(batch, silver, csv, whatDiffers(columns, scope))}${examples.length > 0 ? `: ${examples.join('; ')}` : ''}`,
    });
  }
}

function sentenceOn(batch: number, silver: number, csv: number, what: string): string {
  if (silver !== csv) return `batch ${batch} has ${csv} rows in raw_csv and ${silver} in silver`;
  return `batch ${batch} has other ${what} in raw_csv than in silver`;
}

const whatDiffers = ([first]: readonly CsvColumn[], scope: CsvScope): string =>
  scope === 'first column' ? `${first?.name}s` : 'values';
