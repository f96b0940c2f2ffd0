import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type PlantedRecord, PlantedTopic } from '../../../tests/support/planted-topic.ts';
import { rewriteParquet } from '../../../tests/support/rewrite-parquet.ts';
import { transactions } from '../../../tests/support/transactions.ts';
import { verifyOutputs } from '../verify-outputs.ts';
import { summarise, verifyJson } from '../verify-text.ts';

/** A whole minute of Unix time: 2025-01-02 03:04. */
const T0 = 1_735_787_040_000;
const minute = (count: number): number => T0 + count * 60_000;

/** A valid event `minutes` after T0, and its silver row. */
function event(offset: number, minutes: number, amount: string, card = 'A'): PlantedRecord {
  const time = new Date(minute(minutes) + 30_000).toISOString().replace('.000Z', '.123456+00:00');
  const value =
    `{"txn_id":"t-${offset}","event_ts":"${time}","user_id":"u ""1","card_id":"${card}","merchant":"M, \\"é\\"","category":"c",
    "amount":${amount},"currency":"EUR","status":"approved","city":"","lat":48.85,"lon":-0.5}`.replace(
      '"u ""1"',
      '"u 1"',
    );
  const silver = {
    txn_id: `'t-${offset}'`,
    user_id: `'u 1'`,
    card_id: `'${card}'`,
    merchant: `'M, "é"'`,
    category: `'c'`,
    amount: `${amount}::DECIMAL(18, 2)`,
    currency: `'EUR'`,
    status: `'approved'`,
    city: `''`,
    country: 'NULL::VARCHAR',
    lat: '48.85::DOUBLE',
    lon: '-0.5::DOUBLE',
    event_time: `make_timestamptz(${minute(minutes) + 30_000}000 + 123456)`,
  };
  return { offset, value, silver };
}

/**
 * Micro-batch 1 closes minutes 0 and 1; the event of minute 0 in micro-batch 2 is late. Minute 9
 * stays open.
 */
const BATCHES: readonly (readonly PlantedRecord[])[] = [
  [event(0, 0, '0.10'), event(1, 0, '0.20'), { offset: 2, value: '{"txn_id":', reason: 'not_json_object' }],
  [
    event(3, 1, '5.00', 'B'),
    event(4, 9, '-7.25'),
    { offset: 5, value: null, reason: 'null_value' },
    {
      offset: 6,
      value: Buffer.from('ff7b7d', 'hex'),
      bronze: '\uFFFD{}',
      reason: 'not_json_object',
    },
  ],
  [event(7, 0, '99.99'), { offset: 8, value: '{"txn_id":"t","card_id":"c"}', reason: 'missing_event_ts' }],
];
const NEWEST = [minute(0), minute(9), minute(9)];

let topic: PlantedTopic;

beforeEach(async () => {
  topic = await PlantedTopic.create();
  for (const [batch, records] of BATCHES.entries()) {
    await topic.batch(batch, records, (NEWEST[batch] ?? 0) + 30_123 - 300_000);
  }
  await topic.outputs.gold(3, [
    { card: 'A', start: minute(0), count: 2, sum: '0.30', max: '0.20' },
    { card: 'B', start: minute(1), count: 1, sum: '5.00', max: '5.00' },
  ]);
});
afterEach(() => topic.outputs.remove());

async function verify(answerKey?: string) {
  const report = await verifyOutputs({
    outputPath: topic.outputs.path,
    pipeline: transactions,
    topic: {
      name: 'transactions',
      partitions: Object.entries(topic.ends).map(([partition, endOffset]) => ({
        partition: Number(partition),
        beginOffset: 0,
        endOffset,
      })),
    },
    reader: topic,
    deep: { records: topic, ...(answerKey !== undefined && { answerKey }) },
  });
  const found = report.differences.map(
    ({ kind, sink, partition, from, to, detail }) =>
      `${kind} ${sink}${partition === null ? '' : ` ${partition}:${from}-${to}`}: ${detail}`,
  );
  expect(report.differenceCount).toBe(found.length);
  expect(report.equal).toBe(found.length === 0);
  return { report, found };
}

/** Changes one row's columns (SQL by name) in the file of a sink. */
const change = (
  sink: 'bronze' | 'silver' | 'quarantine',
  batch: number,
  offset: number,
  to: Record<string, string>,
) =>
  rewriteParquet(topic.outputs.fileOf(sink, batch), (rows) => {
    const columns = Object.entries(to).map(
      ([name, sql]) => `CASE WHEN "offset" = ${offset} THEN ${sql} ELSE ${name} END AS ${name}`,
    );
    return `SELECT * REPLACE (${columns.join(', ')}) FROM ${rows}`;
  });

