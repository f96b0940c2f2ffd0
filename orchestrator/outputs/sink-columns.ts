import { type Column, goldColumns, silverColumns, WINDOW } from '../pipeline/columns.ts';
import type { Pipeline } from '../pipeline/model.ts';
import { sqlType } from './duckdb/expression-sql.ts';
import type { OutputName } from './sinks.ts';

/** Columns by name, with the types that they have as tables. */
export type SqlColumns = Readonly<Record<string, string>>;

const LINEAGE_SQL: SqlColumns = { topic: 'VARCHAR', partition: 'INTEGER', offset: 'BIGINT' };

/** Bronze's columns, the same for every pipeline. */
const BRONZE: SqlColumns = {
  key: 'VARCHAR',
  value: 'VARCHAR',
  kafka_ts: 'TIMESTAMP',
  ...LINEAGE_SQL,
  headers: 'STRUCT("key" VARCHAR, "value" BLOB)[]',
  value_bytes: 'BLOB',
};

/** Quarantine's columns, the same for every pipeline. */
export const QUARANTINE: SqlColumns = {
  bad_json: 'VARCHAR',
  bad_ingest_ts: 'TIMESTAMP',
  reason: 'VARCHAR',
  detail: 'VARCHAR',
  ...LINEAGE_SQL,
};

/**
 * The columns of a sink or gold table, by the output contract, with the types that they have as tables. Instants are TIMESTAMP in UTC,
 * since DuckDB reckons with TIMESTAMPTZ several times slower; within objects and arrays they are as in the file. raw_csv is text
 * as it stands in the file.
 */
export function columnsOfOutput(pipeline: Pipeline, output: OutputName): SqlColumns {
  switch (output) {
    case 'bronze':
      return BRONZE;
    case 'quarantine':
      return QUARANTINE;
    case 'silver':
      return { ...sqlColumns(silverColumns(pipeline.fields, pipeline.eventTime)), ...LINEAGE_SQL };
    case 'raw_csv':
      return Object.fromEntries(pipeline.rawCsv.columns.map((name) => [name, 'VARCHAR']));
    default:
      return goldTableColumns(pipeline, output);
  }
}

function goldTableColumns(pipeline: Pipeline, name: string): SqlColumns {
  const table = pipeline.gold.find((each) => each.name === name);
  if (!table) throw new Error(`the pipeline ${pipeline.name} has no gold table ${name}`);
  const { keys, measures } = goldColumns(pipeline, table);
  return sqlColumns([...keys, ...WINDOW, ...measures]);
}

function sqlColumns(columns: readonly Column[]): SqlColumns {
  return Object.fromEntries(columns.map(({ name, type }) => [name, sqlType(type)]));
}
