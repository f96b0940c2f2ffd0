import { hash } from 'node:crypto';
import { type Column, LINEAGE, silverColumns } from '../../pipeline/columns.ts';
import type { Pipeline } from '../../pipeline/model.ts';
import { quoted } from '../duckdb/expression-sql.ts';
import { columnText, columnTextSql, lengthAndBytes, lengthAndText } from './column-text.ts';
import type { SilverRow } from './expression-value.ts';

/*
 * 64 bits of MD5 over the texts of a row's columns stand for them where millions of rows are compared. Topic, partition and offset are not
 * in it: by these the rows are found.
 */

/** A record as bronze has it. */
export interface BronzeValues {
  readonly key: string | null;
  readonly value: string | null;
  /** Unix microseconds. */
  readonly kafkaUs: bigint;
  readonly headers: readonly Header[];
  /** The value's bytes where `value` is not faithful to them. */
  readonly valueBytes: Buffer | null;
}

export interface Header {
  readonly key: string;
  readonly value: Buffer | null;
}

/** Bronze's columns of values, each as its text in SQL. */
export const BRONZE_TEXTS_SQL: Readonly<Record<string, string>> = {
  key: columnTextSql({ kind: 'string' }, 'key'),
  value: columnTextSql({ kind: 'string' }, 'value'),
  kafka_ts: columnTextSql({ kind: 'timestamp' }, 'kafka_ts'),
  headers: `coalesce('[' || array_to_string(list_transform(headers,
    lambda h: ${columnTextSql({ kind: 'string' }, "struct_extract(h, 'key')")} || ${bytesSql("struct_extract(h, 'value')")}), '') || ']', '-')`,
  value_bytes: bytesSql('value_bytes'),
};

/** The same of a record, by column. Spark has NULL where a record has no headers. */
export function bronzeTexts({ key, value, kafkaUs, headers, valueBytes }: BronzeValues): readonly string[] {
  const each = headers.map((header) => `${lengthAndText(header.key)}${lengthAndBytes(header.value)}`);
  return [
    key === null ? '-' : lengthAndText(key),
    value === null ? '-' : lengthAndText(value),
    `${kafkaUs},`,
    headers.length === 0 ? '-' : `[${each.join('')}]`,
    lengthAndBytes(valueBytes),
  ];
}

/** Quarantine's columns of values but the reason. What `detail` says is words: only that it says something is compared. */
export const QUARANTINE_TEXTS_SQL: Readonly<Record<string, string>> = {
  bad_json: columnTextSql({ kind: 'string' }, 'bad_json'),
  bad_ingest_ts: columnTextSql({ kind: 'timestamp' }, 'bad_ingest_ts'),
  detail: `CASE WHEN detail <> '' THEN '+' ELSE '-' END`,
};

/** The same of a record. */
export function quarantineTexts({
  value,
  kafkaUs,
}: Pick<BronzeValues, 'value' | 'kafkaUs'>): readonly string[] {
  return [value === null ? '-' : lengthAndText(value), `${kafkaUs},`, '+'];
}

/** Silver's columns of values by a pipeline, the first ones of a row: their texts in SQL, and of a row that a record should make. */
export function silverTexts({ fields, eventTime }: Pick<Pipeline, 'fields' | 'eventTime'>): {
  readonly columns: readonly Column[];
  readonly sql: Readonly<Record<string, string>>;
  readonly of: (row: SilverRow) => readonly string[];
} {
  const columns = silverColumns(fields, eventTime).filter(({ name }) => !LINEAGE.includes(name));
  const texts = columns.map(({ type }) => columnText(type));
  return {
    columns,
    sql: Object.fromEntries(columns.map(({ name, type }) => [name, columnTextSql(type, quoted(name))])),
    of: (row) => texts.map((text, at) => text(row[at] ?? null)),
  };
}

export function digestOf(texts: readonly string[]): bigint {
  // As DuckDB's md5_number_lower reads it.
  return hash('md5', texts.join(''), 'buffer').readBigUInt64LE(8);
}

export function digestSql(texts: Readonly<Record<string, string>>): string {
  return `md5_number_lower(${Object.values(texts).join(' || ')})`;
}

function bytesSql(sql: string): string {
  return `coalesce(octet_length(${sql}) || ':' || hex(${sql}), '-')`;
}