test('outputs that hold what the records give are equal, in every sink and column', async () => {
  const { report, found } = await verify();
  expect(found).toEqual([]);
  expect(report.deep).toEqual({
    records: 9,
    equalRows: { bronze: 9, silver: 5, quarantine: 4 },
    reasons: { null_value: 1, not_json_object: 2, missing_event_ts: 1 },
    unmet: { has_city: 0 },
  });
  expect(report.gold.equalWindows).toBe(2);
  expect(report.notCompared).toEqual([]);
  expect(summarise(report)).toContain('9 records of the topic were derived again');
  expect(verifyJson(report)).toMatchObject({ deep: { records: 9 }, answerKey: null });
});

test('the records of parts that gold has read in several micro-batches are late each by its own', async () => {
  await topic.outputs.remove();
  topic = await PlantedTopic.create();
  const { outputs } = topic;
  await topic.batch(
    0,
    [event(0, 0, '0.10'), event(1, 9, '1.00'), event(2, 0, '0.20'), event(3, 0, '7.00')],
    0,
  );
  for (const sink of ['bronze', 'silver'] as const) {
    const rows = `FROM read_parquet('${outputs.fileOf(sink, 0)}')`;
    await outputs.parquet(outputs.fileOf(sink, '0_0'), `${rows} WHERE "offset" < 2`);
    await outputs.parquet(outputs.fileOf(sink, '0_1'), `${rows} WHERE "offset" = 2`);
    await outputs.parquet(outputs.fileOf(sink, '0_2'), `${rows} WHERE "offset" > 2`);
    await rm(outputs.fileOf(sink, 0));
  }
  await rename(outputs.fileOf('raw_csv', 0), outputs.fileOf('raw_csv', '0_0'));
  await rm(join(outputs.path, '_chk/gold'), { recursive: true });
  const watermarkMs = minute(9) + 30_123 - 300_000;
  await outputs.goldBatch(0, 0, ['0_0']);
  await outputs.goldBatch(1, watermarkMs, ['0_1']);
  await outputs.goldBatch(2, watermarkMs, ['0_2']);
  await outputs.gold(1, [{ card: 'A', start: minute(0), count: 2, sum: '0.30', max: '0.20' }]);
  const { report, found } = await verify();
  expect(found).toEqual([]);
  expect(report.notCompared).toEqual([]);
  expect(report.gold).toMatchObject({ equalWindows: 1, late: 1, unreadFiles: 0 });
});

