import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  PlantedOutputs,
  type PlantedRow,
  type PlantedWindow,
} from '../../../tests/support/planted-outputs.ts';
import { transactions } from '../../../tests/support/transactions.ts';
import type { GoldTable, Pipeline } from '../../pipeline/model.ts';
import { verifyOutputs } from '../verify-outputs.ts';
import { summarise } from '../verify-text.ts';

/** A whole minute of Unix time. */
const T0 = 1_735_787_040_000;
const minute = (count: number): number => T0 + count * 60_000;

let outputs: PlantedOutputs;

beforeEach(async () => {
  outputs = await PlantedOutputs.create();
});
afterEach(() => outputs.remove());

const row = (offset: number, minutes: number, amount: string, card = 'A'): PlantedRow => ({
  partition: 0,
  offset,
  eventTime: minute(minutes),
  amount,
  card,
});

const window = (minutes: number, count: number, sum: string, max: string, card = 'A'): PlantedWindow => ({
  card,
  start: minute(minutes),
  count,
  sum,
  max,
});

/** One micro-batch of `ingest` for each list of rows. */
async function ingest(batches: readonly (readonly PlantedRow[])[], from = 0): Promise<void> {
  await outputs.start({ 0: 0 });
  for (const [at, rows] of batches.entries()) {
    await outputs.batch(from + at, rows);
    await outputs.commit(from + at, { 0: (rows.at(-1)?.offset ?? 0) + 1 });
  }
}

async function verify(pipeline: Pipeline = transactions) {
  const topic = { name: 'transactions', partitions: [{ partition: 0, beginOffset: 0, endOffset: 9 }] };
  const report = await verifyOutputs({ outputPath: outputs.path, pipeline, topic });
  return { ...report, kinds: report.differences.map(({ kind, detail }) => `${kind}: ${detail}`) };
}

describe('rows of a closed window that arrive in the very next micro-batch', () => {
  /**
   * In micro-batch 1 Spark 3.5.7 decides lateness by the watermark of micro-batch 0, which was
   * none.
   */
  async function plant(count: number, sum: string): Promise<void> {
    const at = (offset: number, seconds: number, card: string): PlantedRow =>
      row(offset, seconds / 60, '1.00', card);
    await ingest([[at(0, 10, 'a'), at(1, 390, 'b')], [at(2, 20, 'a')], [at(3, 30, 'a')]]);
    await outputs.goldBatch(0, 0, [0]);
    await outputs.goldBatch(1, minute(1.5), [1]);
    await outputs.goldBatch(2, minute(1.5), [2]);
    await outputs.gold(1, [window(0, count, sum, '1.00', 'a')]);
  }

  test('are counted, those of later ones are not', async () => {
    await plant(2, '2.00');
    const report = await verify();
    expect(report).toMatchObject({
      kinds: [],
      notCompared: [],
      counts: { gold: 1 },
      gold: {
        equalWindows: 1,
        late: 1,
        unreadFiles: 0,
        watermark: new Date(minute(1.5)).toISOString(),
        tables: [{ name: 'gold', committedBatch: 2, rows: 1 }],
      },
    });
    expect(summarise(report)).toContain(
      'Gold: 1 closed window equals silver; the watermark is 2025-01-02T03:05:30.000Z. 1 late row was dropped.',
    );
  });

  test.each([
    [1, '1.00'],
    [3, '3.00'],
  ])('a gold that counts %i is wrong', async (count, sum) => {
    await plant(count, sum);
    expect((await verify()).kinds).toEqual([
      `gold-wrong: card_id "a", window from 2025-01-02 03:04:00 UTC: gold has txn_count ${count}, sum_amount ${sum}, avg_amount 1.000000, max_amount 1.00; silver gives txn_count 2, sum_amount 2.00, avg_amount 1.0, max_amount 1.00`,
    ]);
  });
});

