import { hash } from 'node:crypto';
import { sqlText } from '../../lake/database.ts';
import { memberSql, quoted } from '../../lake/pipeline-sql.ts';
import {
  type ArrayType,
  type Column,
  type ColumnType,
  columnType,
  type DecimalType,
  LINEAGE,
  type ObjectType,
  type Pipeline,
  silverColumns,
  type Type,
} from '../../pipeline/model.ts';
import type { SilverRow } from '../oracle/expression-value.ts';
import { decimalText, type Value } from '../oracle/field-value.ts';

/*
 * The text of a column's value for the comparison of rows. TypeScript makes it from what a record
 * should become, and SQL makes the same text from what a file holds. Different values never give
 * the same text, even when several follow each other: a text is preceded by its length in bytes,
 * other scalars end in a comma, and a missing value is a hyphen.
 */

type AnyType = Type | ColumnType;

const MISSING = '-';

/** Returns the conversion of the type's values to their texts. */
function columnText(type: AnyType): (value: Value) => string {
  const present = presentText(type);
  return (value) => (value === null ? MISSING : present(value));
}

function presentText(type: AnyType): (value: NonNullable<Value>) => string {
  switch (type.kind) {
    case 'string':
      return (value) => lengthAndText(String(value));
    case 'double':
      return (value) => `${bitsOf(Number(value))},`;
    case 'decimal':
      return (value) => `${decimalText(value as bigint, type.scale)},`;
    case 'object': {
      const members = type.fields.map((field) => columnText(field.type));
      return (value) =>
        `{${members.map((text, at) => text((value as readonly Value[])[at] ?? null)).join('')}`;
    }
    case 'array': {
      const element = columnText(type.items.type);
      return (value) => `[${(value as readonly Value[]).map(element).join('')}]`;
    }
    default:
      return (value) => `${value},`;
  }
}

/** A text after its length in bytes. */
function lengthAndText(text: string): string {
  return `${Buffer.byteLength(text)}:${text}`;
}

/** Bytes after their length, in hexadecimal digits. */
function lengthAndBytes(bytes: Buffer | null): string {
  return bytes === null ? MISSING : `${bytes.length}:${bytes.toString('hex').toUpperCase()}`;
}

const double = new DataView(new ArrayBuffer(8));

/** A double's 64 bits as an integer. 0 and -0 are the same number. */
function bitsOf(value: number): bigint {
  double.setFloat64(0, value === 0 ? 0 : value);
  return double.getBigInt64(0);
}

/**
 * The form of a relation's scalars in SQL: with their types, or all as text, as in JSON and CSV.
 */
export type Notation = 'typed' | 'text';

/** The text of a column as SQL, equal to that of `columnText`. @param sql the column */
export function columnTextSql(type: AnyType, sql: string, notation: Notation = 'typed', depth = 0): string {
  return `coalesce(${presentTextSql(type, sql, notation, depth)}, '${MISSING}')`;
}

function presentTextSql(type: AnyType, sql: string, notation: Notation, depth: number): string {
  switch (type.kind) {
    case 'string':
      return `strlen(${sql}) || ':' || ${sql}`;
    case 'object':
      return `CASE WHEN ${sql} IS NOT NULL THEN '{' ${membersSql(type, sql, notation, depth)} END`;
    case 'array':
      return elementsSql(type, sql, notation, depth);
    default:
      return `${scalarSql(columnType(type) as ColumnType, sql, notation)} || ','`;
  }
}

const membersSql = ({ fields }: ObjectType, sql: string, notation: Notation, depth: number): string =>
  fields
    .map(({ name, type }) => `|| ${columnTextSql(type, memberSql(sql, name), notation, depth)}`)
    .join(' ');

function elementsSql({ items }: ArrayType, sql: string, notation: Notation, depth: number): string {
  const element = `e${depth}`;
  const text = columnTextSql(items.type, element, notation, depth + 1);
  return `'[' || array_to_string(list_transform(${sql}, lambda ${element}: ${text}), '') || ']'`;
}

function scalarSql(type: ColumnType, sql: string, notation: Notation): string {
  const typed = notation === 'typed' ? sql : fromText(type, sql);
  switch (type.kind) {
    case 'double':
      return `(CASE WHEN ${typed} = 0 THEN 0 ELSE ${typed} END)::DOUBLE::BIT::BIGINT::VARCHAR`;
    case 'decimal':
      return notation === 'typed' ? decimalTextSql(type, sql) : decimalOfTextSql(type, sql);
    case 'date':
      return `(${typed} - DATE '1970-01-01')::VARCHAR`;
    case 'timestamp':
      return `epoch_us(${typed})::VARCHAR`;
    default:
      return `${typed}::VARCHAR`;
  }
}

/** The value of a text in JSON or CSV. NULL for a text that is no such value. */
function fromText({ kind }: ColumnType, sql: string): string {
  if (kind === 'double') return `try_cast(${sql} AS DOUBLE)`;
  if (kind === 'date') return `try_cast(${sql} AS DATE)`;
  return kind === 'timestamp' ? `try_cast(${sql} AS TIMESTAMPTZ)` : sql;
}

/**
 * A decimal with all its places. DuckDB omits the zero before the point where the type has no
 * digits there.
 */
