import type { SinkName } from './sinks.ts';

/**
 * The columns of every sink, by the output contract, with the types that they have as tables. Instants are TIMESTAMP in UTC, since
 * DuckDB reckons with TIMESTAMPTZ several times slower; raw_csv is text as it stands in the file.
 */
export const SINK_COLUMNS: Readonly<Record<SinkName, Readonly<Record<string, string>>>> = {
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
  gold: {
    card_id: 'VARCHAR',
    window_start: 'TIMESTAMP',
    window_end: 'TIMESTAMP',
    txn_count: 'BIGINT',
    sum_amount: 'DECIMAL(28,2)',
    avg_amount: 'DECIMAL(22,6)',
    max_amount: 'DECIMAL(18,2)',
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
