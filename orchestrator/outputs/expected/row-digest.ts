import { hash } from 'node:crypto';
import { QUARANTINE_REASONS } from './quarantine-reason.ts';
import { type SilverPayload, TEXT_COLUMNS } from './silver-payload.ts';

/*
 * 64 bits of MD5 over a row's values stand for them where millions of rows are compared: the same text is made in TypeScript of what
 * a record should become, and in SQL of what a file holds. A text is preceded by its length in bytes, a missing value is a hyphen, so
 * that different rows never make the same text. lat and lon are compared as numbers beside it.
 */

/** Of a bronze row. */
export function bronzeDigest(key: string | null, value: string | null, kafkaUs: bigint): bigint {
  return digest(`${field(key)}${field(value)}${kafkaUs}`);
}

/** The same of a bronze file's columns, as SQL. */
export const BRONZE_DIGEST_SQL = digestSql([fieldSql('key'), fieldSql('value'), instantSql('kafka_ts')]);

/** Of a silver row without lat and lon. */
export function silverDigest({ texts, cents, eventUs }: SilverPayload, kafkaUs: bigint): bigint {
  let text = '';
  for (const value of texts) text += field(value);
  return digest(`${text}${cents},${eventUs},${kafkaUs}`);
}

/** The same of a silver file's columns, as SQL. */
export const SILVER_DIGEST_SQL = digestSql([
  ...TEXT_COLUMNS.map(fieldSql),
  `coalesce((amount * 100)::BIGINT::VARCHAR, '-') || ','`,
  `${instantSql('event_time')} || ','`,
  instantSql('kafka_ts'),
]);

/** Of a quarantine row without its reason. */
export function quarantineDigest(value: string | null, kafkaUs: bigint): bigint {
  return digest(`${field(value)}${kafkaUs}`);
}

/** The same of a quarantine file's columns, as SQL. */
export const QUARANTINE_DIGEST_SQL = digestSql([fieldSql('bad_json'), instantSql('bad_ingest_ts')]);

/** A reason's number (from 1; 0 stands for silver), 255 for a text that is none, as SQL. */
export const REASON_NUMBER_SQL = `CASE reason ${QUARANTINE_REASONS.map(
  (reason, at) => `WHEN '${reason}' THEN ${at + 1}`,
).join(' ')} ELSE 255 END::UTINYINT`;

function digest(text: string): bigint {
  // As DuckDB's md5_number_lower reads it.
  return hash('md5', text, 'buffer').readBigUInt64LE(8);
}

function field(text: string | null): string {
  return text === null ? '-' : `${Buffer.byteLength(text)}:${text}`;
}

function digestSql(parts: readonly string[]): string {
  return `md5_number_lower(${parts.join(' || ')})`;
}

function fieldSql(column: string): string {
  return `coalesce(strlen(${column}) || ':' || ${column}, '-')`;
}

function instantSql(column: string): string {
  return `coalesce(epoch_us(${column})::VARCHAR, '-')`;
}
