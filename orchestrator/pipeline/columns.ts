import type {
  ArrayType,
  ColumnType,
  DecimalType,
  EventTime,
  Expr,
  Field,
  GoldTable,
  ObjectType,
  Pipeline,
  Type,
} from './model.ts';

/** A column of an output: objects and arrays keep their form. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType | ObjectType | ArrayType;
}

/** The record's own time, as a column of silver and as the event time of events that have none. */
export const KAFKA_TS = 'kafka_ts';

/** Where a record stands in Kafka: columns of every sink but raw_csv and gold. */
export const LINEAGE: readonly string[] = ['topic', 'partition', 'offset'];

/** What silver has behind the contract's fields. */
export const SILVER_OWN: readonly Column[] = [
  { name: 'event_time', type: { kind: 'timestamp' } },
  { name: KAFKA_TS, type: { kind: 'timestamp' } },
  { name: 'topic', type: { kind: 'string' } },
  { name: 'partition', type: { kind: 'integer' } },
  { name: 'offset', type: { kind: 'integer' } },
];

/** The columns of silver: the contract's fields but the event time, then event_time, kafka_ts and the lineage. */
export function silverColumns(fields: readonly Field[], eventTime: Pick<EventTime, 'field'>): Column[] {
  const own = fields
    .filter(({ name }) => name !== eventTime.field)
    .map(({ name, type }) => ({ name, type: columnType(type) }));
  return [...own, ...SILVER_OWN];
}

/** The default columns of raw_csv: every scalar field in silver's order, and the event time as the second one. */
export function rawCsvColumns(fields: readonly Field[], eventTime: Pick<EventTime, 'field'>): string[] {
  const scalar = fields
    .filter(({ name, type }) => name !== eventTime.field && isScalar(type))
    .map(({ name }) => name);
  return [...scalar.slice(0, 1), 'event_time', ...scalar.slice(1)];
}

/** The columns of a gold table but its window: the keys, and the measures. */
export function goldColumns(
  { fields, eventTime }: Pick<Pipeline, 'fields' | 'eventTime'>,
  { groupBy, measures }: GoldTable,
): { readonly keys: readonly Column[]; readonly measures: readonly Column[] } {
  const silver = silverColumns(fields, eventTime);
  const keys = groupBy.map((name) => ({ name, type: typeOfColumn(name, silver) as ColumnType }));
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
 * The type of `a.b.c`, where each name but the last one is an object's.
 * @returns undefined when there is no such column
 */
export function typeOfColumn(path: string, columns: readonly Column[]): Column['type'] | undefined {
  const [first = '', ...rest] = path.split('.');
  let type = columns.find(({ name }) => name === first)?.type;
  for (const part of rest) {
    if (type?.kind !== 'object') return undefined;
    const field = type.fields.find(({ name }) => name === part);
    type = field && columnType(field.type);
  }
  return type;
}

/** The columns of silver that an expression names, with the members of objects: `customer.country`. */
export function columnsIn(expr: Expr | null): readonly string[] {
  if (expr === null || expr.op === 'literal') return [];
  return expr.op === 'column' ? [expr.name] : expr.args.flatMap(columnsIn);
}

/** The exact decimal that holds an integer or decimal: a column's 64-bit integer has up to 20 digits, as in Spark. */
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