describe('a difference that was planted is found at its place:', () => {
  test.each([
    [
      'a key',
      'bronze',
      0,
      { key: "'other'" },
      /^value-wrong bronze 0:1-1: key is "other", its record gives "card"; in batch 0$/,
    ],
    [
      'a value',
      'bronze',
      1,
      { value: "'{}'" },
      /^value-wrong bronze 0:3-3: value is "\{\}", its record gives "\{/,
    ],
    [
      'a value gone',
      'bronze',
      1,
      { value: 'NULL' },
      /^value-wrong bronze 0:3-3: value is null, its record gives/,
    ],
    [
      'kafka_ts',
      'bronze',
      1,
      { kafka_ts: 'kafka_ts + INTERVAL 1 MICROSECOND' },
      /^value-wrong bronze 0:3-3: kafka_ts is 2025-.*003001Z, its record gives 2025-.*003000Z/,
    ],
    [
      'txn_id',
      'silver',
      1,
      { txn_id: "'x'" },
      /^value-wrong silver 0:3-3: txn_id is "x", its record gives "t-3"/,
    ],
    ['user_id', 'silver', 1, { user_id: "''" }, /^value-wrong silver 0:3-3: user_id is "", its record/],
    [
      'merchant',
      'silver',
      1,
      { merchant: 'NULL' },
      /^value-wrong silver 0:3-3: merchant is null, its record gives "M, /,
    ],
    [
      'country',
      'silver',
      1,
      { country: "''" },
      /^value-wrong silver 0:3-3: country is "", its record gives null/,
    ],
    [
      'amount',
      'silver',
      1,
      { amount: '5.01::DECIMAL(18,2)' },
      /^value-wrong silver 0:3-3: amount is 5.01, its record gives 5.00/,
    ],
    [
      'lat',
      'silver',
      1,
      { lat: '48.85000000000001' },
      /^value-wrong silver 0:3-3: lat is 48.85000000000001, its record gives 48.85/,
    ],
    ['lon', 'silver', 1, { lon: 'NULL' }, /^value-wrong silver 0:3-3: lon is null, its record gives -0.5/],
    [
      'event_time',
      'silver',
      1,
      { event_time: 'event_time + INTERVAL 1 MICROSECOND' },
      /^value-wrong silver 0:3-3: event_time is .*30.123457Z, its record gives .*30.123456Z/,
    ],
    ['kafka_ts of silver', 'silver', 1, { kafka_ts: 'bad' }, undefined],
    [
      'a reason',
      'quarantine',
      1,
      { reason: "'bad_amount'" },
      /^wrong-reason quarantine 0:3-3: in quarantine as bad_amount; by its value it belongs in quarantine as null_value/,
    ],
  ] as const)('%s', async (_what, sink, batch, to, expected) => {
    if (expected === undefined) {
      await change(sink, batch, 3, { kafka_ts: 'kafka_ts - INTERVAL 1 HOUR' });
      expect((await verify()).found).toEqual([
        expect.stringMatching(/^value-wrong silver 0:3-3: kafka_ts is/),
      ]);
      return;
    }
    const offset = batch === 0 ? 1 : sink === 'quarantine' ? 5 : 3;
    await change(sink, batch, offset, to);
    const { found } = await verify();
    const place = new RegExp(expected.source.replaceAll('0:3-3', `0:${offset}-${offset}`));
    expect(found.filter((difference) => !difference.startsWith('csv-values'))).toEqual([
      expect.stringMatching(place),
    ]);
  });

  test('the rejected value and its time of arrival', async () => {
    await change('quarantine', 1, 6, { bad_json: "'{}'", bad_ingest_ts: 'NULL' });
    expect((await verify()).found).toEqual([
      'value-wrong quarantine 0:6-6: bad_json is "{}", its record gives "\uFFFD{}"; bad_ingest_ts is null, its record gives 2025-01-02T03:04:05.006000Z; in batch 1',
    ]);
  });

  test('a silver row changed together with its line in raw_csv', async () => {
    await change('silver', 1, 3, { currency: "'USD'" });
    const csv = topic.outputs.fileOf('raw_csv', 1);
    await writeFile(csv, (await readFile(csv, 'utf8')).replace('EUR', 'USD'));
    expect((await verify()).found).toEqual([
      expect.stringMatching(/^value-wrong silver 0:3-3: currency is "USD", its record gives "EUR"/),
    ]);
  });

  test('a row removed', async () => {
    await rewriteParquet(
      topic.outputs.fileOf('quarantine', 1),
      (rows) => `SELECT * FROM ${rows} WHERE "offset" <> 5`,
    );
    expect((await verify()).found).toEqual([expect.stringMatching(/^in-neither bronze 0:5-5/)]);
  });

  test('a row doubled', async () => {
    await rewriteParquet(
      topic.outputs.fileOf('quarantine', 1),
      (rows) => `SELECT * FROM ${rows} UNION ALL SELECT * FROM ${rows} WHERE "offset" = 5`,
    );
    expect((await verify()).found).toEqual([expect.stringMatching(/^doubled quarantine 0:5-5/)]);
  });

  test('a file removed', async () => {
    await rm(topic.outputs.fileOf('silver', 0));
    expect((await verify()).found).toEqual([
      expect.stringMatching(/^in-neither bronze 0:0-1/),
      expect.stringMatching(/^csv-rows raw_csv: batch 0 has 2 rows in raw_csv and 0 in silver/),
    ]);
  });

  test('a gap of offsets in all sinks', async () => {
    for (const sink of ['bronze', 'silver'] as const) {
      await rewriteParquet(
        topic.outputs.fileOf(sink, 0),
        (rows) => `SELECT * FROM ${rows} WHERE "offset" <> 1`,
      );
    }
    const csv = topic.outputs.fileOf('raw_csv', 0);
    const lines = (await readFile(csv, 'utf8')).split('\n');
    await writeFile(csv, lines.filter((line) => !line.startsWith('t-1,')).join('\n'));
    expect((await verify()).found).toEqual([expect.stringMatching(/^missing bronze 0:1-1/)]);
  });

  test('a row in silver and in quarantine', async () => {
    const { outputs } = topic;
    await rewriteParquet(
      outputs.fileOf('quarantine', 1),
      (rows) => `SELECT * FROM ${rows} UNION ALL
        SELECT value, kafka_ts, 'bad_amount', 'what is wrong', topic, "partition", "offset" FROM read_parquet('${outputs.fileOf('bronze', 1)}') WHERE "offset" = 3`,
    );
    expect((await verify()).found).toEqual([
      expect.stringMatching(/^in-both silver 0:3-3/),
      expect.stringMatching(
        /^wrong-sink quarantine 0:3-3: in quarantine as bad_amount; by its value it belongs in silver/,
      ),
    ]);
  });

  test('a row in quarantine that belongs in silver', async () => {
    const { outputs } = topic;
    await rewriteParquet(outputs.fileOf('silver', 2), (rows) => `SELECT * FROM ${rows} WHERE "offset" <> 7`);
    await rm(outputs.fileOf('raw_csv', 2));
    await rewriteParquet(
      outputs.fileOf('quarantine', 2),
      (rows) => `SELECT * FROM ${rows} UNION ALL
        SELECT value, kafka_ts, 'wrong_type', 'what is wrong', topic, "partition", "offset" FROM read_parquet('${outputs.fileOf('bronze', 2)}') WHERE "offset" = 7`,
    );
    expect((await verify()).found).toEqual([
      expect.stringMatching(
        /^wrong-sink quarantine 0:7-7: in quarantine as wrong_type; by its value it belongs in silver/,
      ),
    ]);
  });

  test.each([
    ['amount', 'EUR', '5.01', /amount is "5.01", silver has "5.00"/],
    [
      'a number with the same value and other digits',
      '5.00',
      '5.000',
      /amount is "5.000", silver has "5.00"/,
    ],
    ['lon', '-0.5', '-0.25', /lon is -0.25, silver has -0.5/],
    ['city', 't-3', 't-x', /"t-x" only in raw_csv.*offset 3: "t-3" only in silver/],
  ])('a line of raw_csv with another %s', async (what, from, to, expected) => {
    const csv = topic.outputs.fileOf('raw_csv', 1);
    const content = await readFile(csv, 'utf8');
    await writeFile(csv, what === 'amount' ? content.replace('5.00', to) : content.replace(from, to));
    const { found } = await verify();
    expect(found).toEqual([
      expect.stringMatching(/^csv-values raw_csv: batch 1 has other values in raw_csv than in silver: /),
    ]);
    expect(found[0]).toMatch(expected);
  });

  test('a line of raw_csv removed', async () => {
    const csv = topic.outputs.fileOf('raw_csv', 1);
    const lines = (await readFile(csv, 'utf8')).split('\n');
    await writeFile(csv, lines.filter((line) => !line.startsWith('t-4,')).join('\n'));
    expect((await verify()).found).toEqual([
      'csv-rows raw_csv: batch 1 has 1 rows in raw_csv and 2 in silver: partition 0, offset 4: "t-4" only in silver',
    ]);
  });

  test.each([
    [
      'changed',
      [{ card: 'A', start: minute(0), count: 2, sum: '0.31', max: '0.20' }],
      /^gold-wrong gold: card_id "A", window from 2025-01-02 03:04:00 UTC: gold has txn_count 2, sum_amount 0.31/,
    ],
    [
      'with its late record',
      [{ card: 'A', start: minute(0), count: 3, sum: '100.29', max: '99.99' }],
      /^gold-wrong gold: card_id "A".*gold has txn_count 3/,
    ],
    ['missing', [], /^gold-missing gold: card_id "A", window from 2025-01-02 03:04:00 UTC/],
    [
      'too many',
      [
        { card: 'A', start: minute(0), count: 2, sum: '0.30', max: '0.20' },
        { card: 'A', start: minute(1), count: 1, sum: '1.00', max: '1.00' },
      ],
      /^gold-extra gold: card_id "A", window from 2025-01-02 03:05:00 UTC/,
    ],
  ])('a window of gold %s', async (_what, windows, expected) => {
    const b = { card: 'B', start: minute(1), count: 1, sum: '5.00', max: '5.00' };
    await topic.outputs.gold(3, [...windows, b]);
    expect((await verify()).found).toEqual([expect.stringMatching(expected)]);
  });

  test('silver and gold wrong alike', async () => {
    await change('silver', 0, 0, { amount: '0.90::DECIMAL(18,2)' });
    const csv = topic.outputs.fileOf('raw_csv', 0);
    await writeFile(csv, (await readFile(csv, 'utf8')).replace('0.10', '0.90'));
    await topic.outputs.gold(3, [
      { card: 'A', start: minute(0), count: 2, sum: '1.10', max: '0.90' },
      { card: 'B', start: minute(1), count: 1, sum: '5.00', max: '5.00' },
    ]);
    expect((await verify()).found).toEqual([
      expect.stringMatching(/^value-wrong silver 0:0-0: amount is 0.90, its record gives 0.10/),
      expect.stringMatching(
        /^gold-wrong gold: card_id "A".*gold has txn_count 2, sum_amount 1.10.*silver gives txn_count 2, sum_amount 0.30/,
      ),
    ]);
  });

  test('a watermark that is not the newest event time less five minutes', async () => {
    const entry = `v1\n{"batchWatermarkMs":${minute(5)}}\n{"logOffset":2}`;
    await topic.outputs.write('_chk/gold/offsets/5', entry);
    expect((await verify()).found).toEqual([
      'watermark-wrong gold: batch 5 has the watermark 2025-01-02T03:09:00.000Z, the rows before it give 2025-01-02T03:08:30.123Z',
    ]);
  });

  test('a file whose column has another type', async () => {
    await rewriteParquet(
      topic.outputs.fileOf('bronze', 1),
      (rows) => `SELECT * RENAME (value AS content) FROM ${rows}`,
    );
    expect((await verify()).found).toEqual([
      expect.stringMatching(/^file-unreadable bronze: bronze_20250102_030405_1.parquet: .*value/),
    ]);
  });
});

