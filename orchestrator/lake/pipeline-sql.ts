import { pathNames } from '../pipeline/column-name.ts';
import { type Column, type ColumnType, columnType, type Expr } from '../pipeline/model.ts';
import { sqlText } from './database.ts';

/**
 * The type of a column in DuckDB. Instants are TIMESTAMP in UTC. Within objects and arrays they are
 * as in Parquet.
 */
export function sqlType(type: Column['type']): string {
  switch (type.kind) {
    case 'object': {
      const members = type.fields.map(
        (field) => `${quoted(field.name)} ${nestedType(columnType(field.type))}`,
      );
      return `STRUCT(${members.join(', ')})`;
    }
    case 'array':
      return `${nestedType(columnType(type.items.type))}[]`;
    case 'string':
      return 'VARCHAR';
    case 'integer':
      return 'BIGINT';
    case 'double':
      return 'DOUBLE';
    case 'boolean':
      return 'BOOLEAN';
    case 'date':
      return 'DATE';
    case 'timestamp':
      return 'TIMESTAMP';
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
  }
}

const nestedType = (type: Column['type']): string =>
  type.kind === 'timestamp' ? 'TIMESTAMPTZ' : sqlType(type);

/** Any name as an identifier of DuckDB's SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A member of an object, as SQL. @param object the object's SQL */
export const memberSql = (object: string, name: string): string =>
  `struct_extract(${object}, ${sqlText(name)})`;

/** A column of silver, or a member of an object in one, by its path. */
function columnSql(path: string): string {
  const [first = '', ...inside] = pathNames(path);
  return inside.reduce(memberSql, quoted(first));
}

/**
 * An expression of the pipeline's SQL subset in DuckDB's SQL, with the meaning of
 * docs/pipeline-json.md: three-valued logic, exact decimals of the type that the pipeline gives,
 * and NULL where an integer exceeds 64 bits, a divisor is 0 or a double is not finite.
 */
export function expressionSql(expr: Expr): string {
  if (expr.op === 'column') return columnSql(expr.name);
  if (expr.op === 'literal') return literalSql(expr.type, expr.value);
  const args = expr.args.map(expressionSql);
  const [first = '', ...rest] = args;
  switch (expr.op) {
    case 'and':
    case 'or':
      return `(${args.join(` ${expr.op.toUpperCase()} `)})`;
    case 'not':
      return `(NOT ${first})`;
    case 'isNull':
      return `(${first} IS NULL)`;
    case 'isNotNull':
      return `(${first} IS NOT NULL)`;
    case 'in':
      return `(${first} IN (${rest.join(', ')}))`;
    case 'between':
      return `(${first} BETWEEN ${rest.join(' AND ')})`;
    case 'like':
      return `(${first} LIKE ${rest.join('')} ESCAPE '\\')`;
    case 'negate':
      return arithmetic(`-(${first})`, expr.type);
    case '/':
      return arithmetic(`(${first})::DOUBLE / nullif((${rest.join('')})::DOUBLE, 0)`, expr.type);
    case '%':
      return arithmetic(`(${first}) % nullif(${rest.join('')}, 0)`, expr.type);
    case '+':
    case '-':
    case '*':
      return arithmetic(`(${first}) ${expr.op} (${rest.join('')})`, expr.type);
    default:
      return `(${first} ${expr.op} ${rest.join('')})`;
  }
}

function arithmetic(sql: string, type: ColumnType): string {
  const value = `TRY((${sql})::${sqlType(type)})`;
  return type.kind === 'double' ? `(CASE WHEN isfinite(${value}) THEN ${value} END)` : value;
}

function literalSql(type: ColumnType['kind'], value: string): string {
  switch (type) {
    case 'string':
      return sqlText(value);
    case 'date':
      return `DATE ${sqlText(value)}`;
    case 'timestamp':
      return `TIMESTAMP ${sqlText(value.replace('T', ' ').replace('Z', ''))}`;
    case 'integer':
      return `(${value})::BIGINT`;
    case 'double':
      return `(${value})::DOUBLE`;
    default:
      return `(${value})`;
  }
}
