import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { PlantedOutputs, rowsOf } from '../../../tests/support/planted-outputs.ts';
import { transactions } from '../../../tests/support/transactions.ts';
import { limited, queryCsv, queryJson, queryOutputs, queryPlan, queryTable } from './query-outputs.ts';

let outputs: PlantedOutputs;
/** A folder that no query may touch. */
let outside: string;

beforeAll(async () => {
  outputs = await PlantedOutputs.create();
  outside = join(outputs.path, 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'secret.csv'), 'a,b\n1,2\n');
  await outputs.start({ 0: 0 });
  await outputs.commit(0, { 0: 3 });
  await outputs.commit(1, { 0: 5 });
  await outputs.batch(0, rowsOf(0, 0, 3));
  await outputs.batch(1, [
    { partition: 0, offset: 3, amount: '9007199254740993.10', card: 'say "hi", café\nthere' },
    { partition: 0, offset: 4, card: '' },
  ]);
  await outputs.quarantine(1, rowsOf(0, 4, 5));
  // In flight.
  await outputs.batch(2, rowsOf(0, 5, 9));
});
afterAll(() => outputs.remove());

const ask = <T>(sql: string, use: Parameters<typeof queryOutputs<T>>[1]) =>
  queryOutputs({ outputPath: outputs.path, pipeline: transactions, sql }, use);
const csv = (sql: string) => ask(sql, async (result) => (await collect(queryCsv(result))).join(''));
const json = (sql: string) =>
  ask(sql, async (result) => JSON.parse((await collect(queryJson(result))).join('')));
const collect = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
};

test('the sinks are tables that hold what committed micro-batches left, those without files too', async () => {
  expect(
    await csv(
      `SELECT (SELECT count(*) FROM bronze), (SELECT count(*) FROM Silver), (SELECT count(*) FROM main.quarantine),
        (SELECT count(*) FROM "gold"), (SELECT count(*) FROM work.main.raw_csv)`,
    ),
  ).toMatch(/\r\n5,5,1,0,5\r\n$/);
});

test('a folder may have the characters of a pattern in its name', async () => {
  const odd = await PlantedOutputs.create('a b#c%20d[1]é*?-');
  onTestFinished(() => odd.remove());
  await odd.start({ 0: 0 });
  await odd.commit(0, { 0: 3 });
  await odd.batch(0, rowsOf(0, 0, 3));
  const count = (sink: string) =>
    queryOutputs(
      { outputPath: odd.path, pipeline: transactions, sql: `SELECT count(*) AS n FROM ${sink}` },
      async (result) => (await collect(queryCsv(result))).join(''),
    );
  for (const sink of ['bronze', 'silver', 'raw_csv']) expect(await count(sink)).toBe('n\r\n3\r\n');
});

test.each([
  ['a common table expression', 'WITH s AS (FROM silver) SELECT count(*) AS n FROM s', '5'],
  ['a FROM alone', 'FROM quarantine SELECT reason', 'bad_json'],
  ['VALUES', 'VALUES (1)', '1'],
  ['DESCRIBE', 'DESCRIBE gold', 'card_id,VARCHAR'],
  ['SUMMARIZE', 'SUMMARIZE quarantine', 'reason,VARCHAR'],
  ['SHOW TABLES', 'SHOW TABLES', 'quarantine'],
  ['a table function that computes', 'SELECT sum(range) AS n FROM range(3), silver', '15'],
  ['a lateral join', 'SELECT count(*) FROM silver, unnest([1, 2])', '10'],
  ['PIVOT with its values', "PIVOT quarantine ON reason IN ('bad_json') USING count(*)", '1'],
  ['a trailing semicolon and a comment', 'SELECT 7 AS n; -- done', '7'],
])('%s is a query', async (_what, sql, found) => {
  expect(await csv(sql)).toContain(found);
});

test('EXPLAIN shows the plan, ANALYZE included', async () => {
  for (const sql of ['EXPLAIN SELECT count(*) FROM silver', 'explain analyze FROM silver']) {
    expect(await ask(sql, queryPlan)).toContain('READ_PARQUET');
  }
  expect(await ask('FROM silver', queryPlan)).toBeUndefined();
});

test('CSV is quoted where it must be, ends lines with CRLF, and distinguishes NULL from an empty text', async () => {
  expect(
    await csv(
      `SELECT card_id, amount, event_time, NULL AS nothing, [1, 2] AS list FROM silver ORDER BY "offset" DESC LIMIT 2`,
    ),
  ).toBe(
    'card_id,amount,event_time,nothing,list\r\n"",1.00,2025-01-02T03:04:05Z,,"[1,2]"\r\n' +
      '"say ""hi"", café\nthere",9007199254740993.10,2025-01-02T03:04:05Z,,"[1,2]"\r\n',
  );
});

