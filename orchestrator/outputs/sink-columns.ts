import { silverColumns, typeOfColumn } from '../pipeline/columns.ts';
import type { ColumnType, Pipeline } from '../pipeline/model.ts';
import { sqlType } from './duckdb/expression-sql.ts';
import { isSinkName, type OutputName, type SinkName } from './sinks.ts';

/** Columns by name, with the types that they have as tables. */
export type SqlColumns = Readonly<Record<string, string>>;

/**
 * The columns of every sink of `ingest`, by the output contract, with the types that they have as tables. Instants are TIMESTAMP in UTC, since
 * DuckDB reckons with TIMESTAMPTZ several times slower; raw_csv is text as it stands in the file.
 */
export const SINK_COLUMNS: Readonly<Record<SinkName, SqlColumns>> = {
  bronze: {
    key: 'VARCHAR',
    value: 'VARCHAR',
    kafka_ts: 'TIMESTAMP',
    topic: 'VARCHAR',
    partition: 'INTEGER',
    offset: 'BIGINT',
  },
  silver: {
    txn_id: 'VARCHAR',
    user_id: 'VARCHAR',
    card_id: 'VARCHAR',
    merchant: 'VARCHAR',
    category: 'VARCHAR',
    amount: 'DECIMAL(18,2)',
    currency: 'VARCHAR',
    status: 'VARCHAR',
    city: 'VARCHAR',
    country: 'VARCHAR',
    lat: 'DOUBLE',
    lon: 'DOUBLE',
    event_time: 'TIMESTAMP',
    kafka_ts: 'TIMESTAMP',
    topic: 'VARCHAR',
    partition: 'INTEGER',
    offset: 'BIGINT',
  },
  quarantine: {
    bad_json: 'VARCHAR',
    bad_ingest_ts: 'TIMESTAMP',
    reason: 'VARCHAR',
    topic: 'VARCHAR',
    partition: 'INTEGER',
    offset: 'BIGINT',
  },
  raw_csv: {
    txn_id: 'VARCHAR',
    event_time: 'VARCHAR',
    user_id: 'VARCHAR',
    card_id: 'VARCHAR',
    merchant: 'VARCHAR',
    category: 'VARCHAR',
    amount: 'VARCHAR',
    currency: 'VARCHAR',
    status: 'VARCHAR',
    city: 'VARCHAR',
    country: 'VARCHAR',
    lat: 'VARCHAR',
    lon: 'VARCHAR',
  },
};

/** The columns of a sink or gold table. */
export function columnsOfOutput(pipeline: Pipeline, output: OutputName): SqlColumns {
  if (isSinkName(output)) return SINK_COLUMNS[output];
  const table = pipeline.gold.find(({ name }) => name === output);
  if (!table) throw new Error(`the pipeline ${pipeline.name} has no gold table ${output}`);
  const silver = silverColumns(pipeline.fields, pipeline.eventTime);
  const keys = table.groupBy.map((name) => [name, sqlType(typeOfColumn(name, silver) as ColumnType)]);
  const measures = table.measures.map(({ name, type }) => [name, sqlType(type)]);
  return Object.fromEntries([
    ...keys,
    ['window_start', 'TIMESTAMP'],
    ['window_end', 'TIMESTAMP'],
    ...measures,
  ]);
}