test('bronze shows which rows were late in micro-batches that the checkpoint no longer has', async () => {
  const { outputs } = topic;
  for (const batch of [0, 1]) {
    for (const file of [`offsets/${batch}`, `commits/${batch}`])
      await rm(`${outputs.path}/_chk/ingest/${file}`);
  }
  const { report, found } = await verify();
  expect(found).toEqual([]);
  expect(report.gold.equalWindows).toBe(2);
  expect(report.notCompared).toEqual([]);
});

test('what pruned micro-batches read is not taken for late, in a partition that others then left out', async () => {
  const { outputs } = topic;
  const inPartition1 = (record: PlantedRecord): PlantedRecord => ({ ...record, partition: 1 });
  // Partition 1 has an event of minute 20 in micro-batch 3 and none in 4; micro-batch 5 goes on
  // with it.
  await topic.batch(3, [inPartition1(event(0, 20, '3.00', 'C'))], minute(20) + 30_123 - 300_000);
  await topic.batch(4, [event(9, 40, '4.00')], minute(40) + 30_123 - 300_000);
  await topic.batch(5, [inPartition1(event(1, 41, '5.00', 'C'))], minute(41) + 30_123 - 300_000);
  await outputs.gold(7, [{ card: 'A', start: minute(9), count: 1, sum: '-7.25', max: '-7.25' }]);
  await outputs.gold(9, [{ card: 'C', start: minute(20), count: 1, sum: '3.00', max: '3.00' }]);
  expect((await verify()).found).toEqual([]);
  for (const batch of [0, 1, 2, 3, 4]) {
    for (const log of ['offsets', 'commits']) await rm(`${outputs.path}/_chk/ingest/${log}/${batch}`);
  }
  for (const sink of ['bronze', 'silver', 'raw_csv', 'quarantine'] as const) {
    for (const batch of [0, 1, 2, 3]) await rm(outputs.fileOf(sink, batch), { force: true });
    await outputs.ledger(sink, 3, { 0: 9, 1: 1 }, 4);
  }
  expect((await verify()).found).toEqual([]);
  await outputs.ledger('bronze', 3, null, 4);
  expect((await verify()).found).toEqual([]);
});