test('JSON keeps all digits of whole numbers, decimals and instants as text, and every column', async () => {
  const sql = `SELECT 9007199254740993 AS big, sum("offset") AS huge, max(amount) AS amount, max(event_time) AS at,
    TIMESTAMPTZ '2025-01-02 03:04:05.5+01' AS zoned, DATE '2025-01-02' AS day, 1.5::DOUBLE AS half, 'nan'::DOUBLE AS nan, true AS yes,
    NULL AS nothing, {'a': [1, NULL]} AS nested, MAP {'k': 1} AS map, 1 AS twice, 2 AS twice FROM silver`;
  const text = await ask(sql, async (result) => (await collect(queryJson(result))).join(''));
  expect(text).toContain('"big":9007199254740993,"huge":10,');
  expect(JSON.parse(text)).toMatchObject({
    columns: expect.arrayContaining([
      { name: 'amount', type: 'DECIMAL(18,2)' },
      { name: 'at', type: 'TIMESTAMP' },
    ]),
    rows: [
      {
        amount: '9007199254740993.10',
        at: '2025-01-02T03:04:05Z',
        zoned: '2025-01-02T02:04:05.5Z',
        day: '2025-01-02',
        half: 1.5,
        nan: 'NaN',
        yes: true,
        nothing: null,
        nested: { a: [1, null] },
        map: [{ key: 'k', value: 1 }],
        twice: 1,
        'twice:1': 2,
      },
    ],
  });
  expect(await json('FROM gold')).toMatchObject({ rows: [] });
});

test('a table is cut to its rows and says so, and is whole otherwise', async () => {
  const table = (limit: number) =>
    ask('SELECT "offset", event_time FROM silver ORDER BY 1', (result) => queryTable(result, limit, 80));
  expect(await table(2)).toBe(
    [
      'offset  event_time (UTC)',
      '     0  2025-01-02 03:04:05',
      '     1  2025-01-02 03:04:05',
      'Cut after 2 rows: --limit shows more, --csv and --json give all.',
    ].join('\n'),
  );
  expect(await table(5)).not.toContain('Cut');
  expect(await ask('FROM gold', (result) => queryTable(result, 5, 80))).toContain('(no rows)');
  expect(await ask('FROM silver', async (result) => collect(limited(result, 3).rows()))).toHaveLength(3);
});

test('a result far larger than what is taken of it is left early', async () => {
  const rows = await ask('FROM range(1000000000000)', async (result) => collect(limited(result, 3).rows()));
  expect(rows).toHaveLength(3);
});

const silver = () => outputs.fileOf('silver', 0);

