import { describe, expect, it } from 'vitest';
import type { Column, ColumnType, Expr } from '../model.ts';
import { TextError } from '../text-error.ts';
import { checkCondition, checkMeasure, printExpression, printMeasure, typeText } from './sql-check.ts';
import { parseExpression, parseMeasure } from './sql-parser.ts';

const decimal = (precision: number, scale: number): ColumnType => ({ kind: 'decimal', precision, scale });
const address: Column['type'] = {
  kind: 'object',
  fields: [
    { name: 'zip', required: false, type: { kind: 'string' }, constraints: {} },
    { name: 'floor', required: false, type: { kind: 'integer' }, constraints: {} },
  ],
};
const columns: Column[] = [
  { name: 's', type: { kind: 'string' } },
  { name: 'like', type: { kind: 'string' } },
  { name: 'i', type: { kind: 'integer' } },
  { name: 'd', type: decimal(18, 2) },
  { name: 'wide', type: decimal(30, 2) },
  { name: 'f', type: { kind: 'double' } },
  { name: 'b', type: { kind: 'boolean' } },
  { name: 'date', type: { kind: 'date' } },
  { name: 'event_time', type: { kind: 'timestamp' } },
  { name: 'address', type: address },
  {
    name: 'tags',
    type: { kind: 'array', items: { required: false, type: { kind: 'string' }, constraints: {} } },
  },
];
const condition = (sql: string) => checkCondition(parseExpression(sql), columns);
const measure = (sql: string) => checkMeasure(parseMeasure(sql), columns);

describe('conditions', () => {
  it.each([
    ['i = 1', 'i = 1'],
    ['I=1 '.toLowerCase(), 'i = 1'],
    ['i != 1', 'i <> 1'],
    ['NOT b AND b OR b', 'NOT b AND b OR b'],
    ['not (b and (b and b))', 'NOT (b AND b AND b)'],
    ['(b OR b) AND b', '(b OR b) AND b'],
    ['i + 2 * 3 - -4 > 0', 'i + 2 * 3 - -4 > 0'],
    ['(i + 2) * 3 > 0', '(i + 2) * 3 > 0'],
    ['i - (i - i) = 0', 'i - (i - i) = 0'],
    ['-(i) < 0', '-i < 0'],
    ['-(-5) < i', '-(-5) < i'],
    ['i > -9223372036854775808', 'i > -9223372036854775808'],
    ['i BETWEEN 1 AND 2 AND b', 'i BETWEEN 1 AND 2 AND b'],
    ['i NOT BETWEEN 1 AND 2', 'NOT i BETWEEN 1 AND 2'],
    ["s IN ('a', 'it''s')", "s IN ('a', 'it''s')"],
    ["s not in ('a')", "NOT s IN ('a')"],
    ["s NOT LIKE 'a\\%_%'", "NOT s LIKE 'a\\%_%'"],
    ['`like` IS NULL', '`like` IS NULL'],
    ['address.zip IS NOT NULL', 'address.zip IS NOT NULL'],
    ['address IS NULL OR tags IS NOT NULL', 'address IS NULL OR tags IS NOT NULL'],
    ["date >= DATE '2026-01-31'", "date >= DATE '2026-01-31'"],
    [
      "event_time < timestamp '2026-01-31 12:00:00+02:00'",
      "event_time < TIMESTAMP '2026-01-31T10:00:00.000000Z'",
    ],
    ['d = 007.50', 'd = 7.50'],
    ['f < 1E3', 'f < 1000e0'],
    ['b = TRUE', 'b = TRUE'],
    ['(i > 1) = b', '(i > 1) = b'],
    ['d / 3 < f', 'd / 3 < f'],
  ])('%s is read as %s', (sql, printed) => {
    expect(printExpression(condition(sql))).toBe(printed);
  });

  it.each([
    ['', 1, 'the text ends too early', 'a column, a literal'],
    ['i =', 4, 'the text ends too early', 'a column, a literal'],
    ['i = 1 i', 7, 'i is not expected here', 'AND, OR, ='],
    ['i = 1 = 2', 7, '= is not expected here', 'AND, OR, ='],
    ['(i = 1', 7, 'the text ends too early', ')'],
    ['i = 1)', 6, ') is not expected here', 'AND, OR'],
    ['i IS 1', 6, '1 is not expected here', 'IS NULL or IS NOT NULL'],
    ['i NOT 1', 7, '1 is not expected here', 'IN, BETWEEN or LIKE'],
    ['i IN 1', 6, '1 is not expected here', 'IN (value, …)'],
    ['i BETWEEN 1 OR 2', 13, 'OR is not expected here', 'BETWEEN low AND high'],
    ['upper(s) = s', 1, 'the function upper is not supported here', 'a column'],
    ['i = NULL', 5, 'NULL is not expected here', 'a column'],
    ['i == 1', 4, '= is not expected here', 'a column'],
    ['i = 1 -- one', 7, '-- is not supported', 'columns'],
    ['i = /* one */ 1', 5, '/* is not supported', 'columns'],
    ['s = "a"', 5, '" is not supported', 'texts in single quotes'],
    ["s = 'a", 5, "' is not supported", 'texts in single quotes'],
    ['i = 1; DROP TABLE silver', 6, '; is not supported', 'columns'],
    ['i = 10L', 5, '10L is not supported', 'numbers such as 5'],
    ['i = 9223372036854775808', 5, '9223372036854775808 is no 64-bit integer', 'up to 9223372036854775807'],
    ['f = 1e999', 5, '1e999 is no finite double', '1.7e308'],
    [`d = 0.${'1'.repeat(39)}`, 5, 'has 39 digits', 'at most 38'],
    ['- - i < 1', 3, '- is not expected here', 'a column'],
    ['missing = 1', 1, 'missing is no column', 's, like, i, d'],
    ['S IS NULL', 1, 'S is no column', 's, like, i, d'],
    ['address.city IS NULL', 1, 'address.city is no column', 'address'],
    ['tags.x IS NULL', 1, 'tags.x is no column', 'tags'],
    ['i', 1, 'integer stands where a condition belongs', 'true or false'],
    ['i = 1 AND s', 11, 'string stands where a condition belongs', 'true or false'],
    ["i = '1'", 5, 'string is compared with integer', 'integer, decimal or double'],
    ["i IN (1, '2')", 10, 'string is compared with integer', 'integer, decimal or double'],
    ["event_time > '2026-01-01'", 14, 'string is compared with timestamp', "TIMESTAMP '…'"],
    ["date > TIMESTAMP '2026-01-01T00:00:00Z'", 8, 'timestamp is compared with date', "DATE '…'"],
    ["date > DATE '2026-02-30'", 8, "'2026-02-30' is no date", 'a date such as'],
    ["event_time > TIMESTAMP '2026-01-01'", 14, "'2026-01-01' is no timestamp", 'a time such as'],
    ['address = address', 11, 'object cannot be compared', 'IS NULL'],
    ["s LIKE 'a\\b'", 8, '\\ escapes nothing here', '\\%'],
    ['s LIKE s', 8, 'the pattern of LIKE is no literal', 'a text in single quotes'],
    ["i LIKE '1'", 1, 'LIKE of integer', 'a text'],
    ['s + 1 > 2', 1, 'string in arithmetic', 'integer, decimal or double'],
    ['wide * d > 0', 6, 'the result of * needs up to 49 digits', 'at most 38'],
    ['wide = 1.000000000000', 8, 'the comparison needs up to 40 digits', 'at most 38'],
  ])('%s is refused', (sql, column, what, allowed) => {
    const error = thrownBy(() => condition(sql));
    expect(error.what).toContain(what);
    expect(error.allowed).toContain(allowed);
    expect(error.at + 1).toBe(column);
  });
});