test('gold is compared with the records though silver was pruned', async () => {
  const { outputs } = topic;
  for (const sink of ['bronze', 'silver', 'raw_csv', 'quarantine'] as const) {
    await rm(outputs.fileOf(sink, 0));
    await outputs.ledger(sink, 0, { 0: 3 }, 1);
  }
  expect((await verify()).report).toMatchObject({ equal: true, gold: { equalWindows: 2 }, notCompared: [] });
});

test('records that the topic no longer has are not compared, and the report says so', async () => {
  const report = await verifyOutputs({
    outputPath: topic.outputs.path,
    pipeline: transactions,
    topic: {
      name: 'transactions',
      partitions: [{ partition: 0, beginOffset: 4, endOffset: 9 }],
    },
    deep: { records: topic },
  });
  expect(report).toMatchObject({ equal: true, deep: { records: 5, equalRows: { bronze: 5 } } });
  expect(report.notCompared).toContainEqual({
    sink: 'bronze',
    reason: 'records are no longer in the topic to be compared with',
    count: 4,
  });
});

test('records that compaction removed after they were read are not compared, and the report says so', async () => {
  topic.holds('compacted', 0, 3);
  const { report } = await verify();
  expect(report).toMatchObject({ equal: true, deep: { records: 7, equalRows: { bronze: 7 } } });
  expect(report.notCompared).toContainEqual({
    sink: 'bronze',
    reason: 'compaction has removed their records from the topic since they were read',
    count: 2,
  });
});

