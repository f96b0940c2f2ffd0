import { pathNames } from './column-name.ts';
import type { Generation } from './generate/generation.ts';

/**
 * The resolved pipeline, which is the content of `pipeline.json`. The job, `verify`, `peek` and the
 * producer's checks read it. Numbers in constraints and literals are texts, so that a value becomes
 * a double only where it must.
 */
export interface Pipeline {
  /** Version of this form. */
  readonly version: 1;
  readonly name: string;
  /** SHA-256 of everything that determines the outputs, as hexadecimal digits. */
  readonly fingerprint: string;
  readonly source: Source;
  readonly eventTime: EventTime;
  /** What is done with a member of the event that the contract does not have. */
  readonly unknownFields: 'ignore' | 'quarantine';
  /** The contract's properties, in its order. */
  readonly fields: readonly Field[];
  readonly expectations: {
    /** Rows for which one of these is false are counted. They stay in silver. */
    readonly expect: readonly Expectation[];
    /**
     * A row for which one of these is false goes to quarantine. Its reason is the expectation's
     * name.
     */
    readonly expectOrQuarantine: readonly Expectation[];
  };
  readonly rawCsv: { readonly columns: readonly string[] };
  readonly gold: readonly GoldTable[];
  /** How the producer makes such events. It determines no output. */
  readonly generate?: Generation;
}

/** Where the events come from. */
export interface Source {
  readonly topic: string;
  /** Partitions of the topic when it is created. */
  readonly partitions: number;
  /** The field that is the record's key; null when records have none. */
  readonly key: string | null;
}

export interface EventTime {
  /** A field of type timestamp, or `kafka_ts` for the record's own time. */
  readonly field: string;
  readonly watermarkMs: number;
}

/** A value of the event: a property of the contract, or the elements of an array. */
export interface Item {
  /** The value is there and not null. For the elements of an array: none of them is null. */
  readonly required: boolean;
  readonly type: Type;
  readonly constraints: Constraints;
}

export interface Field extends Item {
  readonly name: string;
}

export type Type = ScalarType | ObjectType | ArrayType;

export interface ObjectType {
  readonly kind: 'object';
  readonly fields: readonly Field[];
}

export interface ArrayType {
  readonly kind: 'array';
  readonly items: Item;
}

/** A type whose values fill one column of text, number, boolean or time. */
export type ScalarType =
  | { readonly kind: 'string' | 'integer' | 'double' | 'boolean' }
  | DecimalType
  | DateType
  | TimestampType;

export interface DecimalType {
  readonly kind: 'decimal';
  readonly precision: number;
  readonly scale: number;
}

/**
 * How a date is written: in ISO 8601, or by a pattern of the JDK with a regular expression of its
 * shape.
 */
export interface DateType {
  readonly kind: 'date';
  readonly format: string;
  readonly shape?: string;
}

/** How an instant is written: as a text with a format, or as a number of units since 1970. */
export type TimestampType =
  | {
      readonly kind: 'timestamp';
      readonly format: string;
      readonly shape?: string;
      /** `UTC` or `±hh:mm`: the zone for texts that have none. */
      readonly timezone: string;
    }
  | { readonly kind: 'timestamp'; readonly epoch: EpochUnit };

export type EpochUnit = 'seconds' | 'milliseconds' | 'microseconds';

