import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PlantedOutputs, rowsOf } from '../../tests/support/planted-outputs.ts';
import { transactions } from '../../tests/support/transactions.ts';
import { peekOutputs } from './peek-outputs.ts';
import { peekJson, peekText } from './peek-text.ts';

let outputs: PlantedOutputs;

beforeEach(async () => {
  outputs = await PlantedOutputs.create();
});
afterEach(() => outputs.remove());

async function plant(): Promise<void> {
  await outputs.start({ 0: 0 });
  await outputs.commit(0, { 0: 3 });
  await outputs.commit(1, { 0: 5 });
  await outputs.batch(0, rowsOf(0, 0, 3));
  await outputs.batch(1, rowsOf(0, 3, 5));
  await outputs.batch(2, rowsOf(0, 5, 9));
  await outputs.goldBatch(0, 0, [0]);
  await outputs.goldBatch(1, 0, [1]);
}

test('rows and files of committed micro-batches per sink, and the newest rows of one', async () => {
  await plant();
  const peek = await peekOutputs({
    outputPath: outputs.path,
    pipeline: transactions,
    sink: 'silver',
    limit: 2,
  });
  expect(peek.sinks.map(({ sink, rows, files }) => [sink, rows, files])).toEqual([
    ['bronze', 5, 2],
    ['silver', 5, 2],
    ['quarantine', 0, 0],
    ['gold', 0, 0],
    ['raw_csv', 5, 2],
  ]);
  expect(peekJson(peek)['rows']).toMatchObject([
    { txn_id: 'txn-0-4', event_time: '2025-01-02 03:04:05', amount: '1.00' },
    { txn_id: 'txn-0-3' },
  ]);
  const text = peekText(peek, 80);
  expect(text).toMatch(/event_time \(UTC\).*\n2025-01-02 03:04:05 {2}card1 +1.00/);
  expect(text).toMatch(/quarantine +0 +0 +no rows yet/);
  for (const line of text.split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
});

test.each(['bronze', 'quarantine', 'gold', 'raw_csv'] as const)('%s can be looked at', async (sink) => {
  await plant();
  await outputs.quarantine(1, rowsOf(0, 4, 5));
  await outputs.gold(0, [{ card: 'A', start: 1_735_787_040_000, count: 3, sum: '1.00', max: '0.50' }]);
  const peek = await peekOutputs({ outputPath: outputs.path, pipeline: transactions, sink, limit: 10 });
  expect(peek.rows.length).toBe({ bronze: 5, quarantine: 1, gold: 1, raw_csv: 5 }[sink]);
  expect(peekText(peek, 100)).toContain(`Newest rows of ${sink}:`);
});

test('a sink without rows says so, no rows at all are no data', async () => {
  const options = { outputPath: outputs.path, pipeline: transactions, sink: 'gold', limit: 5 } as const;
  await expect(peekOutputs(options)).rejects.toMatchObject({ code: 'NO_DATA' });
  await plant();
  expect(peekText(await peekOutputs(options), 80)).toMatch(/gold: no rows yet, a window follows/);
  const quarantine = await peekOutputs({
    outputPath: outputs.path,
    pipeline: transactions,
    sink: 'quarantine',
    limit: 5,
  });
  expect(peekText(quarantine, 80)).toContain('quarantine: no rows yet, nothing was rejected');
});

test('pruned rows are counted by sink, and with the remaining ones they are all that were committed', async () => {
  await plant();
  await rm(outputs.fileOf('bronze', 0));
  // The ledger says that the file is about to be deleted, so it counts as deleted.
  await outputs.ledger('bronze', 0, { 0: 3 }, 1, 3);
  await outputs.ledger('silver', 0, { 0: 3 }, 1, 3);
  await outputs.ledger('raw_csv', 0, { 0: 3 }, 1, null);
  await outputs.ledger('quarantine', 0, { 0: 3 }, 1234, null);
  const peek = await peekOutputs({
    outputPath: outputs.path,
    pipeline: transactions,
    sink: 'bronze',
    limit: 1,
  });
  expect(
    peek.sinks.map(({ sink, rows, prunedRows, prunedFiles }) => [sink, rows, prunedRows, prunedFiles]),
  ).toEqual([
    ['bronze', 2, 3, 1],
    ['silver', 2, 3, 1],
    ['quarantine', 0, null, 1234],
    ['gold', 0, 0, 0],
    ['raw_csv', 2, 3, 1],
  ]);
  expect(peekJson(peek)['sinks']).toMatchObject([{ prunedRows: 3 }, {}, { prunedRows: null }, {}, {}]);
  const text = peekText(peek, 80);
  expect(text).toContain(
    '\nPruned by MAX_FILES_PER_SINK: bronze 3 rows, silver 3 rows, quarantine 1,234 files, raw_csv 3 rows.\n',
  );
});

const MINUTE = 60_000;
const START = 1_735_787_040_000;

test('the newest rows of raw_csv are those of the newest micro-batch, also after the clock was set back', async () => {
  await outputs.start({ 0: 0 });
  await outputs.commit(9, { 0: 1 });
  await outputs.commit(10, { 0: 2 });
  await outputs.rawCsv(9, rowsOf(0, 0, 1), '20990101_000000');
  await outputs.rawCsv(10, rowsOf(0, 1, 2), '20250102_030405');
  const peek = await peekOutputs({
    outputPath: outputs.path,
    pipeline: transactions,
    sink: 'raw_csv',
    limit: 2,
  });
  expect(peekJson(peek)['rows']).toMatchObject([{ txn_id: 'txn-0-1' }, { txn_id: 'txn-0-0' }]);
});

test('gold is shown as the most active cards of the newest half hour, each with its transactions by minute', async () => {
  await plant();
  await outputs.gold(0, [
    { card: 'old', start: START - 29 * MINUTE, count: 900, sum: '900.00', max: '9.00' },
    { card: 'A', start: START - 3 * MINUTE, count: 8, sum: '80.10', max: '20.00' },
    { card: 'B', start: START - 3 * MINUTE, count: 1, sum: '0.50', max: '0.50' },
  ]);
  await outputs.gold(1, [
    { card: 'B', start: START + MINUTE, count: 20, sum: '9.50', max: '5.00' },
    { card: 'A', start: START + MINUTE, count: 1, sum: '0.20', max: '0.20' },
    { card: 'A', start: START, count: 4, sum: '1.00', max: '0.50' },
  ]);
  // In flight.
  await outputs.gold(2, [{ card: 'C', start: START + 2 * MINUTE, count: 99, sum: '1.00', max: '1.00' }]);
  const peek = await peekOutputs({ outputPath: outputs.path, pipeline: transactions, limit: 1 });
  expect(peekJson(peek)).toMatchObject({
    sink: 'silver',
    gold: {
      from: '2025-01-02T03:01:00Z',
      to: '2025-01-02T03:05:00Z',
      windows: 5,
      cards: [
        {
          card_id: 'B',
          txn_count: 21,
          sum_amount: '10.00',
          max_amount: '5.00',
          txn_counts: [1, 0, 0, 0, 20],
        },
        {
          card_id: 'A',
          txn_count: 13,
          sum_amount: '81.30',
          max_amount: '20.00',
          txn_counts: [8, 0, 0, 4, 1],
        },
      ],
    },
  });
  const text = peekText(peek, 80);
  expect(text).toContain('newest 5 minutes of closed windows, 2025-01-02 03:01 to 2025-01-02 03:05 (UTC):');
  expect(text).toMatch(/\nB +21 +10\.00 +5\.00 {2}▁···█\nA +13 +81\.30 +20\.00 {2}█··▄▁\n/);
});

test('in a narrow terminal the newest windows stay', async () => {
  await plant();
  await outputs.gold(
    0,
    Array.from({ length: 30 }, (_, at) => ({
      card: 'card',
      start: START + at * MINUTE,
      count: at === 29 ? 2 : 1,
      sum: '1.00',
      max: '1.00',
    })),
  );
  const lines = peekText(
    await peekOutputs({ outputPath: outputs.path, pipeline: transactions, limit: 1 }),
    60,
  ).split('\n');
  const card = lines.find((line) => line.startsWith('card '));
  expect(card).toMatch(/ ▄+█$/);
  expect([...(card ?? '')].length).toBeLessThanOrEqual(60);
});

test('rejected records are counted by reason, the most frequent first, as bars', async () => {
  await plant();
  await outputs.quarantine(0, rowsOf(0, 0, 3));
  await outputs.quarantine(1, rowsOf(0, 3, 5), 'bad_amount', `amount: ${'1'.repeat(200)} is no number`);
  const peek = await peekOutputs({ outputPath: outputs.path, pipeline: transactions, limit: 1 });
  expect(peekJson(peek)['rejected']).toMatchObject([
    { reason: 'bad_json', rows: 3, example: 'what is wrong', value: 'bad', partition: 0, offset: 2 },
    { reason: 'bad_amount', rows: 2, example: `amount: ${'1'.repeat(200)} is no number`, offset: 4 },
  ]);
  const text = peekText(peek, 80);
  expect(text).toContain('Rejected records, 5 in quarantine:');
  expect(text).toMatch(/\nbad_json +3 +60\.0 % {2}█{36}\nbad_amount +2 +40\.0 % {2}█{24}\n/);
  expect(text).toContain(
    [
      '',
      'reason      partition  offset  an example',
      'bad_json            0       2  what is wrong',
      '                               bad',
      `bad_amount          0       4  amount: ${'1'.repeat(40)}…`,
      '                               bad',
      '',
    ].join('\n'),
  );
});

test('an example of a tombstone has no value, and a value of several lines is on one', async () => {
  await plant();
  const quarantine = (value: string, reason: string, offset: number) =>
    `SELECT ${value} AS bad_json, now() AS bad_ingest_ts, '${reason}' AS reason, 'why' AS detail,
      'transactions' AS topic, 0 AS "partition", ${offset}::BIGINT AS "offset"`;
  await outputs.parquet(
    outputs.fileOf('quarantine', 1),
    [
      quarantine("'older'", 'null_value', 2),
      quarantine('NULL', 'null_value', 3),
      quarantine(`'{' || chr(10) || '  "city": "東京' || chr(8238) || '"'`, 'not_json_object', 4),
    ].join(' UNION ALL '),
  );
  const peek = await peekOutputs({ outputPath: outputs.path, pipeline: transactions, limit: 1 });
  expect(peekJson(peek)['rejected']).toMatchObject([
    { reason: 'null_value', rows: 2, value: null, offset: 3 },
    { reason: 'not_json_object', rows: 1, value: '{\n  "city": "東京\u202e"', offset: 4 },
  ]);
  expect(peekText(peek, 80)).toContain(
    [
      'null_value               0       3  why',
      'not_json_object          0       4  why',
      '                                    {\\n  "city": "東京\\u202e"',
    ].join('\n'),
  );
});

test('of many reasons the most frequent are shown', async () => {
  await plant();
  await outputs.parquet(
    outputs.fileOf('quarantine', 1),
    `SELECT 'v' AS bad_json, now() AS bad_ingest_ts, 'reason_' || r AS reason, 'why' AS detail,
      'transactions' AS topic, 0 AS "partition", i::BIGINT AS "offset" FROM range(30) a(r), range(40) b(i) WHERE i <= 30 - r`,
  );
  const peek = await peekOutputs({ outputPath: outputs.path, pipeline: transactions, limit: 1 });
  expect(peekJson(peek)['rejected']).toHaveLength(30);
  const text = peekText(peek, 80);
  expect(text).toContain('\nreason_19 ');
  expect(text).not.toContain('\nreason_20 ');
  expect(text).toContain('\nand 65 of 10 other reasons: peek --json has all\n');
});

test('the output says what gold and quarantine do not have yet, and what to wait for', async () => {
  await plant();
  const peek = await peekOutputs({ outputPath: outputs.path, pipeline: transactions, limit: 0 });
  expect(peekJson(peek)).toMatchObject({ gold: null, rejected: [], rows: [] });
  const text = peekText(peek, 80);
  expect(text).toMatch(/Gold: no closed window yet; .* by the watermark/);
  expect(text).toContain('Rejected: nothing in quarantine.');
  expect(text).toContain('silver: no rows shown, as --limit 0 asks.');
});

test('a large raw_csv is not read to count it: silver of the same micro-batches has the figure, and the output says so', async () => {
  await outputs.start({ 0: 0 });
  await outputs.commit(1, { 0: 5 });
  await outputs.batch(0, rowsOf(0, 0, 3));
  await outputs.batch(1, rowsOf(0, 3, 9));
  // Its content is not read.
  await truncate(outputs.fileOf('raw_csv', 1), 40 * 1024 * 1024);
  const rawCsv = async () =>
    (
      await peekOutputs({ outputPath: outputs.path, pipeline: transactions, sink: 'gold', limit: 1 })
    ).sinks.find(({ sink }) => sink === 'raw_csv');
  expect(await rawCsv()).toMatchObject({ rows: 9, countedIn: 'silver' });
  const text = peekText(
    await peekOutputs({ outputPath: outputs.path, pipeline: transactions, limit: 0 }),
    80,
  );
  expect(text).toMatch(/raw_csv +\* 9 +2 [\s\S]*\* raw_csv as in the silver files/);
  // Without its silver file there is no count to use.
  await rm(outputs.fileOf('silver', 0));
  expect(await rawCsv()).toMatchObject({ rows: 9, countedIn: 'silver' });
  await rm(outputs.fileOf('raw_csv', 1));
  expect(await rawCsv()).toMatchObject({ rows: 3, countedIn: 'files' });
});

test('parts are counted each by itself', async () => {
  await outputs.start({ 0: 0 });
  await outputs.commit(0, { 0: 9 });
  await outputs.batch('0_0', rowsOf(0, 0, 3));
  await outputs.batch('0_1', rowsOf(0, 3, 9));
  const sinks = async () =>
    (await peekOutputs({ outputPath: outputs.path, pipeline: transactions, limit: 2 })).sinks.map(
      ({ sink, rows, files, countedIn }) => [sink, rows, files, countedIn],
    );
  expect(await sinks()).toContainEqual(['raw_csv', 9, 2, 'files']);
  expect(await sinks()).toContainEqual(['silver', 9, 2, 'files']);
  const ofPart = await peekOutputs({
    outputPath: outputs.path,
    pipeline: transactions,
    sink: 'silver',
    limit: 9,
  });
  expect(ofPart.rows).toHaveLength(9);
  await truncate(outputs.fileOf('raw_csv', '0_1'), 40 * 1024 * 1024);
  expect(await sinks()).toContainEqual(['raw_csv', 9, 2, 'silver']);
});

test('a value that is not UTF-8 does not hide its row', async () => {
  await plant();
  // DuckDB writes no such text, so the test changes bytes of a finished file.
  const path = outputs.fileOf('bronze', 1);
  const bytes = await readFile(path);
  for (let at = bytes.indexOf('the record'); at >= 0; at = bytes.indexOf('the record', at)) bytes[at] = 0xff;
  await writeFile(path, bytes);
  const peek = await peekOutputs({
    outputPath: outputs.path,
    pipeline: transactions,
    sink: 'bronze',
    limit: 1,
  });
  expect(peekJson(peek)['rows']).toMatchObject([{ offset: '4', value: '(hidden: not UTF-8)' }]);
});
