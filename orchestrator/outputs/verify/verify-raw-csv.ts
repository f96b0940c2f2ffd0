import type { Database } from '../duckdb/database.ts';
import { readPruneLedgers } from '../prune-ledger.ts';
import type { SinkName } from '../sinks.ts';
import { compareRawCsv, type RawCsvComparison, rawCsvRows, surveyTransactions } from './compare-raw-csv.ts';
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
  const { outputPath, scope } = comparison;
  const loaded = await surveyTransactions(database, comparison);
  const ledgers = await readPruneLedgers(outputPath);
  const prunedThrough = (sink: SinkName) => ledgers.get(sink)?.throughBatch ?? -1;
  noteFiles('raw_csv', loaded.rawCsv, prunedThrough('raw_csv'), log);
  const pruned = Math.max(prunedThrough('silver'), prunedThrough('raw_csv'));
  await compareRawCsv(database, loaded, pruned, scope, log);
  return rawCsvRows(database, prunedThrough('raw_csv'));
}