describe('the parts of a micro-batch that gold has read in several of its own', () => {
  const at = (offset: number, seconds: number, card: string): PlantedRow =>
    row(offset, seconds / 60, '1.00', card);

  async function plant(count: number, sum: string): Promise<void> {
    await outputs.start({ 0: 0 });
    await outputs.batch('0_0', [at(0, 10, 'a'), at(1, 390, 'b')]);
    await outputs.batch('0_1', [at(2, 20, 'a')]);
    await outputs.batch('0_3', [at(3, 30, 'a')]);
    await outputs.commit(0, { 0: 4 });
    await outputs.goldBatch(0, 0, ['0_0']);
    await outputs.goldBatch(1, minute(1.5), ['0_1']);
    await outputs.goldBatch(2, minute(1.5), ['0_3']);
    await outputs.gold(1, [window(0, count, sum, '1.00', 'a')]);
  }

  test('are late each by its own', async () => {
    await plant(2, '2.00');
    expect(await verify()).toMatchObject({
      kinds: [],
      notCompared: [],
      gold: { equalWindows: 1, late: 1, unreadFiles: 0 },
    });
  });

  test('are not counted twice or left out', async () => {
    await plant(3, '3.00');
    const { differences } = await verify();
    expect(differences.map(({ kind }) => kind)).toEqual(['gold-wrong']);
  });

  test('are unread files until they are read', async () => {
    await plant(2, '2.00');
    await rm(join(outputs.path, '_chk/gold/commits/2'));
    expect(await verify()).toMatchObject({ kinds: [], gold: { equalWindows: 1, late: 0, unreadFiles: 1 } });
  });
});

/**
 * Gold's micro-batches 0, 2 and 4 each read one of silver's micro-batches 0 to 2, with idle
 * triggers between them. The event of minute 9 closes the windows up to minute 3. The events of
 * 10.00 and 7.00 are late, and the latter is the only one in its window.
 */
const BATCHES = [
  [row(0, 0, '0.10'), row(1, 0.5, '0.20')],
  [row(2, 1, '5.00', 'B'), row(3, 9, '1.00')],
  [row(4, 0, '10.00'), row(5, 2, '7.00', 'C')],
];
const GOLD = [window(0, 2, '0.30', '0.20'), window(1, 1, '5.00', '5.00', 'B')];
const WATERMARKS = [0, minute(0.5 - 5), minute(0.5 - 5), minute(4), minute(4)];

async function plant(): Promise<void> {
  await ingest(BATCHES);
  for (const [batch, watermarkMs] of WATERMARKS.entries()) {
    await outputs.goldBatch(batch, watermarkMs, batch % 2 === 0 ? [batch / 2] : []);
  }
  await outputs.gold(3, GOLD);
}

/** The offset log no longer has the entries of these micro-batches. */
async function forget(...batches: readonly number[]): Promise<void> {
  for (const batch of batches) await rm(`${outputs.path}/_chk/gold/offsets/${batch}`);
}

test('closed windows equal their silver rows, late ones left out', async () => {
  await plant();
  expect(await verify()).toMatchObject({
    kinds: [],
    gold: { equalWindows: 2, late: 2, watermark: new Date(minute(4)).toISOString() },
    notCompared: [],
    counts: { gold: 2 },
  });
});

test('a window with late records that is neither with nor without them is wrong', async () => {
  await plant();
  await outputs.gold(3, [window(0, 1, '0.20', '0.20'), ...GOLD.slice(1)]);
  expect((await verify()).kinds).toEqual([
    expect.stringMatching(
      /^gold-wrong: card_id "A", window from 2025-01-02 03:04:00 UTC: gold has txn_count 1/,
    ),
  ]);
});

test.each([
  ['count', window(1, 2, '5.00', '5.00', 'B')],
  ['sum', window(1, 1, '5.01', '5.00', 'B')],
  ['maximum', window(1, 1, '5.00', '5.01', 'B')],
])('a window with another %s is wrong', async (_what, wrong) => {
  await plant();
  await outputs.gold(3, [...GOLD.slice(0, 1), wrong]);
  expect((await verify()).kinds).toEqual([expect.stringMatching(/^gold-wrong: card_id "B", window from/)]);
});

test('a closed window that is not in gold is missing', async () => {
  await plant();
  await outputs.gold(3, GOLD.slice(0, 1));
  expect((await verify()).kinds).toEqual([
    expect.stringMatching(
      /^gold-missing: card_id "B".*gold has nothing; silver gives txn_count 1, sum_amount 5.00/,
    ),
  ]);
});

