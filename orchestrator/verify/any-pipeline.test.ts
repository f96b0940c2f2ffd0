import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { everything, order, orderText } from '../../tests/support/orders.ts';
import { KAFKA_MS, PlantedTopic } from '../../tests/support/planted-topic.ts';
import { rewriteParquet } from '../../tests/support/rewrite-parquet.ts';
import { peekOutputs } from '../peek/peek-outputs.ts';
import { peekJson, peekText } from '../peek/peek-text.ts';
import { queryCsv, queryJson, queryOutputs, queryTable } from '../peek/sql/query-outputs.ts';
import { pathText } from '../pipeline/column-name.ts';
import type { Pipeline } from '../pipeline/model.ts';
import { verifyOutputs } from './verify-outputs.ts';

const HEADERS = [
  { key: Buffer.from('trace'), value: Buffer.from([0xff, 0x00]) },
  { key: Buffer.from('trace'), value: null },
];

let topic: PlantedTopic;

beforeEach(async () => {
  topic = await PlantedTopic.create(everything);
  await topic.batch(
    0,
    [
      { ...order(0), headers: HEADERS },
      order(1, { gift: null, customer: { id: 8 }, tags: [] }, GIFTLESS),
      { offset: 2, value: orderText({ extra: 1 }), reason: 'unknown_field' },
      { offset: 3, value: orderText({ quantity: 0 }), reason: 'bad_quantity' },
      { offset: 4, value: orderText({ shop: 'Test shop' }), reason: 'not_a_test' },
      {
        offset: 5,
        value: Buffer.from([0, 0, 0, 0, 42, 0xff]),
        bronze: '\0\0\0\0*\uFFFD',
        reason: 'schema_registry_header',
      },
      { offset: 6, value: orderText({ customer: {} }), reason: 'bad_customer' },
    ],
    0,
  );
});
afterEach(() => topic.outputs.remove());

const GIFTLESS = {
  gift: 'NULL::BOOLEAN',
  customer: `{'id': 8::BIGINT, 'email': NULL::VARCHAR, 'credit': NULL::DECIMAL(10,2), 'address':
    NULL::STRUCT("country" VARCHAR, "since" DATE, "geo" DOUBLE[])}`,
  tags: '[]::VARCHAR[]',
};

async function verify(deep = true) {
  const { differences, ...report } = await verifyOutputs({
    outputPath: topic.outputs.path,
    pipeline: everything,
    topic: { name: 'orders', partitions: [{ partition: 0, beginOffset: 0, endOffset: topic.ends[0] ?? 0 }] },
    reader: topic,
    ...(deep && { deep: { records: topic } }),
  });
  return { report, found: differences.map(({ kind, sink, detail }) => `${kind} ${sink}: ${detail}`) };
}

test('outputs of any pipeline that hold what the records give are equal', async () => {
  const { report, found } = await verify();
  expect(found).toEqual([]);
  expect(report.deep).toEqual({
    records: 7,
    equalRows: { bronze: 7, silver: 2, quarantine: 5 },
    reasons: {
      schema_registry_header: 1,
      bad_customer: 1,
      unknown_field: 1,
      bad_quantity: 1,
      not_a_test: 1,
    },
    unmet: { has_channel: 0, cheap_or_gift: 0, european: 0 },
  });
  expect((await verify(false)).found).toEqual([]);
});

