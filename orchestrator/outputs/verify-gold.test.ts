import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PlantedOutputs, type PlantedRow, type PlantedWindow } from './testing/planted-outputs.ts';
import { verifyOutputs } from './verify-outputs.ts';

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
  eventTime: minute(minutes) + 59_999,
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

/**
 * Micro-batches 0 to 2. Micro-batch 1 closes the windows of minutes 0 and 1, and minute 2, which is empty then. Those with 10.00 and
 * 7.00 come in micro-batch 2: they are late, the latter all that its window has. The window of minute 9 is not closed.
 */
const ROWS = [
  row(0, 0, '0.10'),
  row(1, 0, '0.20'),
  row(2, 1, '5.00', 'B'),
  row(3, 9, '1.00'),
  row(4, 0, '10.00'),
  row(5, 2, '7.00', 'C'),
];
const GOLD = [window(0, 2, '0.30', '0.20'), window(1, 1, '5.00', '5.00', 'B')];
const WATERMARKS = [null, minute(4), minute(4)];

async function plant(firstKnown = 0): Promise<void> {
  await outputs.start({ 0: 0 });
  for (const [batch, watermark] of WATERMARKS.entries()) {
    await outputs.batch(batch, ROWS.slice(batch * 2, batch * 2 + 2));
    if (batch >= firstKnown) await outputs.commit(batch, { 0: batch * 2 + 2 }, watermark);
  }
  await outputs.gold(1, GOLD);
}

async function verify() {
  const topic = { name: 'transactions', partitions: [{ partition: 0, beginOffset: 0, endOffset: 6 }] };
  const report = await verifyOutputs({ outputPath: outputs.path, topic });
  return { ...report, kinds: report.differences.map(({ kind, detail }) => `${kind}: ${detail}`) };
}

test('closed windows equal their silver rows, late ones left out', async () => {
  await plant();
  expect(await verify()).toMatchObject({
    kinds: [],
    gold: { equalWindows: 2, watermark: new Date(minute(4)).toISOString() },
    notCompared: [],
    counts: { gold: 2 },
  });
});

test('a window with late records that is neither with nor without them is wrong', async () => {
  await plant();
  await outputs.gold(1, [window(0, 1, '0.20', '0.20'), ...GOLD.slice(1)]);
  expect((await verify()).kinds).toEqual([
    expect.stringMatching(/^gold-wrong: card "A", window from 2025-01-02 03:04:00 UTC: gold has count 1/),
  ]);
});

test.each([
  ['count', window(1, 2, '5.00', '5.00', 'B')],
  ['sum', window(1, 1, '5.01', '5.00', 'B')],
  ['maximum', window(1, 1, '5.00', '5.01', 'B')],
])('a window with another %s is wrong', async (_what, wrong) => {
  await plant();
  await outputs.gold(1, [...GOLD.slice(0, 1), wrong]);
  expect((await verify()).kinds).toEqual([expect.stringMatching(/^gold-wrong: card "B", window from/)]);
});

test('a closed window that is not in gold is missing', async () => {
  await plant();
  await outputs.gold(1, GOLD.slice(0, 1));
  expect((await verify()).kinds).toEqual([
    expect.stringMatching(/^gold-missing: card "B".*gold has nothing; silver gives count 1, sum 5.00/),
  ]);
});

test('a window without silver rows is extra, one that is there twice is doubled, an open one is early', async () => {
  await plant();
  await outputs.gold(1, [...GOLD, window(2, 1, '1.00', '1.00')]);
  await outputs.gold(2, [window(0, 2, '0.30', '0.20'), window(9, 1, '1.00', '1.00')]);
  const { kinds } = await verify();
  expect(kinds).toEqual([
    expect.stringMatching(
      /^gold-doubled: card "A", window from 2025-01-02 03:04:00 UTC: 2 rows, in batches 1 to 2/,
    ),
    expect.stringMatching(/^gold-early: card "A", window from 2025-01-02 03:13:00 UTC, in batch 2/),
    expect.stringMatching(/^gold-extra: card "A", window from 2025-01-02 03:06:00 UTC/),
  ]);
});

test('files of a gold micro-batch that is not committed are ignored', async () => {
  await plant();
  await outputs.gold(3, [window(0, 2, '0.30', '0.20')]);
  expect(await verify()).toMatchObject({ kinds: [], counts: { gold: 2 } });
});

test('where the checkpoint no longer knows who was late, fewer records are undecided and other sums are wrong', async () => {
  await plant(2);
  expect(await verify()).toMatchObject({
    kinds: [],
    gold: { equalWindows: 1 },
    notCompared: [{ sink: 'gold', count: 2, reason: expect.stringContaining('late') }],
  });
  await outputs.gold(1, [window(0, 3, '10.31', '10.00'), ...GOLD.slice(1)]);
  expect((await verify()).kinds).toEqual([expect.stringMatching(/^gold-wrong: card "A"/)]);
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
  await outputs.gold(1, GOLD.slice(0, 1));
  expect((await verify()).kinds).toEqual([expect.stringMatching(/^gold-missing: card "B"/)]);
});

test('windows in pruned gold files are not missed', async () => {
  await plant();
  await rm(outputs.fileOf('gold', 1));
  expect((await verify()).kinds).toHaveLength(2);
  await outputs.ledger('gold', 1, null, 1);
  expect(await verify()).toMatchObject({ kinds: [], gold: { equalWindows: 0 }, counts: { gold: 0 } });
});