test.each([
  ['COPY', (to: string) => `COPY (SELECT 1) TO '${to}/new.csv'`],
  ['COPY onto an output', () => `COPY (SELECT 1 AS a) TO '${silver()}' (USE_TMP_FILE false)`],
  [
    'COPY behind EXPLAIN ANALYZE',
    () => `EXPLAIN ANALYZE COPY (SELECT 1 AS a) TO '${silver()}' (USE_TMP_FILE false)`,
  ],
  ['COPY in a text', (to: string) => `FROM query('COPY (SELECT 1) TO ''${to}/new.csv''')`],
  ['EXPORT', (to: string) => `EXPORT DATABASE '${to}/new'`],
  ['ATTACH', (to: string) => `ATTACH '${to}/new.db'`],
  ['CREATE TABLE', () => 'CREATE TABLE t AS SELECT 1'],
  ['INSERT', () => 'INSERT INTO silver SELECT * FROM silver'],
  ['DROP', () => 'DROP VIEW silver'],
  ['INSTALL', () => 'INSTALL httpfs'],
  ['LOAD', () => 'LOAD httpfs'],
  ['SET', () => 'SET enable_external_access = true'],
  ['RESET', () => 'RESET lock_configuration'],
  ['PRAGMA', () => "PRAGMA enable_profiling = 'json'"],
  ['a PRAGMA that reads', () => 'PRAGMA database_list'],
  ['CALL', () => 'CALL enable_logging()'],
  ['a transaction', () => 'BEGIN'],
  ['PREPARE', () => 'PREPARE p AS SELECT 1'],
  ['two statements', () => 'SELECT 1; SELECT 2'],
  ['a write behind a query', (to: string) => `SELECT 1; COPY (SELECT 1) TO '${to}/new.csv'`],
  ['nothing', () => ' -- only a comment'],
  ['read_csv', (to: string) => `FROM read_csv('${to}/secret.csv')`],
  ['read_csv of a schema', (to: string) => `FROM system.main.read_csv('${to}/secret.csv')`],
  [
    'READ_TEXT in a subquery',
    (to: string) => `SELECT (SELECT content FROM READ_TEXT('${to}/secret.csv')) FROM silver`,
  ],
  ['read_blob in a CTE', (to: string) => `WITH s AS (FROM "read_blob"('${to}/secret.csv')) FROM s`],
  ['read_parquet of an output', () => `FROM read_parquet('${silver()}')`],
  ['parquet_metadata', () => `FROM parquet_metadata('${silver()}')`],
  ['glob', (to: string) => `FROM glob('${to}/*')`],
  ['sniff_csv', (to: string) => `FROM sniff_csv('${to}/secret.csv')`],
  ['a file as a table', (to: string) => `FROM '${to}/secret.csv'`],
  ['a file in flight as a table', () => `FROM '${outputs.fileOf('silver', 2)}'`],
  ['a web address', () => "FROM 'https://example.com/a.parquet'"],
  ['an object store', () => "FROM read_parquet('s3://bucket/a.parquet')"],
  ['secrets', () => 'FROM duckdb_secrets()'],
  ['the environment', () => "SELECT getenv('HOME')"],
  ['logging to a file', (to: string) => `FROM enable_logging(storage = 'file', storage_path = '${to}/new')`],
  ['profiling to a file', (to: string) => `FROM enable_profiling(save_location = '${to}/new.json')`],
  ['SQL in JSON', () => "FROM json_execute_serialized_sql(json_serialize_sql('FROM duckdb_secrets()'))"],
  ['a query by its text', () => "FROM query('SELECT 1')"],
  ['a table by its name', () => "FROM query_table('silver')"],
])('%s is refused, and nothing is read or written', async (_what, sql) => {
  const before = await readFile(silver());
  await expect(csv(sql(outside))).rejects.toMatchObject({ code: 'BAD_SQL', exitCode: 2 });
  expect(await readdir(outside)).toEqual(['secret.csv']);
  expect(await readFile(silver())).toEqual(before);
});

test("an error of the SQL has DuckDB's message, its place, and the tables' columns", async () => {
  await expect(csv('SELECT amuont FROM silver')).rejects.toMatchObject({
    code: 'BAD_SQL',
    message: expect.stringMatching(
      /"amuont" not found[\s\S]*Candidate bindings: "amount"[\s\S]*LINE 1: SELECT amuont[\s\S]*\^/,
    ),
    hint: expect.stringContaining('silver(txn_id, user_id, card_id'),
  });
  await expect(csv('SELEC 1')).rejects.toMatchObject({
    message: expect.stringMatching(/^Parser Error: syntax error at or near "SELEC"\s+LINE 1/),
  });
  await expect(csv('SELECT ?')).rejects.toMatchObject({ code: 'BAD_SQL' });
  // The error appears only when rows are read.
  await expect(
    csv('SELECT CASE WHEN "offset" = 4 THEN error(\'boom\') END FROM silver'),
  ).rejects.toMatchObject({
    code: 'BAD_SQL',
    message: expect.stringContaining('boom'),
  });
});

test('without any output there is no data, whatever is asked', async () => {
  const empty = await PlantedOutputs.create();
  try {
    const asked = queryOutputs(
      { outputPath: empty.path, pipeline: transactions, sql: 'FROM silver' },
      async () => 0,
    );
    await expect(asked).rejects.toMatchObject({
      code: 'NO_DATA',
      hint: expect.stringContaining('gold after about six minutes'),
    });
  } finally {
    await empty.remove();
  }
});

test('a file that vanishes while its rows are taken ends the query, with what to do', async () => {
  const asked = queryOutputs(
    { outputPath: outputs.path, pipeline: transactions, sql: 'FROM silver' },
    async () => {
      throw new Error('IO Error: Cannot open file "x": No such file or directory');
    },
  );
  await expect(asked).rejects.toMatchObject({ code: 'OUTPUT_CHANGED' });
});

test('an abort ends a running query with its reason, and leaves no folder behind', async () => {
  const temporary = join(outputs.path, 'temporary');
  await mkdir(temporary);
  vi.stubEnv('TMPDIR', temporary);
  try {
    const abort = new AbortController();
    const sql =
      'SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range = b.range + random()';
    const asked = queryOutputs(
      { outputPath: outputs.path, pipeline: transactions, sql, signal: abort.signal },
      async () => 0,
    );
    const reason = new Error('enough');
    setTimeout(() => abort.abort(reason), 200);
    await expect(asked).rejects.toBe(reason);
    expect(await readdir(temporary)).toEqual([]);
  } finally {
    vi.unstubAllEnvs();
  }
});