test('a window without silver rows is extra, one that is there twice is doubled, an open one is early', async () => {
  await plant();
  await outputs.gold(3, [...GOLD, window(2, 1, '1.00', '1.00')]);
  await outputs.gold(4, [window(0, 2, '0.30', '0.20'), window(9, 1, '1.00', '1.00')]);
  const { kinds } = await verify();
  expect(kinds).toEqual([
    expect.stringMatching(
      /^gold-doubled: card_id "A", window from 2025-01-02 03:04:00 UTC: 2 rows, in batches 3 to 4/,
    ),
    expect.stringMatching(/^gold-early: card_id "A", window from 2025-01-02 03:13:00 UTC, in batch 4/),
    expect.stringMatching(/^gold-extra: card_id "A", window from 2025-01-02 03:06:00 UTC/),
  ]);
});

test('a watermark that the rows do not give is wrong', async () => {
  await plant();
  const entry = `v1\n{"batchWatermarkMs":${minute(5)}}\n{"logOffset":1}`;
  await outputs.write('_chk/gold/offsets/3', entry);
  expect((await verify()).kinds).toEqual([
    'watermark-wrong: batch 3 has the watermark 2025-01-02T03:09:00.000Z, the rows before it give 2025-01-02T03:08:00.000Z',
  ]);
});

test('files of a gold micro-batch that is not committed are ignored', async () => {
  await plant();
  await outputs.planGold(5, minute(4), []);
  await outputs.gold(5, [window(0, 2, '0.30', '0.20')]);
  expect(await verify()).toMatchObject({ kinds: [], counts: { gold: 2 } });
});

test('silver that gold has not read yet is its lag, and no difference', async () => {
  await plant();
  await ingest([[row(6, 60, '1.00')], [row(7, 61, '1.00')]], 3);
  await outputs.planGold(5, minute(4), [3]);
  const report = await verify();
  expect(report).toMatchObject({ kinds: [], gold: { equalWindows: 2, unreadFiles: 2 } });
  expect(summarise(report)).toContain('2 files of silver are not read by it yet.');
});

test('what gold has read of a micro-batch that `ingest` has not committed is not compared', async () => {
  await plant();
  await outputs.batch(3, [row(6, 60, '1.00')]);
  await outputs.goldBatch(5, minute(4), [3]);
  await outputs.goldBatch(6, minute(55), []);
  await outputs.gold(6, [window(9, 1, '1.00', '1.00')]);
  expect(await verify()).toMatchObject({
    kinds: [],
    counts: { gold: 2 },
    gold: { equalWindows: 2, watermark: new Date(minute(4)).toISOString() },
  });
});

describe('where the offset log no longer shows which rows were late', () => {
  test.each([
    ['without', GOLD],
    ['with', [window(0, 3, '10.30', '10.00'), ...GOLD.slice(1)]],
  ])('a window %s the rows that may have been is right, and that is said', async (_how, gold) => {
    await plant();
    await forget(0, 1, 2, 3);
    await outputs.gold(3, gold);
    const { kinds, notCompared, gold: found } = await verify();
    expect(kinds).toEqual([]);
    expect(found.equalWindows).toBe(2);
    expect(notCompared).toEqual([
      { sink: 'gold', count: 2, reason: expect.stringContaining('whether they were late') },
    ]);
  });

  test('any other is wrong', async () => {
    await plant();
    await forget(0, 1, 2, 3);
    await outputs.gold(3, [window(0, 3, '10.31', '10.00'), ...GOLD.slice(1)]);
    expect((await verify()).kinds).toEqual([expect.stringMatching(/^gold-wrong: card_id "A"/)]);
  });
});

test('with pruned silver files, more in gold is undecided and less is wrong', async () => {
  await plant();
  await rm(outputs.fileOf('silver', 0));
  await outputs.ledger('silver', 0, { 0: 2 }, 1);
  expect(await verify()).toMatchObject({
    kinds: [],
    gold: { equalWindows: 1 },
    notCompared: [{ sink: 'gold', count: 1, reason: expect.stringContaining('pruned') }],
  });
  await outputs.gold(3, GOLD.slice(0, 1));
  expect((await verify()).kinds).toEqual([expect.stringMatching(/^gold-missing: card_id "B"/)]);
});

