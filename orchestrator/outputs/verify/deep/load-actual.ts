import { type Database, sqlText } from '../../duckdb/database.ts';
import { BATCH_OF_FILENAME } from '../../duckdb/file-source.ts';
import { type LoadedSink, loadSink } from '../../duckdb/load-sink.ts';
import {
  BRONZE_DIGEST_SQL,
  QUARANTINE_DIGEST_SQL,
  REASON_NUMBER_SQL,
  SILVER_DIGEST_SQL,
} from '../../expected/row-digest.ts';
import { LINEAGE_SINKS, type LineageSink } from '../survey-offsets.ts';

/** Beyond batch, partition and offset: the columns of each sink's table, and how they come from its files. */
const COLUMNS: Readonly<Record<LineageSink, { readonly table: string; readonly select: string }>> = {
  bronze: { table: 'digest UBIGINT', select: BRONZE_DIGEST_SQL },
  silver: {
    table: 'digest UBIGINT, lat DOUBLE, lon DOUBLE',
    select: `${SILVER_DIGEST_SQL}, lat, lon`,
  },
  quarantine: {
    table: 'digest UBIGINT, reason UTINYINT',
    select: `${QUARANTINE_DIGEST_SQL}, ${REASON_NUMBER_SQL}`,
  },
};

/** The table of a sink's rows by partition and offset, with digests for their values. */
export const actualTable = (sink: LineageSink): string => `actual_${sink}`;

/** Takes a row for each row of bronze, silver and quarantine into tables: digests instead of values, so some 30 bytes each. */
export async function loadActual(
  database: Database,
  options: {
    readonly outputPath: string;
    readonly topic: string;
    readonly through: number;
    readonly onProgress: (sink: LineageSink) => void;
  },
): Promise<ReadonlyMap<LineageSink, LoadedSink>> {
  const loaded = new Map<LineageSink, LoadedSink>();
  for (const sink of LINEAGE_SINKS) {
    options.onProgress(sink);
    const { table, select } = COLUMNS[sink];
    await database.run(
      `CREATE TABLE ${actualTable(sink)} (batch BIGINT, partition INTEGER, "offset" BIGINT, ${table})`,
    );
    const { outputPath, through } = options;
    const insert = (source: string) => `
      INSERT INTO ${actualTable(sink)}
      SELECT ${BATCH_OF_FILENAME}, "partition", "offset", ${select} FROM ${source}
      WHERE topic = ${sqlText(options.topic)}`;
    loaded.set(sink, await loadSink(database, { outputPath, sink, through, insert }));
  }
  return loaded;
}
