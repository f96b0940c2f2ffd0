import {
  DuckDBArrayValue,
  type DuckDBConnection,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  DuckDBUnionValue,
  type DuckDBValue,
  type DuckDBValueConverter,
  StatementType,
} from '@duckdb/node-api';

/** A column of a result. */
interface QueryColumn {
  readonly name: string;
  /** DuckDB's name of its type. */
  readonly type: string;
  readonly numeric: boolean;
  readonly instant: boolean;
}

/** A result that is read on demand. */
export interface QueryResult {
  readonly columns: readonly QueryColumn[];
  rows(): AsyncGenerator<readonly QueryCell[]>;
}

/** A statement that DuckDB has parsed and bound, but not run. */
export interface Statement {
  /** The kind of statement, by DuckDB. */
  readonly kind: 'select' | 'explain' | 'other';
  run(): Promise<QueryResult>;
}

/**
 * Prepares the statements of an SQL text up to the first. `count` is their number.
 * @throws DuckDB's error when the text cannot be parsed or bound
 */
export async function prepareFirst(
  connection: DuckDBConnection,
  sql: string,
): Promise<Statement & { readonly count: number }> {
  const statements = await connection.extractStatements(sql);
  const prepared = await statements.prepare(0);
  return {
    count: statements.count,
    kind: KINDS.get(prepared.statementType) ?? 'other',
    async run() {
      const result = await prepared.stream();
      const types = result.columnTypes();
      const columns = result.deduplicatedColumnNames().map((name, at): QueryColumn => {
        const type = types[at];
        if (!type) throw new Error(`Column ${name} has no type.`);
        return { name, type: type.toString(), numeric: isNumeric(type), instant: isInstant(type) };
      });
      return {
        columns,
        async *rows() {
          for await (const rows of result.yieldConvertedRows(toQueryCell)) yield* rows;
        },
      };
    },
  };
}

const KINDS: ReadonlyMap<StatementType, Statement['kind']> = new Map([
  [StatementType.SELECT, 'select'],
  [StatementType.EXPLAIN, 'explain'],
]);

/** A whole number with all its digits. JSON has no limit for them, JavaScript's number does. */
export class WholeNumber {
  readonly digits: string;

  constructor(digits: string) {
    this.digits = digits;
  }
}

/**
 * A cell of a query's result: whole numbers exact, decimals as text with all their places, instants
 * as ISO-8601 text in UTC, DOUBLE as number, lists and structs as such, everything else as DuckDB's
 * text.
 */
export type QueryCell =
  | null
  | boolean
  | number
  | string
  | WholeNumber
  | readonly QueryCell[]
  | { readonly [name: string]: QueryCell };

const WHOLE: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.UHUGEINT,
  DuckDBTypeId.BIGNUM,
]);

const INSTANT: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.TIMESTAMP,
  DuckDBTypeId.TIMESTAMP_S,
  DuckDBTypeId.TIMESTAMP_MS,
  DuckDBTypeId.TIMESTAMP_NS,
  DuckDBTypeId.TIMESTAMP_TZ,
]);

/** Whether a column's values are numbers. Numbers are right-aligned in a table. */
function isNumeric({ typeId }: DuckDBType): boolean {
  return (
    WHOLE.has(typeId) ||
    typeId === DuckDBTypeId.DECIMAL ||
    typeId === DuckDBTypeId.FLOAT ||
    typeId === DuckDBTypeId.DOUBLE
  );
}

/** Whether a column's values are instants. */
function isInstant({ typeId }: DuckDBType): boolean {
  return INSTANT.has(typeId);
}

/** Turns DuckDB's value of a type into a cell. */
const toQueryCell: DuckDBValueConverter<QueryCell> = (value, type, convert) => {
  if (value === null) return null;
  if (WHOLE.has(type.typeId)) return new WholeNumber(String(value));
  if (INSTANT.has(type.typeId)) return instantText(value);
  if (typeof value === 'boolean' || typeof value === 'string') return value;
  // JSON has no notation for them.
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  return nested(value, type, convert) ?? String(value);
};

function nested(
  value: DuckDBValue,
  type: DuckDBType,
  convert: DuckDBValueConverter<QueryCell>,
): QueryCell | undefined {
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) {
    const inner = 'valueType' in type ? type.valueType : undefined;
    return inner && value.items.map((item) => convert(item, inner, convert));
  }
  if (value instanceof DuckDBStructValue && 'entryTypes' in type) {
    const { entryNames, entryTypes } = type;
    return Object.fromEntries(
      entryTypes.map((inner, at) => {
        const name = entryNames[at] ?? '';
        return [name, convert(value.entries[name] ?? null, inner, convert)];
      }),
    );
  }
  if (value instanceof DuckDBMapValue && 'keyType' in type) {
    return value.entries.map((entry) => ({
      key: convert(entry.key, type.keyType, convert),
      value: convert(entry.value, type.valueType, convert),
    }));
  }
  if (value instanceof DuckDBUnionValue && 'memberTypeForTag' in type) {
    return convert(value.value, type.memberTypeForTag(value.tag), convert);
  }
  return undefined;
}

/**
 * The session's times are UTC, including those without a zone. Infinity and years before Christ
 * keep DuckDB's text.
 */
function instantText(value: DuckDBValue): string {
  const inUtc = value instanceof DuckDBTimestampTZValue ? new DuckDBTimestampValue(value.micros) : value;
  return String(inUtc).replace(/^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)$/, '$1T$2Z');
}
