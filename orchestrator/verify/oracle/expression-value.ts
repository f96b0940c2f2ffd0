import { pathNames } from '../../pipeline/column-name.ts';
import {
  asDecimal,
  type Column,
  type ColumnType,
  type ComparisonOperator,
  decimalOfText,
  type Expr,
  type LiteralType,
  typeOfColumn,
} from '../../pipeline/model.ts';
import { decimalText, decimalUnits, isoDays, isoTimeUs, type Value } from './field-value.ts';

/** A row of silver: its values in the order of silver's columns. */
export type SilverRow = readonly Value[];

/** The value of an expression for a row, in three-valued logic: null is unknown. */
export type Evaluation = (row: SilverRow) => Value;

interface Typed {
  readonly type: ColumnType;
  readonly of: Evaluation;
}

/** A condition of the pipeline's SQL subset over these columns. */
export function conditionOf(expr: Expr, columns: readonly Column[]): Evaluation {
  switch (expr.op) {
    case 'and':
      return junction(expr.args, columns, false);
    case 'or':
      return junction(expr.args, columns, true);
    case 'not': {
      const [of] = expr.args.map((arg) => conditionOf(arg, columns));
      return (row) => negated(of?.(row) ?? null);
    }
    case 'isNull':
    case 'isNotNull': {
      const value = anyValueOf(expr.args[0], columns);
      return expr.op === 'isNull' ? (row) => value(row) === null : (row) => value(row) !== null;
    }
    case '=':
    case '<>':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return compared(typed(expr.args[0], columns), typed(expr.args[1], columns), HOLDS[expr.op]);
    case 'in':
      return isIn(
        typed(expr.args[0], columns),
        expr.args.slice(1).map((arg) => typed(arg, columns)),
      );
    case 'between': {
      const [value, low, high] = [0, 1, 2].map((at) => typed(expr.args[at], columns)) as [
        Typed,
        Typed,
        Typed,
      ];
      return all([compared(value, low, HOLDS['>=']), compared(value, high, HOLDS['<='])], false);
    }
    case 'like':
      return like(typed(expr.args[0], columns), expr.args[1]);
    default:
      return typed(expr, columns).of;
  }
}

const HOLDS: Readonly<Record<ComparisonOperator, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

const negated = (truth: Value): Value => (truth === null ? null : !truth);

/**
 * AND is decided by the first false, OR by the first true. Otherwise one unknown makes the result
 * unknown.
 */
function junction(args: readonly Expr[], columns: readonly Column[], decisive: boolean): Evaluation {
  return all(
    args.map((arg) => conditionOf(arg, columns)),
    decisive,
  );
}

function all(conditions: readonly Evaluation[], decisive: boolean): Evaluation {
  return (row) => {
    let outcome: Value = !decisive;
    for (const condition of conditions) {
      const truth = condition(row);
      if (truth === decisive) return decisive;
      if (truth === null) outcome = null;
    }
    return outcome;
  };
}

function compared(one: Typed, other: Typed, holds: (order: number) => boolean): Evaluation {
  const compare: Comparison = comparisonOf(one.type, other.type);
  return (row) => {
    const [left, right] = [one.of(row), other.of(row)];
    return left === null || right === null ? null : holds(compare(left, right));
  };
}

function isIn(value: Typed, list: readonly Typed[]): Evaluation {
  return all(
    list.map((each) => compared(value, each, HOLDS['='])),
    true,
  );
}

/** `%` is any text, `_` one code point. A backslash makes the next character literal. */
function like(value: Typed, pattern: Expr | undefined): Evaluation {
  const text = pattern?.op === 'literal' ? pattern.value : '';
  const source = text.replace(/\\([\s\S])|([%_])|([\s\S])/gu, (_, escaped, wildcard, character) => {
    if (wildcard !== undefined) return wildcard === '%' ? '[\\s\\S]*' : '[\\s\\S]';
    return (escaped ?? character).replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  });
  const whole = new RegExp(`^${source}$`, 'u');
  return (row) => {
    const found = value.of(row);
    return found === null ? null : whole.test(String(found));
  };
}

function typed(expr: Expr | undefined, columns: readonly Column[]): Typed {
  if (expr === undefined) throw new Error('an expression lacks an argument');
  if (expr.op === 'column') {
    return { type: typeOfColumn(expr.name, columns) as ColumnType, of: anyValueOf(expr, columns) };
  }
  if (expr.op === 'literal') {
    const { type, value } = literalOf(expr.type, expr.value);
    return { type, of: () => value };
  }
  if ('type' in expr) return { type: expr.type, of: arithmetic(expr, columns) };
  return { type: { kind: 'boolean' }, of: conditionOf(expr, columns) };
}

/** The value of an expression, including objects and arrays. */
function anyValueOf(expr: Expr | undefined, columns: readonly Column[]): Evaluation {
  return expr?.op === 'column' ? columnValue(expr.name, columns) : typed(expr, columns).of;
}

/** The value of a column of a row, or of a member of an object in one: `customer.country`. */
export function columnValue(path: string, columns: readonly Column[]): Evaluation {
  const [first = '', ...inside] = pathNames(path);
  const at = columns.findIndex(({ name }) => name === first);
  let type = columns[at]?.type;
  const places = inside.map((name) => {
    if (type?.kind !== 'object') throw new Error(`silver has no column ${path}`);
    const place = type.fields.findIndex((field) => field.name === name);
    type = type.fields[place]?.type as typeof type;
    return place;
  });
  return (row) => {
    let value = row[at] ?? null;
    for (const place of places) value = (value as readonly Value[] | null)?.[place] ?? null;
    return value;
  };
}