/** Constraints on a value that is there. Only constraints of the contract are set. */
export interface Constraints {
  readonly minimum?: string;
  readonly maximum?: string;
  readonly exclusiveMinimum?: string;
  readonly exclusiveMaximum?: string;
  readonly multipleOf?: string;
  /** Code points of a text. */
  readonly minLength?: number;
  readonly maxLength?: number;
  /**
   * Each pattern matches somewhere in the text. Java's and JavaScript's engines read them alike.
   */
  readonly patterns?: readonly string[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly validValues?: readonly string[];
}

/** A condition over silver's columns. Only false counts against a row, unknown (NULL) does not. */
export interface Expectation {
  readonly name: string;
  /** The text that the author wrote. */
  readonly sql: string;
  readonly expression: Expr;
}

export interface GoldTable {
  readonly name: string;
  /** Columns of silver. */
  readonly groupBy: readonly string[];
  readonly windowMs: number;
  /**
   * Time from the start of a window to the start of the next one. It divides the window's length.
   */
  readonly slideMs: number;
  readonly measures: readonly Measure[];
}

export interface Measure {
  readonly name: string;
  readonly function: MeasureFunction;
  /** Null for `count(*)`. */
  readonly argument: Expr | null;
  /** Type of the column. */
  readonly type: ColumnType;
}

export type MeasureFunction = 'count' | 'sum' | 'min' | 'max' | 'avg';

/** The type of a column. It does not depend on the notation of the event's dates and times. */
export type ColumnType =
  | { readonly kind: 'string' | 'integer' | 'double' | 'boolean' | 'date' | 'timestamp' }
  | DecimalType;

export type LiteralType = ColumnType['kind'];
export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>=';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';

/** A parsed and type-checked expression of the SQL subset. */
export type Expr =
  /** A column of silver, or a member of an object in one, as the text of a path. */
  | { readonly op: 'column'; readonly name: string }
  | { readonly op: 'literal'; readonly type: LiteralType; readonly value: string }
  | {
      readonly op:
        | 'and'
        | 'or'
        | 'not'
        | ComparisonOperator
        | 'in'
        | 'between'
        | 'like'
        | 'isNull'
        | 'isNotNull';
      readonly args: readonly Expr[];
    }
  | {
      readonly op: ArithmeticOperator | 'negate';
      readonly args: readonly Expr[];
      readonly type: ColumnType;
    };

/** A column of an output. Objects and arrays keep their structure. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType | ObjectType | ArrayType;
}

/** A column of text, numbers, booleans or times. */
interface ScalarColumn extends Column {
  readonly type: ColumnType;
}

const isScalarColumn = (column: Column): column is ScalarColumn => isScalar(column.type);

/** The record's own time: a column of silver, and the event time of events that have none. */
export const KAFKA_TS = 'kafka_ts';

/** Where a record stands in Kafka. All sinks but raw_csv and gold have these columns. */
export const LINEAGE: readonly string[] = ['topic', 'partition', 'offset'];

/** Silver's columns after the contract's fields. */
export const SILVER_OWN: readonly Column[] = [
  { name: 'event_time', type: { kind: 'timestamp' } },
  { name: KAFKA_TS, type: { kind: 'timestamp' } },
  { name: 'topic', type: { kind: 'string' } },
  { name: 'partition', type: { kind: 'integer' } },
  { name: 'offset', type: { kind: 'integer' } },
];

/**
 * The columns of silver: the contract's fields but the event time, then event_time, kafka_ts and
 * the lineage.
 */
export function silverColumns(fields: readonly Field[], eventTime: Pick<EventTime, 'field'>): Column[] {
  const own = fields
    .filter(({ name }) => name !== eventTime.field)
    .map(({ name, type }) => ({ name, type: columnType(type) }));
  return [...own, ...SILVER_OWN];
}

/**
 * The default columns of raw_csv: every scalar field in silver's order, with the event time second.
 */
export function rawCsvColumns(fields: readonly Field[], eventTime: Pick<EventTime, 'field'>): string[] {
  const scalar = fields
    .filter(({ name, type }) => name !== eventTime.field && isScalar(type))
    .map(({ name }) => name);
  return [...scalar.slice(0, 1), 'event_time', ...scalar.slice(1)];
}

/** The columns of a gold table without its window: the keys and the measures. */
export function goldColumns(
  { fields, eventTime }: Pick<Pipeline, 'fields' | 'eventTime'>,
  { groupBy, measures }: GoldTable,
): { readonly keys: readonly ScalarColumn[]; readonly measures: readonly ScalarColumn[] } {
  const silver = silverColumns(fields, eventTime).filter(isScalarColumn);
  const keys = groupBy.flatMap((key) => silver.filter(({ name }) => name === key));
  return { keys, measures };
}

/** The window of a gold table's row, from its start to before its end. */
export const WINDOW: readonly Column[] = [
  { name: 'window_start', type: { kind: 'timestamp' } },
  { name: 'window_end', type: { kind: 'timestamp' } },
];

export function isScalar(type: Column['type'] | Type): type is ColumnType {
  return type.kind !== 'object' && type.kind !== 'array';
}

/** The type of a field's column: without the notation of dates and times. */
export function columnType(type: Type | Column['type']): Column['type'] {
  return type.kind === 'date' || type.kind === 'timestamp' ? { kind: type.kind } : type;
}

/**
 * The type of the column of a path, such as `a.b.c`, where each name but the last one is an
 * object's.
 * @returns undefined when there is no such column
 */
export function typeOfColumn(path: string, columns: readonly Column[]): Column['type'] | undefined {
  const [first = '', ...rest] = pathNames(path);
  let type = columns.find(({ name }) => name === first)?.type;
  for (const part of rest) {
    if (type?.kind !== 'object') return undefined;
    const field = type.fields.find(({ name }) => name === part);
    type = field && columnType(field.type);
  }
  return type;
}

/**
 * The paths of the columns of silver that an expression names, with the members of objects:
 * `customer.country`.
 */
export function columnsIn(expr: Expr | null): readonly string[] {
  if (expr === null || expr.op === 'literal') return [];
  return expr.op === 'column' ? [expr.name] : expr.args.flatMap(columnsIn);
}

/**
 * The exact decimal that holds an integer or decimal. As in Spark, a column's 64-bit integer has up
 * to 20 digits.
 */
export function asDecimal(type: ColumnType, expression?: Expr): DecimalType {
  if (type.kind === 'decimal') return type;
  if (expression?.op === 'literal') return decimalOfText(expression.value);
  return { kind: 'decimal', precision: 20, scale: 0 };
}

/** The smallest decimal type that holds a number in plain notation. */
export function decimalOfText(text: string): DecimalType {
  const [whole = '', fraction = ''] = text.replace(/^-/, '').split('.');
  const digits = `${whole}${fraction}`.replace(/^0+/, '').length;
  return { kind: 'decimal', precision: Math.max(digits, fraction.length, 1), scale: fraction.length };
}