test('windows in pruned gold files are not missed', async () => {
  await plant();
  await rm(outputs.fileOf('gold', 3));
  expect((await verify()).kinds).toHaveLength(2);
  await outputs.ledger('gold', 3, null, 1);
  expect(await verify()).toMatchObject({ kinds: [], gold: { equalWindows: 0 }, counts: { gold: 0 } });
});

describe('a pipeline with other gold tables', () => {
  const [own] = transactions.gold as [GoldTable];
  const sliding: GoldTable = { ...own, name: 'sliding', windowMs: 120_000 };
  const total: GoldTable = {
    ...own,
    name: 'total',
    groupBy: [],
    measures: [
      {
        name: 'least',
        function: 'min',
        argument: { op: 'column', name: 'event_time' },
        type: { kind: 'timestamp' },
      },
      {
        name: 'cents',
        function: 'sum',
        argument: {
          op: '*',
          args: [
            { op: 'column', name: 'amount' },
            { op: 'literal', type: 'integer', value: '100' },
          ],
          type: { kind: 'decimal', precision: 22, scale: 2 },
        },
        type: { kind: 'decimal', precision: 32, scale: 2 },
      },
    ],
  };

  /** Each window of minutes begins a minute after the one before it: events are in two. */
  async function plantSliding(counts: readonly [number, number, number]): Promise<void> {
    const windows = counts.map((count, at) => window(at - 1, count, `${count}.00`, '1.00'));
    await ingest([[row(0, 0, '1.00'), row(1, 1, '1.00'), row(2, 10, '1.00', 'B')]]);
    await outputs.goldBatch(0, 0, [0], 'sliding');
    await outputs.goldBatch(1, minute(5), [], 'sliding');
    await outputs.gold(1, windows, { table: 'sliding', windowMs: 120_000 });
  }

  test('windows that slide are compared, each event in all of its own', async () => {
    const pipeline = { ...transactions, gold: [sliding] };
    await plantSliding([1, 2, 1]);
    expect(await verify(pipeline)).toMatchObject({
      kinds: [],
      counts: { gold: 3 },
      gold: { equalWindows: 3, tables: [{ name: 'sliding' }] },
    });
    await plantSliding([1, 1, 1]);
    expect(await verify(pipeline)).toMatchObject({
      kinds: [expect.stringContaining('gold-wrong: card_id "A", window from 2025-01-02 03:04:00 UTC')],
      differences: [{ sink: 'sliding' }],
    });
  });

  test('tables without a key, with expressions and instants, are compared, each by its own checkpoint', async () => {
    const pipeline = { ...transactions, gold: [own, total] };
    await plant();
    await outputs.goldBatch(0, 0, [0, 1], 'total');
    await outputs.goldBatch(1, minute(4), [], 'total');
    const rows = (cents: string) => `
      SELECT to_timestamp(${minute(0)} / 1000) AS window_start, to_timestamp(${minute(1)} / 1000) AS window_end,
        to_timestamp(${minute(0)} / 1000) AS least, ${cents}::DECIMAL(32, 2) AS cents
      UNION ALL SELECT to_timestamp(${minute(1)} / 1000), to_timestamp(${minute(2)} / 1000), to_timestamp(${minute(1)} / 1000), 500`;
    await outputs.parquet(outputs.fileOf('total', 1), rows('30'));
    const report = await verify(pipeline);
    expect(report).toMatchObject({
      kinds: [],
      counts: { gold: 4 },
      gold: {
        equalWindows: 4,
        unreadFiles: 1,
        tables: [{ name: 'gold' }, { name: 'total', unreadFiles: 1 }],
      },
    });
    expect(summarise(report)).toContain('Gold table total: 2 closed windows equal silver');
    await outputs.parquet(outputs.fileOf('total', 1), rows('31'));
    expect((await verify(pipeline)).kinds).toEqual([
      'gold-wrong: window from 2025-01-02 03:04:00 UTC: gold has least 1735787040000000, cents 31.00; silver gives least 1735787040000000, cents 30.00',
    ]);
  });

  test('none at all is nothing to compare', async () => {
    await plant();
    expect(await verify({ ...transactions, gold: [] })).toMatchObject({
      kinds: [],
      counts: { gold: 0 },
      gold: { equalWindows: 0, watermark: null, tables: [] },
    });
  });
});
