import type { Expr, Measure } from '../model.ts';
import { KEYWORDS } from './sql-tokens.ts';

/** How tightly each operator binds its operands; what is not listed is a comparison or another predicate. */
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

/** An expression as SQL, which parses to the same tree. */
export function printExpression(expr: Expr): string {
  return print(expr, 0);
}

/** A measure as SQL: `sum(amount)`. */
export function printMeasure({ function: name, argument }: Pick<Measure, 'function' | 'argument'>): string {
  return `${name}(${argument === null ? '*' : printExpression(argument)})`;
}

/** @param around the level of what the expression stands in: it needs parentheses in what binds more tightly */
function print(expr: Expr, around: number): string {
  const level = LEVELS[expr.op] ?? PREDICATE;
  const text = printBare(expr, level);
  return level < around ? `(${text})` : text;
}

function printBare(expr: Expr, level: number): string {
  if (expr.op === 'column') return expr.name.split('.').map(nameText).join('.');
  if (expr.op === 'literal') return literalText(expr.type, expr.value);
  const [first, ...others] = expr.args as [Expr, ...Expr[]];
  switch (expr.op) {
    case 'and':
    case 'or':
      return expr.args.map((arg) => print(arg, level + 1)).join(` ${expr.op.toUpperCase()} `);
    case 'not':
      return `NOT ${print(first, level)}`;
    case 'negate':
      // Directly before a number the sign would be the literal's.
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

const nameText = (name: string) => (KEYWORDS.has(name.toUpperCase()) ? `\`${name}\`` : name);

function literalText(type: string, value: string): string {
  const quoted = `'${value.replaceAll("'", "''")}'`;
  if (type === 'string') return quoted;
  if (type === 'date' || type === 'timestamp') return `${type.toUpperCase()} ${quoted}`;
  if (type === 'boolean') return value.toUpperCase();
  return type === 'double' && !value.includes('e') ? `${value}e0` : value;
}