export function decimalTextSql({ precision, scale }: DecimalType, sql: string): string {
  const text = `${sql}::VARCHAR`;
  return precision === scale ? `regexp_replace(${text}, '^(-?)\\.', '\\10.')` : text;
}

/**
 * The same for a text. Like Java, Spark writes a small decimal with many places with an exponent.
 */
export function decimalOfTextSql(type: DecimalType, sql: string): string {
  const { precision, scale } = type;
  const read = decimalTextSql(type, `try_cast(${sql} AS DECIMAL(${precision},${scale}))`);
  return `CASE WHEN contains(${sql}, 'E') THEN ${read} ELSE ${sql} END`;
}

/**
 * The text of an object or array that a column holds as JSON, as SQL. Every number is put into
 * quotation marks first, so that no digit is lost. NULL for invalid JSON.
 */
export function jsonColumnTextSql(type: ObjectType | ArrayType, sql: string): string {
  const mark = 'chr(1)';
  const tokens = `'("(?:[^"\\\\]|\\\\.)*")|(-?[0-9][-+.0-9eE]*)'`;
  const marked = `regexp_replace(${sql}, ${tokens}, '\\1' || ${mark} || '\\2' || ${mark}, 'g')`;
  const asTexts = `replace(replace(${marked}, ${mark} || ${mark}, ''), ${mark}, '"')`;
  const read = `from_json(CASE WHEN json_valid(${sql}) THEN ${asTexts} END, ${sqlText(JSON.stringify(structureOf(type)))})`;
  return columnTextSql(type, read, 'text');
}

/** The structure for DuckDB's from_json, with every scalar as a text. */
function structureOf(type: Type): unknown {
  if (type.kind === 'object') {
    return Object.fromEntries(type.fields.map((field) => [field.name, structureOf(field.type)]));
  }
  return type.kind === 'array' ? [structureOf(type.items.type)] : 'VARCHAR';
}

/*
 * A row's columns are compared as 64 bits of MD5 over their texts, because there are millions of
 * rows. Topic, partition and offset are left out: they identify the row.
 */

/** Columns by name in their order, each with its text in SQL. */
export type TextsSql = ReadonlyMap<string, string>;

/** A record as bronze has it. */
export interface BronzeValues {
  readonly key: string | null;
  readonly value: string | null;
  /** Unix microseconds. */
  readonly kafkaUs: bigint;
  readonly headers: readonly Header[];
  /** The value's bytes where `value` does not represent them faithfully. */
  readonly valueBytes: Buffer | null;
}

interface Header {
  readonly key: string;
  readonly value: Buffer | null;
}

/** Bronze's value columns, each with its text in SQL. */
export const BRONZE_TEXTS_SQL: TextsSql = new Map([
  ['key', columnTextSql({ kind: 'string' }, 'key')],
  ['value', columnTextSql({ kind: 'string' }, 'value')],
  ['kafka_ts', columnTextSql({ kind: 'timestamp' }, 'kafka_ts')],
  [
    'headers',
    `coalesce('[' || array_to_string(list_transform(headers,
    lambda h: ${columnTextSql({ kind: 'string' }, "struct_extract(h, 'key')")} || ${bytesSql("struct_extract(h, 'value')")}), '') || ']', '-')`,
  ],
  ['value_bytes', bytesSql('value_bytes')],
]);

/** The same texts for a record, by column. Spark has NULL where a record has no headers. */
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

/**
 * Quarantine's value columns except the reason. `detail` is free text, so only its presence is
 * compared.
 */
export const QUARANTINE_TEXTS_SQL: TextsSql = new Map([
  ['bad_json', columnTextSql({ kind: 'string' }, 'bad_json')],
  ['bad_ingest_ts', columnTextSql({ kind: 'timestamp' }, 'bad_ingest_ts')],
  ['detail', `CASE WHEN detail <> '' THEN '+' ELSE '-' END`],
]);

/** The same texts for a record. */
export function quarantineTexts({
  value,
  kafkaUs,
}: Pick<BronzeValues, 'value' | 'kafkaUs'>): readonly string[] {
  return [value === null ? '-' : lengthAndText(value), `${kafkaUs},`, '+'];
}

/**
 * Silver's value columns of a pipeline, the first ones of a row: their texts in SQL, and those of a
 * row that a record should give.
 */
export function silverTexts({ fields, eventTime }: Pick<Pipeline, 'fields' | 'eventTime'>): {
  readonly columns: readonly Column[];
  readonly sql: TextsSql;
  readonly of: (row: SilverRow) => readonly string[];
} {
  const columns = silverColumns(fields, eventTime).filter(({ name }) => !LINEAGE.includes(name));
  const texts = columns.map(({ type }) => columnText(type));
  return {
    columns,
    sql: new Map(columns.map(({ name, type }) => [name, columnTextSql(type, quoted(name))])),
    of: (row) => texts.map((text, at) => text(row[at] ?? null)),
  };
}

export function digestOf(texts: readonly string[]): bigint {
  // The byte order of DuckDB's md5_number_lower.
  return hash('md5', texts.join(''), 'buffer').readBigUInt64LE(8);
}

export function digestSql(texts: TextsSql): string {
  return `md5_number_lower(${[...texts.values()].join(' || ')})`;
}

function bytesSql(sql: string): string {
  return `coalesce(octet_length(${sql}) || ':' || hex(${sql}), '-')`;
}
