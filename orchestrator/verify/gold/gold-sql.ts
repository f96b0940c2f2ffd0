import { expressionSql, quoted, sqlType } from '../../lake/pipeline-sql.ts';
import {
  type ColumnType,
  type GoldTable,
  goldColumns,
  type Measure,
  type Pipeline,
} from '../../pipeline/model.ts';

/**
 * The parts of a gold table as SQL: its keys are k0, k1, … and its measures m0, m1, … whatever
 * their names are.
 */
export interface GoldSql {
  readonly table: GoldTable;
  readonly keys: readonly GoldKey[];
  readonly measures: readonly MeasureSql[];
  /** Microseconds. */
  readonly windowUs: number;
  readonly slideUs: number;
}

interface GoldKey {
  readonly name: string;
  readonly column: string;
  readonly type: string;
  /** The expressions from a silver row, and from a gold row. */
  readonly select: string;
}

/**
 * A measure, in three steps: `partial` aggregates silver rows to the columns `parts`; `running`
 * merges them over a window of the earlier ones, in their order; `agrees` compares the result with
 * gold's column.
 */
interface MeasureSql {
  readonly name: string;
  readonly column: string;
  readonly type: string;
  /** Gold's column in the form of the comparison. */
  readonly select: string;
  readonly parts: readonly {
    readonly column: string;
    readonly type: string;
    readonly partial: string;
    readonly merge: string;
  }[];
  readonly agrees: string;
  /** Silver's value, as text. */
  readonly shown: string;
}

/** A double's last digits depend on the order of the summation. */
const RELATIVE_TOLERANCE = '1e-9';

export function goldSql(pipeline: Pipeline, table: GoldTable): GoldSql {
  return {
    table,
    keys: goldColumns(pipeline, table).keys.map(({ name, type }, at) => ({
      name,
      column: `k${at}`,
      type: plainType(type),
      select: plainValue(quoted(name), type),
    })),
    measures: table.measures.map((measure, at) => measureSql(measure, at)),
    windowUs: table.windowMs * 1000,
    slideUs: table.slideMs * 1000,
  };
}

/**
 * Instants are compared as Unix microseconds, because DuckDB computes with TIMESTAMPTZ several
 * times slower.
 */
const plainType = (type: ColumnType): string => (type.kind === 'timestamp' ? 'BIGINT' : sqlType(type));
const plainValue = (sql: string, type: ColumnType): string =>
  type.kind === 'timestamp' ? `epoch_us(${sql})` : sql;

function measureSql({ name, function: fn, argument, type }: Measure, at: number): MeasureSql {
  const column = `m${at}`;
  const value = argument === null ? '' : expressionSql(argument);
  const shared = { name, column, type: plainType(type), select: plainValue(quoted(name), type) };
  const gold = `gold_${column}`;
  const part = (suffix: string, partType: string, partial: string, merge: 'sum' | 'min' | 'max') => ({
    column: `${column}${suffix}`,
    type: partType,
    partial,
    merge,
  });
  switch (fn) {
    case 'count': {
      const counted = part('', 'BIGINT', `count(${argument === null ? '*' : value})`, 'sum');
      return {
        ...shared,
        parts: [counted],
        agrees: `${gold} = ${counted.column}`,
        shown: `${counted.column}::VARCHAR`,
      };
    }
    case 'min':
    case 'max': {
      const extreme = part('', shared.type, `${fn}(${plainValue(value, type)})`, fn);
      const agrees = `${gold} IS NOT DISTINCT FROM ${extreme.column}`;
      return { ...shared, parts: [extreme], agrees, shown: `${extreme.column}::VARCHAR` };
    }
    case 'sum': {
      const total = part('', sumType(type), `sum(${value})`, 'sum');
      return {
        ...shared,
        parts: [total],
        agrees: sumAgrees(gold, total.column, type),
        shown: `${total.column}::VARCHAR`,
      };
    }
    case 'avg': {
      const parts = [
        part('s', averagedType(type), `sum(${value})`, 'sum'),
        part('n', 'BIGINT', `count(${value})`, 'sum'),
      ];
      const average = `(${column}s::DOUBLE / nullif(${column}n, 0))`;
      const digit = type.kind === 'decimal' ? `1e-${type.scale}` : '0';
      const agrees = `(${gold} IS NULL AND ${average} IS NULL OR coalesce(${near(gold, average, digit)}, false))`;
      return { ...shared, parts, agrees, shown: `round(${average}, 6)::VARCHAR` };
    }
  }
}

/** The type of a sum over this type, without limits. */
function sumType(type: ColumnType): string {
  if (type.kind === 'decimal') return `DECIMAL(38,${type.scale})`;
  return type.kind === 'integer' ? 'HUGEINT' : 'DOUBLE';
}

/**
 * The type of the sum from which an average of this type is computed. A decimal's average has four
 * more decimal places, as long as they fit.
 */
function averagedType(type: ColumnType): string {
  return type.kind === 'decimal' && type.precision < 38 ? `DECIMAL(38,${type.scale - 4})` : 'DOUBLE';
}

/**
 * Sums of decimals are exact. Sums of integers are exact up to 64 bits, where Spark's wrap around.
 */
function sumAgrees(gold: string, sum: string, type: ColumnType): string {
  if (type.kind === 'double') {
    return `(${gold} IS NULL AND ${sum} IS NULL OR coalesce(${near(gold, sum, '0')}, false))`;
  }
  if (type.kind === 'integer') {
    const wrapped = `((${sum}::HUGEINT + 9223372036854775808) % 18446744073709551616 + 18446744073709551616)
      % 18446744073709551616 - 9223372036854775808`;
    return `${gold} IS NOT DISTINCT FROM (${wrapped})`;
  }
  return `${gold} IS NOT DISTINCT FROM ${sum}`;
}

const near = (gold: string, value: string, digit: string): string =>
  `abs(${gold}::DOUBLE - ${value}) <= ${digit} + ${RELATIVE_TOLERANCE} * abs(${value})`;

/**
 * Start of an event's last window, as SQL, also for times before 1970. @param eventUs its time
 * (Unix microseconds)
 */
export function lastWindowStart(slideUs: number, eventUs: string): string {
  return `(${eventUs} - ((${eventUs} % ${slideUs}) + ${slideUs}) % ${slideUs})`;
}

/** An instant in Unix ms as microseconds. */
export const microseconds = (ms: number): string => String(BigInt(ms) * 1000n);
