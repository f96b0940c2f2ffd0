import type { SinkFile } from '../committed-files.ts';
import type { Cell, Database } from '../duckdb/database.ts';
import { BATCH_OF_FILENAME, sourceOf } from '../duckdb/file-source.ts';
import { type LoadedSink, loadSink } from '../duckdb/load-sink.ts';
import { isVanished } from '../duckdb/vanished.ts';
import type { DifferenceLog } from './difference.ts';

const SINKS_COMPARED = ['silver', 'raw_csv'] as const;

export interface RawCsvComparison {
  readonly outputPath: string;
  readonly through: number;
}

/**
 * Reads rows and txn_ids per micro-batch of raw_csv and silver. The txn_ids of a batch are compared as a multiset by their number and the
 * sum of their 64-bit hashes, so that memory does not grow with them.
 */
export async function surveyTransactions(
  database: Database,
  { outputPath, through }: RawCsvComparison,
): Promise<{ readonly silver: LoadedSink; readonly rawCsv: LoadedSink }> {
  await database.run('CREATE TABLE transactions (sink VARCHAR, batch BIGINT, rows BIGINT, hashes HUGEINT)');
  const load = (sink: (typeof SINKS_COMPARED)[number]) =>
    loadSink(database, {
      outputPath,
      sink,
      through,
      insert: (source) => `
        INSERT INTO transactions
        SELECT '${sink}', ${BATCH_OF_FILENAME}, rows, hashes FROM (
          SELECT filename, count(*) AS rows, coalesce(sum(hash(txn_id)), 0) AS hashes FROM ${source} GROUP BY 1)`,
    });
  return { silver: await load('silver'), rawCsv: await load('raw_csv') };
}

/** Rows of raw_csv in files of micro-batches after `prunedThrough`. */
export async function rawCsvRows(database: Database, prunedThrough: number): Promise<number> {
  const [row] = await database.all(
    `SELECT coalesce(sum(rows), 0)::BIGINT FROM transactions WHERE sink = 'raw_csv' AND batch > ${prunedThrough}`,
  );
  return Number(row?.[0] ?? 0);
}

/** Notes micro-batches whose raw_csv does not hold what silver holds, of those of which neither was pruned. */
export async function compareRawCsv(
  database: Database,
  loaded: { readonly silver: LoadedSink; readonly rawCsv: LoadedSink },
  prunedThrough: number,
  log: DifferenceLog,
): Promise<void> {
  const differing = database.rows(`
    SELECT batch, silver, csv FROM (
      SELECT batch,
        coalesce(sum(rows) FILTER (sink = 'silver'), 0)::BIGINT AS silver,
        coalesce(sum(rows) FILTER (sink = 'raw_csv'), 0)::BIGINT AS csv,
        coalesce(sum(hashes) FILTER (sink = 'silver'), 0) AS silver_hashes,
        coalesce(sum(hashes) FILTER (sink = 'raw_csv'), 0) AS csv_hashes
      FROM transactions WHERE batch > ${prunedThrough} GROUP BY batch)
    WHERE silver <> csv OR silver_hashes <> csv_hashes ORDER BY batch`);
  const others: number[] = [];
  for await (const [batchCell, silverCell, csvCell] of differing) {
    const [batch, silver, csv] = [Number(batchCell), Number(silverCell), Number(csvCell)];
    if (silver === csv) {
      others.push(batch);
      continue;
    }
    const detail = `batch ${batch} has ${csv} rows in raw_csv and ${silver} in silver`;
    log.add({ kind: 'csv-rows', sink: 'raw_csv', count: Math.abs(silver - csv), detail });
  }
  for (const batch of others) {
    const examples =
      log.room('csv-txns', 'raw_csv') > 0 ? await differingTransactions(database, loaded, batch) : '';
    log.add({
      kind: 'csv-txns',
      sink: 'raw_csv',
      count: 1,
      detail: `batch ${batch} has other txn_ids in raw_csv than in silver${examples}`,
    });
  }
}

/** Names one txn_id of each side that the other lacks; nothing when a file was pruned meanwhile. */
async function differingTransactions(
  database: Database,
  loaded: { readonly silver: LoadedSink; readonly rawCsv: LoadedSink },
  batch: number,
): Promise<string> {
  const ofBatch = (sink: LoadedSink): readonly SinkFile[] =>
    sink.files.filter((file) => file.batch === batch);
  const silver = sourceOf('silver', ofBatch(loaded.silver));
  const csv = sourceOf('raw_csv', ofBatch(loaded.rawCsv));
  const only = (one: string, other: string) =>
    `(SELECT min(txn_id) FROM (SELECT txn_id FROM ${one} EXCEPT ALL SELECT txn_id FROM ${other}))`;
  try {
    const [row] = await database.all(`SELECT ${only(csv, silver)}, ${only(silver, csv)}`);
    return `: ${shown(row?.[0])} only in raw_csv, ${shown(row?.[1])} only in silver`;
  } catch (error) {
    if (isVanished(error)) return '';
    throw error;
  }
}

/** A value with its spaces and control characters visible, and not a megabyte of it. */
const shown = (cell: Cell | undefined): string => JSON.stringify(String(cell).slice(0, 100));