describe('nesting', () => {
  it.each([
    ['parentheses', `${'('.repeat(60)}i = 1${')'.repeat(60)}`, '50 levels'],
    ['a long chain', `i${' + 1'.repeat(200)} = 1`, '100 levels'],
    ['a row of NOTs', `${'NOT '.repeat(200)}b`, '50 levels'],
  ])('is refused when it is too deep: %s', (_, sql, allowed) => {
    const error = thrownBy(() => condition(sql));
    expect(error.what).toBe('the expression is nested too deeply');
    expect(error.allowed).toBe(allowed);
  });
});

describe('measures', () => {
  it.each([
    ['count(*)', 'count(*)', 'integer'],
    ['COUNT(tags)', 'count(tags)', 'integer'],
    ['sum(i)', 'sum(i)', 'integer'],
    ['sum(d)', 'sum(d)', 'decimal(28,2)'],
    ['sum(wide)', 'sum(wide)', 'decimal(38,2)'],
    ['sum(f)', 'sum(f)', 'double'],
    ['avg(d)', 'avg(d)', 'decimal(22,6)'],
    ['avg(i)', 'avg(i)', 'double'],
    ['max(d)', 'max(d)', 'decimal(18,2)'],
    ['min(date)', 'min(date)', 'date'],
    ['max(event_time)', 'max(event_time)', 'timestamp'],
    ['min(s)', 'min(s)', 'string'],
    ['sum(address.floor)', 'sum(address.floor)', 'integer'],
    ['sum(d * 2)', 'sum(d * 2)', 'decimal(30,2)'],
    ['sum(d + i)', 'sum(d + i)', 'decimal(33,2)'],
    ['sum(d * 0.05)', 'sum(d * 0.05)', 'decimal(31,4)'],
    ['max(d % 10)', 'max(d % 10)', 'decimal(4,2)'],
    ['max(i % 7)', 'max(i % 7)', 'integer'],
    ['avg(d / 2)', 'avg(d / 2)', 'double'],
    ['sum(-d)', 'sum(-d)', 'decimal(28,2)'],
  ])('%s is %s of type %s', (sql, printed, type) => {
    const read = measure(sql);
    expect(printMeasure(read)).toBe(printed);
    expect(typeText(read.type)).toBe(type);
  });

  it.each([
    ['amount', 1, 'amount is not expected here', 'count(*), or count, sum'],
    ['median(i)', 1, 'median is not expected here', 'count(*), or count, sum'],
    ['sum(*)', 5, '* is not expected here', 'a column'],
    ['sum()', 5, ') is not expected here', 'a column'],
    ['count(DISTINCT s)', 7, 'DISTINCT is not expected here', 'count(*), or count, sum'],
    ['sum(i, i)', 6, ', is not expected here', 'one expression'],
    ['sum(i) + 1', 8, '+ is not expected here', 'nothing behind'],
    ['sum(sum(i))', 5, 'the function sum is not supported here', 'a column'],
    ['sum(s)', 1, 'sum of string is not supported', 'integer, decimal, double'],
    ['avg(date)', 1, 'avg of date is not supported', 'integer, decimal, double'],
    ['min(b)', 1, 'min of boolean is not supported', 'integer, decimal, double, string, date, timestamp'],
    ['max(tags)', 1, 'max of array is not supported', 'timestamp'],
  ])('%s is refused', (sql, column, what, allowed) => {
    const error = thrownBy(() => measure(sql));
    expect(error.what).toContain(what);
    expect(error.allowed).toContain(allowed);
    expect(error.at + 1).toBe(column);
  });
});

