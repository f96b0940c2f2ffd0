import { inBackticks, isPlainName, pathNames, pathText } from '../column-name.ts';
import { DATE_FORM, INSTANT_FORM, isoDate, isoInstant } from '../contract/property.ts';
import {
  type ArithmeticOperator,
  asDecimal,
  type Column,
  type ColumnType,
  type DecimalType,
  type Expr,
  isScalar,
  type LiteralType,
  type Measure,
  type MeasureFunction,
  typeOfColumn,
} from '../model.ts';
import { TextError } from '../text-error.ts';
import type { ParsedExpr, ParsedMeasure } from './sql-parser.ts';
import { KEYWORDS } from './sql-tokens.ts';

/** The limit exists because trees are walked by recursion, in Python as well. */
const MAX_DEPTH = 100;
/** Digits of the largest decimal that Spark has. */
const MAX_DIGITS = 38;
const NUMBER = 'integer, decimal or double';

interface Typed {
  readonly expr: Expr;
  readonly type: Column['type'];
  readonly at: number;
}

type ParsedCall = Extract<ParsedExpr, { readonly args: readonly ParsedExpr[] }>;

/**
 * Gives a condition its types. @throws TextError for a name that is no column, types that do not
 * fit together, or a value that is not boolean
 */
export function checkCondition(parsed: ParsedExpr, columns: readonly Column[]): Expr {
  return condition(check(parsed, columns, 0)).expr;
}

/**
 * Gives an aggregate its types. `type` is that of its column, by Spark's rules. @throws TextError
 */
export function checkMeasure(
  { function: name, argument, at }: ParsedMeasure,
  columns: readonly Column[],
): { readonly function: MeasureFunction; readonly argument: Expr | null; readonly type: ColumnType } {
  if (argument === null) return { function: name, argument, type: { kind: 'integer' } };
  const typed = check(argument, columns, 0);
  return { function: name, argument: typed.expr, type: measureType(name, typed, at) };
}

function measureType(name: MeasureFunction, argument: Typed, at: number): ColumnType {
  if (name === 'count') return { kind: 'integer' };
  const { type } = argument;
  const takes = (kinds: readonly string[]) => {
    if (kinds.includes(type.kind)) return;
    throw new TextError(at, `${name} of ${typeText(type)} is not supported`, kinds.join(', '));
  };
  if (name === 'min' || name === 'max')
    takes(['integer', 'decimal', 'double', 'string', 'date', 'timestamp']);
  else takes(['integer', 'decimal', 'double']);
  if (name === 'sum' && type.kind === 'decimal') return { ...type, precision: capped(type.precision + 10) };
  if (name === 'avg') {
    if (type.kind !== 'decimal') return { kind: 'double' };
    return { kind: 'decimal', precision: capped(type.precision + 4), scale: capped(type.scale + 4) };
  }
  return type as ColumnType;
}

const capped = (digits: number) => Math.min(MAX_DIGITS, digits);

function check(parsed: ParsedExpr, columns: readonly Column[], depth: number): Typed {
  const { at } = parsed;
  if (depth > MAX_DEPTH)
    throw new TextError(at, 'the expression is nested too deeply', `${MAX_DEPTH} levels`);
  if (parsed.op === 'column') {
    const type = typeOfColumn(parsed.name, columns);
    if (type) return { expr: { op: 'column', name: parsed.name }, type, at };
    throw new TextError(
      at,
      `${parsed.name} is no column`,
      columns.map(({ name }) => pathText([name])).join(', '),
    );
  }
  if (parsed.op === 'literal') return literal(parsed.type, parsed.value, at);
  const args = parsed.args.map((arg) => check(arg, columns, depth + 1));
  return call(parsed, args);
}

function literal(type: LiteralType, text: string, at: number): Typed {
  const value = type === 'date' ? isoDate(text) : type === 'timestamp' ? isoInstant(text) : text;
  if (value === undefined) {
    throw new TextError(at, `'${text}' is no ${type}`, type === 'date' ? DATE_FORM : INSTANT_FORM);
  }
  const expr: Expr = { op: 'literal', type, value };
  return { expr, type: type === 'decimal' ? asDecimal({ kind: 'integer' }, expr) : { kind: type }, at };
}