describe('a difference that was planted is found in a column of any type:', () => {
  test.each([
    ['quantity', '4::BIGINT', /^quantity is 4, its record gives 3;/],
    ['total', '10.501::DECIMAL(12,3)', /^total is 10\.501, its record gives 10\.500;/],
    [
      'wei',
      "'12345678901234567890.123456789012345677'::DECIMAL(38,18)",
      /^wei from character 29 on is 89012345677, its record gives 89012345678;/,
    ],
    ['score', '0.00012345000000000002::DOUBLE', /^score is .*02, its record gives 0\.00012345;/],
    ['gift', 'false', /^gift is false, its record gives true;/],
    ['due', "DATE '2026-06-02'", /^due is 2026-06-02, its record gives 2026-06-01;/],
    [
      'packed',
      'packed + INTERVAL 1 MICROSECOND',
      /^packed is .*00\.000001Z, its record gives .*00\.000000Z;/,
    ],
    ['sent_us', 'packed', /^sent_us is 2026-01-01T08:00:00\.000000Z, its record gives null;/],
    ['tags', `['a', '', '1.5', 'say "hi", {x}: 5,']`, /^tags is .*"",.* its record gives .*null,/],
    ['tags', 'NULL', /^tags is null, its record gives \["a"/],
    ['customer', 'struct_update(customer, id := 70::BIGINT)', /^customer is .*70.*, its record gives .*7,/],
    [
      'matrix',
      '[[1::BIGINT, 2::BIGINT], [], NULL]',
      /^matrix is \[\[1,2\],\[\],null\], its record gives \[\[1,2\],null,\[\]\];/,
    ],
  ])('%s %s', async (column, sql, expected) => {
    await rewriteParquet(
      topic.outputs.fileOf('silver', 0),
      (rows) =>
        `SELECT * REPLACE (CASE WHEN "offset" = 0 THEN ${sql} ELSE ${column} END AS ${column}) FROM ${rows}`,
    );
    const [first, ...others] = (await verify()).found.filter((each) => !each.startsWith('csv-values'));
    expect(others).toEqual([]);
    expect(first?.replace('value-wrong silver: ', '')).toMatch(expected);
  });

  test.each([
    ['headers', 'NULL', /^headers is null, its record gives trace=FF00, trace=null; in batch 0$/],
    ['headers', '[headers[1]]', /^headers is trace=FF00, its record gives trace=FF00, trace=null;/],
    ['value_bytes', "'x'::BLOB", /^value_bytes is 78, its record gives null;/],
  ])('bronze %s %s', async (column, sql, expected) => {
    await rewriteParquet(
      topic.outputs.fileOf('bronze', 0),
      (rows) =>
        `SELECT * REPLACE (CASE WHEN "offset" = 0 THEN ${sql} ELSE ${column} END AS ${column}) FROM ${rows}`,
    );
    const [first, ...others] = (await verify()).found;
    expect(others).toEqual([]);
    expect(first?.replace('value-wrong bronze: ', '')).toMatch(expected);
  });

  test('the bytes of a value that is no text', async () => {
    await rewriteParquet(
      topic.outputs.fileOf('bronze', 0),
      (rows) => `SELECT * REPLACE (NULL::BLOB AS value_bytes) FROM ${rows}`,
    );
    expect((await verify()).found).toEqual([
      'value-wrong bronze: value_bytes is null, its record gives 000000002AFF; in batch 0',
    ]);
  });

  test('a row of quarantine that does not say what is wrong', async () => {
    await rewriteParquet(
      topic.outputs.fileOf('quarantine', 0),
      (rows) => `SELECT * REPLACE (CASE WHEN "offset" = 3 THEN '' ELSE detail END AS detail) FROM ${rows}`,
    );
    expect((await verify()).found).toEqual([
      'value-wrong quarantine: detail is "", its record gives what is wrong; in batch 0',
    ]);
  });

  test('a reason, and silver for a row that breaks an expectation', async () => {
    await rewriteParquet(
      topic.outputs.fileOf('quarantine', 0),
      (rows) =>
        `SELECT * REPLACE (CASE WHEN "offset" = 4 THEN 'bad_shop' ELSE reason END AS reason) FROM ${rows}`,
    );
    expect((await verify()).found).toEqual([
      'wrong-reason quarantine: in quarantine as bad_shop; by its value it belongs in quarantine as not_a_test',
    ]);
  });
});

test.each([
  ['12.5', '12.51', /customer .*12\.51/],
  ['-4.9', '-4.90000001', /customer .*/],
  ['"id"":7', '"id"":70', /customer/],
  ['1.250', '1.260', /lines/],
  ['1.250', '1.25E0', undefined],
  ['-4.9', '-4.9E0', undefined],
  ['10.500', '10.5', /total/],
  ['{""id', '{id', /customer is \{id":7/],
])('in raw_csv %s made %s is a difference by its value alone', async (from, to, expected) => {
  const path = topic.outputs.fileOf('raw_csv', 0);
  const before = await readFile(path, 'utf8');
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  await writeFile(path, after);
  const { found } = await verify();
  if (expected === undefined) expect(found).toEqual([]);
  else
    expect(found).toEqual([expect.stringMatching(new RegExp(`^csv-values raw_csv: .*${expected.source}`))]);
  // The first column does not show the difference.
  expect((await verify(false)).found).toEqual([]);
});

test('another key in raw_csv is found without reading all columns', async () => {
  const path = topic.outputs.fileOf('raw_csv', 0);
  await writeFile(path, (await readFile(path, 'utf8')).replace('12345678-1234', '12345678-1235'));
  expect((await verify(false)).found).toEqual([
    expect.stringMatching(/^csv-txns raw_csv: batch 0 has other order_ids in raw_csv than in silver: /),
  ]);
});

test('gold of any columns is compared with what the records give', async () => {
  const { outputs } = topic;
  const later = KAFKA_MS + 3_600_000;
  await topic.batch(1, [order(7, {}, {}, later)], 0);
  const start = `make_timestamptz(${1_735_786_800_000_000 - 300_000_000})`;
  const select = (units: number) => `
    SELECT 'Main Street' AS shop, gift, ${start} + to_minutes(5 * step) AS window_start, ${start} + to_minutes(5 * step + 10) AS window_end,
      1::BIGINT AS orders, 1::BIGINT AS with_channel, ${units}::BIGINT AS units, 31.5::DECIMAL(38,3) AS revenue,
      10.5::DECIMAL(16,7) AS mean_total, 0.00012345::DOUBLE AS mean_score, 0.00012345::DOUBLE AS best_score, DATE '2026-06-01' AS first_due,
      TIMESTAMPTZ '2026-01-01 10:00:00+00' AS last_placed, 'Main Street' AS first_name,
      CASE WHEN gift THEN 12.5 END::DECIMAL(20,2) AS credit
    FROM (VALUES (true), (NULL)) g(gift), range(2) s(step)`;
  await outputs.goldBatch(0, 0, [0], 'by_shop');
  await outputs.goldBatch(1, KAFKA_MS + 1 - 120_000, [1], 'by_shop');
  await outputs.goldBatch(2, later - 120_000, [], 'by_shop');
  await outputs.parquet(outputs.fileOf('by_shop', 2), select(3));
  const right = await verify();
  expect(right.found).toEqual([]);
  expect(right.report.gold.tables).toMatchObject([{ name: 'by_shop', equalWindows: 4 }, { name: 'overall' }]);
  expect((await verify(false)).found).toEqual([]);
  await outputs.parquet(outputs.fileOf('by_shop', 2), select(4));
  for (const deep of [true, false]) {
    expect((await verify(deep)).found).toContainEqual(
      expect.stringMatching(/^gold-wrong by_shop: shop "Main Street", gift "true", .*units 4.*units 3/),
    );
  }
  const peek = await peekOutputs({ outputPath: outputs.path, pipeline: everything, limit: 2 });
  const text = peekText(peek, 300);
  expect(text).toMatch(
    /Gold table by_shop: .* the newest 2 closed windows of 10 minutes, one every 5 minutes, /,
  );
  // The order is in both windows, and counts once.
  expect(text).toMatch(/Main Street +true +1 +1 +4 +31.500 +0.00012345 +2026-06-01/);
  expect(text).toContain('\nGold table overall: no closed window yet;');
  expect(peekJson(peek)['gold']).toMatchObject({
    table: 'by_shop',
    windows: 2,
    cards: [{ shop: 'Main Street', orders: 1, orders_by_window: [1, 1], units: '4' }, { gift: null }],
  });
  expect(peekJson(peek)['goldTables']).toMatchObject([
    { table: 'by_shop', windows: 2, groupCount: 2 },
    { table: 'overall', windows: 0 },
  ]);
});

test.each(['bronze', 'silver', 'quarantine', 'raw_csv'] as const)('%s can be looked at', async (sink) => {
  const peek = await peekOutputs({ outputPath: topic.outputs.path, pipeline: everything, sink, limit: 2 });
  expect(peek.rows).toHaveLength(2);
  for (const line of peekText(peek, 120).split('\n')) expect([...line].length).toBeLessThanOrEqual(120);
});

test('the newest rows of silver begin with the time, the keys and the columns that gold uses', async () => {
  const peek = await peekOutputs({ outputPath: topic.outputs.path, pipeline: everything, limit: 1 });
  expect(Object.keys((peekJson(peek)['rows'] as object[])[0] ?? {})).toEqual([
    ...['event_time', 'shop', 'gift', 'order_id', 'channel', 'quantity', 'total', 'score'],
  ]);
  expect(peekText(peek, 100)).toMatch(/\nreason +partition +offset +an example\n/);
});

test('rows for which an expectation is false are counted, not those for which it is unknown', async () => {
  const { outputs } = topic;
  await topic.batch(
    1,
    [
      order(7, { channel: null }, { channel: 'NULL' }),
      order(8, { total: 100, gift: false }, { total: '100::DECIMAL(12,3)', gift: 'false' }),
      order(9, { total: 100, gift: null }, { total: '100::DECIMAL(12,3)', gift: 'NULL' }),
    ],
    0,
  );
  const peek = await peekOutputs({ outputPath: outputs.path, pipeline: everything, limit: 1 });
  expect(peekJson(peek)['expectations']).toEqual([
    { name: 'has_channel', rows: 1 },
    { name: 'cheap_or_gift', rows: 1 },
    { name: 'european', rows: 0 },
  ]);
  expect(peekText(peek, 100)).toContain(
    '\nExpectations that are false in silver: has_channel for 1 row, cheap_or_gift for 1 row.\n',
  );
});

test('objects, arrays, headers and bytes can be queried', async () => {
  const ask = async (sql: string, print: typeof queryCsv | typeof queryJson) => {
    let text = '';
    const options = { outputPath: topic.outputs.path, pipeline: everything, sql };
    await queryOutputs(options, async (result) => {
      for await (const chunk of print(result)) text += chunk;
    });
    return text;
  };
  const sql =
    'SELECT customer.address.country AS country, lines[1].price AS price, tags, customer FROM silver ORDER BY "offset" LIMIT 1';
  expect(JSON.parse(await ask(sql, queryJson))).toMatchObject({
    rows: [
      {
        country: 'NL',
        price: '1.250',
        tags: ['a', null, '1.5', 'say "hi", {x}: 5,'],
        customer: { id: 7, address: { since: '2020-02-29', geo: [52.5, -4.9] } },
      },
    ],
  });
  expect(await ask('SELECT headers FROM bronze WHERE "offset" = 0', queryCsv)).toContain('""key"":""trace""');
  expect(await ask('SELECT hex(value_bytes) AS h FROM bronze WHERE "offset" = 5', queryCsv)).toContain(
    '000000002AFF',
  );
  expect(await ask('DESCRIBE raw_csv', queryCsv)).toContain('customer,VARCHAR');
  expect(await ask('SELECT detail FROM quarantine LIMIT 1', queryCsv)).toContain('what is wrong');
  // A table without files has the same columns.
  expect(await ask('DESCRIBE by_shop', queryCsv)).toContain(
    '"revenue","DECIMAL(38,3)"'.replaceAll('"', '').split(',')[0] ?? '',
  );
  const options = { outputPath: topic.outputs.path, pipeline: everything, sql: 'FROM silver' };
  await queryOutputs(options, async (result) => {
    expect((await queryTable(result, 1, 200)).split('\n')[0]).toContain('order');
  });
});

test('files of silver from before an optional field was added are read with nothing in it', async () => {
  await rewriteParquet(
    topic.outputs.fileOf('silver', 0),
    (rows) => `SELECT * EXCLUDE (sent_us) FROM ${rows}`,
  );
  expect((await verify()).found).toEqual([]);
  expect((await verify(false)).found).toEqual([]);
  const peek = await peekOutputs({ outputPath: topic.outputs.path, pipeline: everything, limit: 2 });
  expect(peek.rows).toHaveLength(2);
  const options = { outputPath: topic.outputs.path, pipeline: everything };
  const sql = 'SELECT count(*) AS n, count(sent_us) AS sent FROM silver';
  await queryOutputs({ ...options, sql }, async (result) => {
    expect(await queryTable(result, 1, 80)).toMatch(/\n2 +0$/);
  });
});

describe('fields that are named as columns of verify itself, or in any odd way', () => {
  const names = [
    'batch',
    'filename',
    'rows',
    'event_us',
    'log_offset',
    'window_start',
    'bucket',
    'i',
    's',
    'digest',
    ...[
      'a.b',
      'order-id',
      '日付',
      'select',
      '1',
      '0',
      '#file',
      'quo"te',
      "it's",
      'a,b:c',
      'constructor',
      '__proto__',
    ],
  ];
  const integer = { kind: 'integer' } as const;
  const fields = names.map((name) => ({ name, required: false, type: integer, constraints: {} }));
  const sums = names.slice(1).map((name, at) => ({
    name: `sum_${at}`,
    function: 'sum' as const,
    argument: { op: 'column' as const, name: pathText([name]) },
    type: integer,
  }));
  const odd: Pipeline = {
    ...everything,
    fields,
    expectations: { expect: [], expectOrQuarantine: [] },
    rawCsv: { columns: [...names, 'event_time'] },
    gold: [{ name: 'odd', groupBy: ['batch'], windowMs: 60_000, slideMs: 60_000, measures: sums }],
  };
  const record = (offset: number, kafkaMs: number) => ({
    offset,
    kafkaMs,
    value: JSON.stringify(Object.fromEntries(names.map((name, at) => [name, 100 + at]))),
    silver: {
      ...Object.fromEntries(names.map((name, at) => [name, `${100 + at}::BIGINT`])),
      event_time: `make_timestamptz(${kafkaMs}::BIGINT * 1000)`,
    },
  });

  test('are compared as any others', async () => {
    await topic.outputs.remove();
    topic = await PlantedTopic.create(odd);
    const { outputs } = topic;
    await topic.batch(0, [record(0, KAFKA_MS), record(1, KAFKA_MS)], 0);
    await topic.batch(1, [record(2, KAFKA_MS + 3_600_000)], 0);
    await outputs.goldBatch(0, 0, [0], 'odd');
    await outputs.goldBatch(1, KAFKA_MS - 120_000, [1], 'odd');
    await outputs.goldBatch(2, KAFKA_MS + 3_600_000 - 120_000, [], 'odd');
    const start = `make_timestamptz(${Math.floor(KAFKA_MS / 60_000) * 60_000}::BIGINT * 1000)`;
    const values = sums.map(({ name }, at) => `${2 * (101 + at)}::BIGINT AS ${name}`);
    await outputs.parquet(
      outputs.fileOf('odd', 2),
      `SELECT 100::BIGINT AS batch, ${start} AS window_start, ${start} + INTERVAL 1 MINUTE AS window_end, ${values.join(', ')}`,
    );
    for (const deep of [{ records: topic }, undefined]) {
      const report = await verifyOutputs({
        outputPath: outputs.path,
        pipeline: odd,
        topic: { name: 'orders', partitions: [{ partition: 0, beginOffset: 0, endOffset: 3 }] },
        ...(deep && { deep }),
      });
      expect(report.differences).toEqual([]);
      expect(report.gold.equalWindows).toBe(1);
    }
    const peek = await peekOutputs({ outputPath: outputs.path, pipeline: odd, limit: 3 });
    expect(peek.rows).toHaveLength(3);
    expect(peek.overview?.eventTime).toMatchObject([{ table: 'odd', openWindows: 1, late: 0 }]);
    expect(peek.overview?.gold[0]?.newest?.groups).toMatchObject([
      { keys: ['100'], measures: ['202', ...Array(names.length - 2).fill(expect.anything())] },
    ]);
  });
});
