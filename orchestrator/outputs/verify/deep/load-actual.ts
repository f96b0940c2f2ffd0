import type { Pipeline } from '../../../pipeline/model.ts';
import { type Database, sqlText } from '../../duckdb/database.ts';
import { NUMBER_OF_FILE } from '../../duckdb/file-source.ts';
import { type LoadedSink, loadSink } from '../../duckdb/load-sink.ts';
import { BRONZE_TEXTS_SQL, digestSql, QUARANTINE_TEXTS_SQL, silverTexts } from '../../expected/row-digest.ts';
import { columnsOfOutput } from '../../sink-columns.ts';
import { LINEAGE_SINKS, type LineageSink } from '../survey-offsets.ts';

/** What is taken of a sink's rows beyond the file's number, partition and offset: a digest, and of quarantine the reason's number. */
interface Taken {
  readonly taken: string;
  readonly select: string;
}

function takenOf(sink: LineageSink, pipeline: Pipeline, reasons: readonly string[]): Taken {
  const taken = 'digest UBIGINT';
  switch (sink) {
    case 'bronze':
      return { taken, select: digestSql(BRONZE_TEXTS_SQL) };
    case 'silver':
      return { taken, select: digestSql(silverTexts(pipeline).sql) };
    case 'quarantine':
      return {
        taken: `${taken}, reason INTEGER`,
        select: `${digestSql(QUARANTINE_TEXTS_SQL)}, ${reasonNumberSql(reasons)}`,
      };
  }
}

/** A reason's number (from 1; 0 stands for silver), -1 for a text that is none, as SQL. */
function reasonNumberSql(reasons: readonly string[]): string {
  const cases = reasons.map((reason, at) => `WHEN ${sqlText(reason)} THEN ${at + 1}`);
  return `CASE reason ${cases.join(' ')} ELSE -1 END`;
}

/** The table of a sink's rows by partition and offset, with digests for their values. */
export const actualTable = (sink: LineageSink): string => `actual_${sink}`;

/** Takes a row for each row of bronze, silver and quarantine into tables: digests instead of values, so some 30 bytes each. */
export async function loadActual(
  database: Database,
  options: {
    readonly outputPath: string;
    readonly topic: string;
    readonly pipeline: Pipeline;
    /** Every reason of quarantine. */
    readonly reasons: readonly string[];
    readonly through: number;
    readonly onProgress: (sink: LineageSink) => void;
  },
): Promise<ReadonlyMap<LineageSink, LoadedSink>> {
  const loaded = new Map<LineageSink, LoadedSink>();
  for (const sink of LINEAGE_SINKS) {
    options.onProgress(sink);
    const { taken, select } = takenOf(sink, options.pipeline, options.reasons);
    await database.run(
      `CREATE TABLE ${actualTable(sink)} (file BIGINT, partition INTEGER, "offset" BIGINT, ${taken})`,
    );
    const { outputPath, through } = options;
    const insert = (source: string) => `
      INSERT INTO ${actualTable(sink)}
      SELECT ${NUMBER_OF_FILE}, "partition", "offset", ${select} FROM ${source}
      WHERE topic = ${sqlText(options.topic)}`;
    loaded.set(
      sink,
      await loadSink(database, {
        outputPath,
        sink,
        columns: columnsOfOutput(options.pipeline, sink),
        through,
        insert,
      }),
    );
  }
  return loaded;
}