test('what was compacted or aborted before it was read is in no sink, and nothing is missing', async () => {
  topic.holds('compacted', 9);
  topic.holds('aborted', 10);
  topic.holds('marker', 11);
  await topic.batch(3, [event(12, 9, '1.00')], minute(9) + 30_123 - 300_000);
  const { report } = await verify();
  expect(report).toMatchObject({ equal: true, deep: { records: 10 } });
  expect(report.partitions).toMatchObject([{ missing: 0, compacted: 1, aborted: 1, markers: 1 }]);
});

test('a record whose transaction was aborted is a difference where bronze has it', async () => {
  topic.holds('aborted', 7, 8);
  const { report, found } = await verify();
  expect(report.equal).toBe(false);
  expect(found).toContainEqual('aborted bronze 0:7-8: Bronze has a record whose transaction was aborted.');
});

describe('an answer key', () => {
  const line = (offset: number, fault: string, more: Record<string, unknown> = {}) => ({
    partition: 0,
    offset,
    fault,
    expected_sink: 'silver',
    expected_reason: null,
    txn_id: `t-${offset}`,
    event_ts: null,
    ...more,
  });
  const rejected = (reason: string) => ({
    expected_sink: 'quarantine',
    expected_reason: reason,
    txn_id: null,
  });
  async function key(...lines: unknown[]): Promise<string> {
    await topic.outputs.write('key.jsonl', lines.map((each) => `${JSON.stringify(each)}\n`).join(''));
    return `${topic.outputs.path}/key.jsonl`;
  }

  test('is fulfilled when each record landed where it says', async () => {
    const { report, found } = await verify(
      await key(
        line(7, 'late', { event_ts: new Date(minute(0) + 30_000).toISOString().replace('000Z', '123456Z') }),
        line(1, 'late'),
        line(4, 'out_of_order'),
        line(2, 'malformed:broken_json', rejected('not_json_object')),
        line(5, 'malformed:tombstone', rejected('null_value')),
        line(9, 'late'),
      ),
    );
    expect(found).toEqual([]);
    expect(report.answerKey).toMatchObject({
      lines: 6,
      faults: [
        {
          fault: 'late',
          expected: 3,
          found: 2,
          pending: 1,
          pruned: 0,
          gold: { dropped: 1, counted: 1, open: 0 },
        },
        { fault: 'malformed:broken_json', expected: 1, found: 1 },
        { fault: 'malformed:tombstone', expected: 1, found: 1 },
        { fault: 'out_of_order', expected: 1, found: 1, gold: { dropped: 0, counted: 0, open: 1 } },
      ],
    });
    expect(summarise(report)).toMatch(/late +3 +2 +1/);
  });

  test('names each record that landed elsewhere', async () => {
    const { report, found } = await verify(
      await key(
        line(2, 'late'),
        line(1, 'malformed:bad_amount', rejected('bad_amount')),
        line(5, 'malformed:bad_json', rejected('not_json_object')),
        line(3, 'fraud', { txn_id: 'other' }),
        line(4, 'duplicate', { duplicate_of: { partition: 0, offset: 3 } }),
        line(0, 'late', { event_ts: '2025-01-02T03:04:00Z' }),
      ),
    );
    expect(found).toEqual([
      'key-unfulfilled silver 0:2-2: line 1, late, should be in silver: it is in quarantine as not_json_object',
      'key-unfulfilled quarantine 0:1-1: line 2, malformed:bad_amount, should be in quarantine as bad_amount: it is in silver',
      'key-unfulfilled quarantine 0:5-5: line 3, malformed:bad_json, should be in quarantine as not_json_object: it is in quarantine as null_value',
      'key-unfulfilled silver 0:3-3: line 4, fraud, should be in silver: its txn_id is "t-3", not "other"',
      'key-unfulfilled silver 0:4-4: line 5, duplicate, should be in silver: the record it should repeat, partition 0, offset 3, has not its txn_id in silver',
      'key-unfulfilled silver 0:0-0: line 6, late, should be in silver: its event time is another than that of the key',
    ]);
    expect(report.answerKey?.faults).toMatchObject([
      { fault: 'duplicate', expected: 1, found: 0 },
      { fault: 'fraud', found: 0 },
      { fault: 'late', expected: 2, found: 0 },
      { fault: 'malformed:bad_amount', found: 0 },
      { fault: 'malformed:bad_json', found: 0 },
    ]);
  });

  test('is not fulfilled by a late record that gold counted', async () => {
    await topic.outputs.gold(3, [
      { card: 'A', start: minute(0), count: 3, sum: '100.29', max: '99.99' },
      { card: 'B', start: minute(1), count: 1, sum: '5.00', max: '5.00' },
    ]);
    expect((await verify(await key(line(7, 'late')))).found).toEqual([
      expect.stringMatching(/^gold-wrong/),
      'key-unfulfilled silver 0:7-7: line 1, late, should be in silver: its window in gold is not what the watermark gives',
    ]);
  });

  test('with records whose files were pruned says so', async () => {
    const { outputs } = topic;
    for (const sink of ['bronze', 'silver', 'raw_csv', 'quarantine'] as const) {
      await rm(outputs.fileOf(sink, 0));
      await outputs.ledger(sink, 0, { 0: 3 }, 1);
    }
    const { report, found } = await verify(await key(line(1, 'late'), line(3, 'late')));
    expect(found).toEqual([]);
    expect(report.answerKey?.faults).toMatchObject([{ expected: 2, found: 1, pruned: 1 }]);
  });

  test.each([
    ['{"partition":0', /^Line 2 of .*key\.jsonl is not JSON: /],
    ['{"partition":0,"offset":1}', /^Line 2 of .*key\.jsonl is not of the answer key's form: fault: /],
    [JSON.stringify(line(1, 'late', { expected_sink: 'gold' })), /Line 2 .*expected_sink: /],
    [
      JSON.stringify(line(1, 'late', { expected_reason: 'bad_amount' })),
      /Line 2 .*expected_reason: quarantine has a reason/,
    ],
    [JSON.stringify(line(1, 'late', rejected('no_reason'))), /Line 2 .*expected_reason: /],
    [JSON.stringify(line(1, 'LATE!')), /Line 2 .*fault: /],
    [JSON.stringify(line(-1, 'late')), /Line 2 .*offset: /],
  ])('with the line %s is refused', async (text, message) => {
    await topic.outputs.write('key.jsonl', `${JSON.stringify(line(1, 'late'))}\n${text}\n`);
    await expect(verify(`${topic.outputs.path}/key.jsonl`)).rejects.toMatchObject({
      code: 'ANSWER_KEY_INVALID',
      message: expect.stringMatching(message),
    });
  });

  test('may end in a line that is still being written', async () => {
    await topic.outputs.write('key.jsonl', `${JSON.stringify(line(1, 'late'))}\n{"partition":0,"of`);
    expect((await verify(`${topic.outputs.path}/key.jsonl`)).report.answerKey?.lines).toBe(1);
  });

  test('counts the records that cannot be searched for because the producer did not receive their offsets', async () => {
    const unknown = { partition: 0, fault: 'late', txn_id: 't', event_ts: null, why: 'not acknowledged' };
    const repeated = { ...line(1, 'duplicate'), duplicate_of: null };
    await topic.outputs.write('key.jsonl', `${JSON.stringify({ unknown })}\n${JSON.stringify(repeated)}\n`);
    const { report } = await verify(`${topic.outputs.path}/key.jsonl`);
    expect(report.answerKey).toMatchObject({ lines: 1, unplaced: 1 });
  });

  test('that is not there is named', async () => {
    await expect(verify('/nowhere/key.jsonl')).rejects.toThrow('/nowhere/key.jsonl cannot be read');
  });
});
