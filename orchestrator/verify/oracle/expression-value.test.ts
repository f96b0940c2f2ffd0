import { beforeAll, describe, expect, it } from 'vitest';
import { type Database, withDatabase } from '../../lake/database.ts';
import { expressionSql } from '../../lake/pipeline-sql.ts';
import type { Column } from '../../pipeline/model.ts';
import { checkCondition } from '../../pipeline/sql/sql-check.ts';
import { parseExpression } from '../../pipeline/sql/sql-parser.ts';
import { conditionOf, type SilverRow } from './expression-value.ts';

const COLUMNS: readonly Column[] = [
  { name: 's', type: { kind: 'string' } },
  { name: 'i', type: { kind: 'integer' } },
  { name: 'd', type: { kind: 'decimal', precision: 10, scale: 3 } },
  { name: 'x', type: { kind: 'double' } },
  { name: 'b', type: { kind: 'boolean' } },
  { name: 'day', type: { kind: 'date' } },
  { name: 'at', type: { kind: 'timestamp' } },
  {
    name: 'o',
    type: {
      kind: 'object',
      fields: [{ name: 'n', required: false, type: { kind: 'integer' }, constraints: {} }],
    },
  },
];
const ROWS: readonly SilverRow[] = [
  ['a_b', 7n, 1500n, 0.1, true, 20_484, 1_767_225_600_000_000n, [5n]],
  ['', -7n, -1n, -0, false, -1, -1n, [null]],
  ['😀%\n', 9_223_372_036_854_775_807n, 9_999_999_999n, 1e308, null, 0, 0n, null],
  [null, null, null, null, null, null, null, null],
];
/** The same rows as SQL. */
const ROWS_SQL = `(VALUES
  ('a_b', 7::BIGINT, 1.5::DECIMAL(10,3), 0.1::DOUBLE, true, DATE '2026-01-31', TIMESTAMP '2026-01-01 00:00:00', {'n': 5::BIGINT}),
  ('', -7, -0.001, -0.0::DOUBLE, false, DATE '1969-12-31', make_timestamp(-1), {'n': NULL}),
  ('😀%' || chr(10), 9223372036854775807, 9999999.999, 1e308, NULL, DATE '1970-01-01', TIMESTAMP '1970-01-01', NULL),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)) v(s, i, d, x, b, day, "at", o)`;

const CONDITIONS = [
  ...["s = 'a_b'", "s <> ''", "s < 'a'", "s >= '😀'", "s > '\uffff'", "s IN ('', 'a_b')", "s NOT IN ('')"],
  ...[
    "s LIKE 'a%'",
    "s LIKE 'a\\_b'",
    "s LIKE '___'",
    "s LIKE '%\\%_'",
    "s LIKE '%'",
    "s LIKE ''",
    "s NOT LIKE '%b'",
  ],
  ...[
    'i = 7',
    'i <> 7',
    'i > -7',
    'i >= 7',
    'i < 7.5',
    'i = 7e0',
    'i BETWEEN -7 AND 7',
    'i NOT BETWEEN 0 AND 9',
  ],
  ...[
    'i + 1 > 0',
    'i * 2 = 14',
    'i - 1 < i',
    '-i = 7',
    'i % 4 = 3',
    'i % 4 = -3',
    'i % 0 = 0',
    'i / 2 = 3.5',
    'i / 0 = 1',
  ],
  ...[
    'd = 1.5',
    'd > i',
    'd + 0.0005 = 1.5005',
    'd * 2 = 3',
    'd - i < 0',
    'd % 1 = 0.5',
    'd / 3 = 0.5',
    '-d < 0',
    'd = 1.5e0',
  ],
  ...[
    'x = 0.1',
    'x = 0',
    'x * 10 > 1',
    'x + x > 1',
    'x / x = 1',
    'x % 0.3 > 0',
    'x < d',
    '-x <= 0',
    'x IN (0.1, 0)',
  ],
  ...[
    'b',
    'NOT b',
    'b = true',
    'b AND i > 0',
    'b OR i > 0',
    'NOT (b OR s IS NULL)',
    'b IS NULL',
    'b IS NOT NULL AND b',
  ],
  ...[
    "day = DATE '2026-01-31'",
    "day < DATE '1970-01-01'",
    "at >= TIMESTAMP '1970-01-01T00:00:00Z'",
    "day IN (DATE '1970-01-01')",
  ],
  ...['o IS NULL', 'o.n IS NULL', 'o.n = 5', 'o.n IN (5, 6)', 'o IS NOT NULL AND o.n + i = 12'],
];

describe('a condition of the pipeline', () => {
  let inDatabase: ReadonlyMap<string, readonly unknown[]>;

  beforeAll(() =>
    withDatabase(undefined, async (database: Database) => {
      const found = new Map<string, readonly unknown[]>();
      for (const sql of CONDITIONS) {
        const expression = checkCondition(parseExpression(sql), COLUMNS);
        const rows = await database.all(`SELECT ${expressionSql(expression)} FROM ${ROWS_SQL}`);
        found.set(
          sql,
          rows.map(([truth]) => truth),
        );
      }
      inDatabase = found;
    }),
  );

  it.each(CONDITIONS)('gives for a row what it gives in SQL: %s', (sql) => {
    const holds = conditionOf(checkCondition(parseExpression(sql), COLUMNS), COLUMNS);
    expect(ROWS.map((row) => holds(row))).toEqual(inDatabase.get(sql));
  });
});
