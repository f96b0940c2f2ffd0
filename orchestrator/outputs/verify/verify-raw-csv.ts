import type { Database } from '../duckdb/database.ts';
import { readPruneLedgers } from '../prune-ledger.ts';
import type { SinkName } from '../sinks.ts';
import { compareRawCsv, type RawCsvComparison, rawCsvRows, surveyRawCsv } from './compare-raw-csv.ts';
import type { DifferenceLog } from './difference.ts';
import { noteFiles } from './note-files.ts';

/**
 * raw_csv against silver.
 * @returns raw_csv's rows
 */
export async function verifyRawCsv(
  database: Database,
  comparison: RawCsvComparison,
  log: DifferenceLog,
): Promise<number> {
  const { outputPath } = comparison;
  const loaded = await surveyRawCsv(database, comparison);
  const ledgers = await readPruneLedgers(outputPath);
  const prunedThrough = (sink: SinkName) => ledgers.get(sink)?.throughBatch ?? -1;
  noteFiles('raw_csv', loaded.rawCsv, prunedThrough('raw_csv'), log);
  const pruned = Math.max(prunedThrough('silver'), prunedThrough('raw_csv'));
  await compareRawCsv(database, loaded, pruned, comparison, log);
  return rawCsvRows(database, prunedThrough('raw_csv'));
}