function call({ op, at }: ParsedCall, args: readonly Typed[]): Typed {
  const truth = (): Typed => ({
    expr: { op, args: args.map(({ expr }) => expr) } as Expr,
    type: { kind: 'boolean' },
    at,
  });
  switch (op) {
    case 'and':
    case 'or':
    case 'not':
      args.forEach(condition);
      return truth();
    case 'isNull':
    case 'isNotNull':
      return truth();
    case 'like':
      checkLike(args);
      return truth();
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
    case 'negate':
      return arithmetic(op, args, at);
    default: {
      const [first, ...others] = args as [Typed, ...Typed[]];
      for (const other of others) checkComparable(first, other);
      return truth();
    }
  }
}

function condition(typed: Typed): Typed {
  if (typed.type.kind === 'boolean') return typed;
  throw new TextError(
    typed.at,
    `${typeText(typed.type)} stands where a condition belongs`,
    'true or false, such as a comparison',
  );
}

function checkLike(args: readonly Typed[]): void {
  const [value, pattern] = args as [Typed, Typed];
  if (value.type.kind !== 'string')
    throw new TextError(value.at, `LIKE of ${typeText(value.type)}`, 'a text');
  const { expr } = pattern;
  if (expr.op !== 'literal' || expr.type !== 'string') {
    throw new TextError(
      pattern.at,
      'the pattern of LIKE is no literal',
      "a text in single quotes, such as 'EU-%'",
    );
  }
  if (expr.value.replaceAll(/\\[%_\\]/g, '').includes('\\'))
    throw new TextError(pattern.at, '\\ escapes nothing here', '\\%, \\_ or \\\\');
}

function checkComparable(left: Typed, right: Typed): void {
  const { at } = right;
  for (const { type } of [left, right]) {
    if (!isScalar(type))
      throw new TextError(at, `${typeText(type)} cannot be compared`, 'IS NULL and IS NOT NULL');
  }
  if (isNumber(left.type) && isNumber(right.type)) {
    if (left.type.kind === 'double' || right.type.kind === 'double') return;
    const [a, b] = [decimal(left), decimal(right)];
    const scale = Math.max(a.scale, b.scale);
    refuseDigits(Math.max(a.precision - a.scale, b.precision - b.scale) + scale, 'the comparison', at);
    return;
  }
  if (left.type.kind === right.type.kind) return;
  const hint = ['date', 'timestamp'].includes(left.type.kind)
    ? `, such as ${left.type.kind.toUpperCase()} '…'`
    : '';
  throw new TextError(
    at,
    `${typeText(right.type)} is compared with ${typeText(left.type)}`,
    `${isNumber(left.type) ? NUMBER : left.type.kind}${hint}`,
  );
}

function arithmetic(op: ArithmeticOperator | 'negate', args: readonly Typed[], at: number): Typed {
  for (const { type, at: place } of args) {
    if (!isNumber(type)) throw new TextError(place, `${typeText(type)} in arithmetic`, NUMBER);
  }
  const type = arithmeticType(op, args, at);
  return { expr: { op, args: args.map(({ expr }) => expr), type }, type, at };
}

/** The result's type by Spark's rules: an exact decimal, or a refusal where Spark would round. */
function arithmeticType(op: ArithmeticOperator | 'negate', args: readonly Typed[], at: number): ColumnType {
  const [left, right] = args as [Typed, Typed];
  if (op === 'negate') return left.type as ColumnType;
  if (op === '/' || args.some(({ type }) => type.kind === 'double')) return { kind: 'double' };
  if (args.every(({ type }) => type.kind === 'integer')) return { kind: 'integer' };
  const [a, b] = [decimal(left), decimal(right)];
  const whole = [a.precision - a.scale, b.precision - b.scale] as const;
  const scale = op === '*' ? a.scale + b.scale : Math.max(a.scale, b.scale);
  const precision =
    op === '*'
      ? a.precision + b.precision + 1
      : op === '%'
        ? Math.min(...whole) + scale
        : Math.max(...whole) + scale + 1;
  refuseDigits(precision, `the result of ${op}`, at);
  return { kind: 'decimal', precision, scale };
}