describe('an expression that is printed', () => {
  it('parses to the same tree, whatever the tree', () => {
    const random = seeded(20_261_126);
    for (let round = 0; round < 1000; round += 1) {
      const tree = randomCondition(random, 4);
      expect(condition(printExpression(tree)), printExpression(tree)).toEqual(tree);
    }
  });
});

function thrownBy(run: () => unknown): TextError {
  try {
    run();
  } catch (error) {
    if (error instanceof TextError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

type Random = (below: number) => number;

/** A linear congruential generator: the same trees in every run. */
function seeded(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const pick = <T>(random: Random, items: readonly T[]): T => items[random(items.length)] as T;
const column = (name: string): Expr => ({ op: 'column', name });
const literal = (type: ColumnType['kind'], value: string): Expr => ({ op: 'literal', type, value });

function randomCondition(random: Random, depth: number): Expr {
  const below = depth - 1;
  if (depth === 0)
    return pick(random, [column('b'), literal('boolean', 'true'), literal('boolean', 'false')]);
  const some = (op: 'and' | 'or') => {
    const args = Array.from({ length: 2 + random(2) }, () => randomCondition(random, below));
    return { op, args: args.map((arg) => (arg.op === op ? column('b') : arg)) } as Expr;
  };
  const number = () => randomInteger(random, below);
  const text = () =>
    pick(random, [column('s'), column('like'), column('address.zip'), literal('string', "a'b")]);
  switch (random(9)) {
    case 0:
      return some('and');
    case 1:
      return some('or');
    case 2:
      return { op: 'not', args: [randomCondition(random, below)] };
    case 3:
      return { op: pick(random, ['=', '<>', '<', '<=', '>', '>='] as const), args: [number(), number()] };
    case 4:
      return { op: 'between', args: [number(), number(), number()] };
    case 5:
      return { op: 'in', args: [text(), text(), text()] };
    case 6:
      return { op: 'like', args: [text(), literal('string', pick(random, ['%', "a_'\\%", '']))] };
    case 7:
      return {
        op: pick(random, ['isNull', 'isNotNull'] as const),
        args: [pick(random, [number(), text(), column('tags')])],
      };
    default:
      return { op: '=', args: [randomCondition(random, below), randomCondition(random, below)] };
  }
}

function randomInteger(random: Random, depth: number): Expr {
  const type: ColumnType = { kind: 'integer' };
  if (depth <= 0) {
    return pick(random, [
      column('i'),
      column('address.floor'),
      literal('integer', '5'),
      literal('integer', '-7'),
    ]);
  }
  if (random(5) === 0) return { op: 'negate', args: [randomInteger(random, depth - 1)], type };
  const args = [randomInteger(random, depth - 1), randomInteger(random, depth - 1)];
  return { op: pick(random, ['+', '-', '*', '%'] as const), args, type };
}