type Arithmetic = Extract<Expr, { readonly type: ColumnType; readonly args: readonly Expr[] }>;

function arithmetic(expr: Arithmetic, columns: readonly Column[]): Evaluation {
  const args = expr.args.map((arg) => typed(arg, columns));
  const [one, other] = args;
  if (!one) throw new Error('an expression lacks an argument');
  const operate = expr.type.kind === 'double' ? ofDoubles(expr.op, args) : ofUnits(expr, args);
  return (row) => {
    const left = one.of(row);
    const right = other ? other.of(row) : 0n;
    return left === null || right === null ? null : operate(left, right);
  };
}

type Operation = (one: Value, other: Value) => Value;

/** A result that is not finite is unknown, as is a division by zero. */
function ofDoubles(op: Arithmetic['op'], args: readonly Typed[]): Operation {
  const [left = Number, right = Number] = args.map(({ type }) => asDouble(type));
  const operate = DOUBLES[op];
  return (one, other) => {
    const result = operate(left(one), right(other));
    return Number.isFinite(result) ? result : null;
  };
}

const DOUBLES: Readonly<Record<Arithmetic['op'], (one: number, other: number) => number>> = {
  '+': (one, other) => one + other,
  '-': (one, other) => one - other,
  '*': (one, other) => one * other,
  '/': (one, other) => one / other,
  '%': (one, other) => one % other,
  negate: (one) => -one,
};

/** Integers and decimals are exact. An integer that exceeds 64 bits is unknown. */
function ofUnits({ op, type }: Arithmetic, args: readonly Typed[]): Operation {
  const types = args.map((arg) => (type.kind === 'decimal' ? asDecimal(arg.type) : arg.type));
  // The decimals of a product are the sum of both already.
  const scale = op === '*' ? undefined : Math.max(...types.map(scaleOf));
  const [left, right = left] = types.map((each) => atScale(each, scale ?? scaleOf(each)));
  const operate = UNITS[op];
  return (one, other) => {
    const result = operate(left?.(one) ?? 0n, right?.(other) ?? 0n);
    if (result === null || type.kind === 'decimal') return result;
    return BigInt.asIntN(64, result) === result ? result : null;
  };
}

const UNITS: Readonly<Record<Arithmetic['op'], (one: bigint, other: bigint) => bigint | null>> = {
  '+': (one, other) => one + other,
  '-': (one, other) => one - other,
  '*': (one, other) => one * other,
  '/': () => null,
  '%': (one, other) => (other === 0n ? null : one % other),
  negate: (one) => -one,
};

/** Compares two values that are not null: below 0, 0 or above, as for sorting. */
export type Comparison = (one: Value, other: Value) => number;

/** A literal in the pipeline, with its type. */
export interface Literal {
  readonly type: ColumnType;
  readonly value: Value;
}

/**
 * The value of a literal, limit or valid value. @param kind its type; a decimal has the digits that
 * are written
 */
export function literalOf(kind: LiteralType, text: string): Literal {
  switch (kind) {
    case 'string':
      return { type: { kind }, value: text };
    case 'boolean':
      return { type: { kind }, value: text === 'true' };
    case 'integer':
      return { type: { kind }, value: BigInt(text) };
    case 'double':
      return { type: { kind }, value: Number(text) };
    case 'date':
      return { type: { kind }, value: known(isoDays(text), text) };
    case 'timestamp':
      return { type: { kind }, value: known(isoTimeUs(text), text) };
    case 'decimal': {
      const type = decimalOfText(text);
      return { type, value: known(decimalUnits(text, type), text) };
    }
  }
}

function known<T>(value: T | undefined, text: string): T {
  if (value === undefined) throw new Error(`${text} is no value of its type`);
  return value;
}

/**
 * How values of two comparable types are compared: exactly, except with a double, when both are
 * taken as doubles.
 */
export function comparisonOf(one: ColumnType, other: ColumnType): Comparison {
  if (one.kind === 'string') return (a, b) => compareTexts(String(a), String(b));
  if (one.kind === 'double' || other.kind === 'double') {
    const [left, right] = [asDouble(one), asDouble(other)];
    return (a, b) => order(left(a), right(b));
  }
  const scale = Math.max(scaleOf(one), scaleOf(other));
  const [left, right] = [atScale(one, scale), atScale(other, scale)];
  return (a, b) => order(left(a), right(b));
}

function order<T extends bigint | number | boolean | string>(one: T, other: T): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** By code points, which is the order of UTF-8's bytes. */
function compareTexts(one: string, other: string): number {
  return one === other ? 0 : Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** Decimals of a number. 0 for an integer and for everything that is no number. */
export const scaleOf = (type: ColumnType): number => (type.kind === 'decimal' ? type.scale : 0);

/** A number of the type as a double. */
function asDouble(type: ColumnType): (value: Value) => number {
  if (type.kind !== 'decimal') return (value) => Number(value);
  return (value) => Number(decimalText(value as bigint, type.scale));
}

/**
 * A number of the type in units of the last of `scale` decimals. Other ordered values are
 * unchanged.
 */
export function atScale(type: ColumnType, scale: number): (value: Value) => bigint {
  const factor = 10n ** BigInt(scale - scaleOf(type));
  return factor === 1n ? (value) => value as bigint : (value) => (value as bigint) * factor;
}