function refuseDigits(digits: number, what: string, at: number): void {
  if (digits > MAX_DIGITS)
    throw new TextError(at, `${what} needs up to ${digits} digits`, `at most ${MAX_DIGITS}`);
}

const decimal = ({ type, expr }: Typed): DecimalType => asDecimal(type as ColumnType, expr);
const isNumber = ({ kind }: Column['type']) => kind === 'integer' || kind === 'decimal' || kind === 'double';

/** A type for sentences: `decimal(18,2)`, `string`. */
export function typeText(type: Column['type']): string {
  return type.kind === 'decimal' ? `decimal(${type.precision},${type.scale})` : type.kind;
}

/**
 * How tightly each operator binds its operands. Unlisted ones are comparisons or other predicates.
 */
const LEVELS: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  not: 3,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
  negate: 7,
  column: 8,
  literal: 8,
};
const PREDICATE = 4;

/** An expression as SQL. Parsing it gives the same tree. */
export function printExpression(expr: Expr): string {
  return print(expr, 0);
}

/** A measure as SQL: `sum(amount)`. */
export function printMeasure({ function: name, argument }: Pick<Measure, 'function' | 'argument'>): string {
  return `${name}(${argument === null ? '*' : printExpression(argument)})`;
}

/**
 * @param around the level of the surrounding expression: one that binds more tightly needs
 * parentheses
 */
function print(expr: Expr, around: number): string {
  const level = LEVELS[expr.op] ?? PREDICATE;
  const text = printBare(expr, level);
  return level < around ? `(${text})` : text;
}

function printBare(expr: Expr, level: number): string {
  if (expr.op === 'column') return pathNames(expr.name).map(nameText).join('.');
  if (expr.op === 'literal') return literalText(expr.type, expr.value);
  const [first, ...others] = expr.args as [Expr, ...Expr[]];
  switch (expr.op) {
    case 'and':
    case 'or':
      return expr.args.map((arg) => print(arg, level + 1)).join(` ${expr.op.toUpperCase()} `);
    case 'not':
      return `NOT ${print(first, level)}`;
    case 'negate':
      // Directly before a number the sign would become part of the literal.
      return first.op === 'literal' ? `-(${print(first, 0)})` : `-${print(first, LEVELS['column'] ?? 0)}`;
    case 'isNull':
      return `${print(first, level + 1)} IS NULL`;
    case 'isNotNull':
      return `${print(first, level + 1)} IS NOT NULL`;
    case 'in':
      return `${print(first, level + 1)} IN (${others.map((other) => print(other, level + 1)).join(', ')})`;
    case 'between':
      return `${print(first, level + 1)} BETWEEN ${others.map((other) => print(other, level + 1)).join(' AND ')}`;
    case 'like':
      return `${print(first, level + 1)} LIKE ${others.map((other) => print(other, level + 1)).join('')}`;
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return `${print(first, level)} ${expr.op} ${others.map((other) => print(other, level + 1)).join('')}`;
    default:
      return expr.args.map((arg) => print(arg, level + 1)).join(` ${expr.op} `);
  }
}

/** A plain name stands as it is, unless it is a keyword. */
const nameText = (name: string) =>
  isPlainName(name) && !KEYWORDS.has(name.toUpperCase()) ? name : inBackticks(name);

function literalText(type: string, value: string): string {
  const quoted = `'${value.replaceAll("'", "''")}'`;
  if (type === 'string') return quoted;
  if (type === 'date' || type === 'timestamp') return `${type.toUpperCase()} ${quoted}`;
  if (type === 'boolean') return value.toUpperCase();
  return type === 'double' && !value.includes('e') ? `${value}e0` : value;
}
