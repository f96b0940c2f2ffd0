import { rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PlantedOutputs, rowsOf } from '../../tests/support/planted-outputs.ts';
import { transactions } from '../../tests/support/transactions.ts';
import type { OffsetContent, OffsetRange, TopicReader } from '../kafka/record-batch.ts';
import { verifyOutputs } from './verify-outputs.ts';
import { summarise, verifyJson } from './verify-text.ts';

let outputs: PlantedOutputs;

beforeEach(async () => {
  outputs = await PlantedOutputs.create();
});
afterEach(() => outputs.remove());

/** Two partitions from offsets 10 and 0; three micro-batches, the last of which is in flight. */
async function plantHealthy(): Promise<void> {
  await outputs.start({ 0: 10, 1: 0 });
  await outputs.commit(0, { 0: 110, 1: 70 });
  await outputs.commit(1, { 0: 150, 1: 70 });
  await outputs.plan(2, { 0: 160, 1: 80 });
  await outputs.batch(0, [...rowsOf(0, 10, 110), ...rowsOf(1, 0, 70)]);
  await outputs.bronze(1, rowsOf(0, 110, 150));
  await outputs.silver(1, rowsOf(0, 110, 145));
  await outputs.rawCsv(1, rowsOf(0, 110, 145));
  await outputs.quarantine(1, rowsOf(0, 145, 150));
}

const topicTo = (end0: number, end1: number, begin0 = 0) => ({
  name: 'transactions',
  partitions: [
    { partition: 0, beginOffset: BigInt(begin0), endOffset: BigInt(end0) },
    { partition: 1, beginOffset: 0n, endOffset: BigInt(end1) },
  ],
});

const verify = (topic = topicTo(160, 80)) =>
  verifyOutputs({ outputPath: outputs.path, pipeline: transactions, topic });

/** Differences without their wording. */
async function found(topic = topicTo(160, 80)) {
  const { differences, equal, differenceCount } = await verify(topic);
  expect(equal).toBe(differences.length === 0);
  expect(differenceCount).toBe(differences.length);
  return differences.map(({ kind, sink, partition, from, to, count }) => ({
    kind,
    sink,
    partition,
    from,
    to,
    count,
  }));
}

test('healthy outputs are equal, and what is not committed yet is lag', async () => {
  await plantHealthy();
  const report = await verify();
  expect(report).toMatchObject({
    equal: true,
    differences: [],
    differenceCount: 0,
    lag: 20,
    committedBatch: 1,
  });
  expect(report.counts).toEqual({ bronze: 210, silver: 205, quarantine: 5, gold: 0, raw_csv: 205 });
  expect(report.partitions).toEqual([
    {
      partition: 0,
      begin: 0,
      start: 10,
      committed: 150,
      end: 160,
      logEnd: 160,
      lag: 10,
      bronze: 140,
      missing: 0,
      markers: 0,
      aborted: 0,
      compacted: 0,
      doubled: 0,
      pruned: 0,
    },
    {
      partition: 1,
      begin: 0,
      start: 0,
      committed: 70,
      end: 80,
      logEnd: 80,
      lag: 10,
      bronze: 70,
      missing: 0,
      markers: 0,
      aborted: 0,
      compacted: 0,
      doubled: 0,
      pruned: 0,
    },
  ]);
  expect(JSON.parse(JSON.stringify(verifyJson(report)))).toMatchObject({
    equal: true,
    topic: 'transactions',
  });
  expect(summarise(report)).toMatch(/Equal; 20 records of the topic are not processed yet\.$/);
});

test('files of a micro-batch that is not committed are ignored', async () => {
  await plantHealthy();
  await outputs.batch(2, rowsOf(0, 150, 155));
  expect(await found()).toEqual([]);
});

/** A topic in which each offset of partition 0 holds a record, except those named. */
function topicHolding(others: Readonly<Record<number, OffsetContent>>) {
  const asked: OffsetRange[] = [];
  const reader: TopicReader = {
    read: () => {
      throw new Error('no values are needed');
    },
    async *contents(_partition, ranges) {
      for (const range of ranges) {
        asked.push(range);
        for (let offset = range.from; offset < range.to; offset++) {
          yield { from: offset, to: offset + 1, content: others[offset] ?? 'record' };
        }
      }
    },
  };
  return { reader, asked };
}

test('offsets that hold no record for the job are counted, and those that do are missing', async () => {
  await plantHealthy();
  await outputs.batch(0, [...rowsOf(0, 10, 60), ...rowsOf(0, 67, 110), ...rowsOf(1, 0, 70)]);
  const { reader, asked } = topicHolding({ 60: 'marker', 61: 'aborted', 62: 'aborted', 63: 'compacted' });
  const report = await verifyOutputs({
    outputPath: outputs.path,
    pipeline: transactions,
    topic: topicTo(160, 80),
    reader,
  });
  expect(asked).toEqual([{ from: 60, to: 67 }]);
  expect(report.differences).toMatchObject([{ kind: 'missing', partition: 0, from: 64, to: 66, count: 3 }]);
  expect(report.partitions).toMatchObject([
    { missing: 3, markers: 1, aborted: 2, compacted: 1 },
    { missing: 0, markers: 0, aborted: 0, compacted: 0 },
  ]);
  expect(summarise(report)).toContain(
    'Offsets that are no records to read: 1 hold transaction markers, 2 hold records of aborted transactions, 1 were compacted away.',
  );
});

test('a topic is asked for nothing where bronze has no gap, and for nothing that it no longer has', async () => {
  await plantHealthy();
  const healthy = topicHolding({});
  await verifyOutputs({
    outputPath: outputs.path,
    pipeline: transactions,
    topic: topicTo(160, 80),
    reader: healthy.reader,
  });
  expect(healthy.asked).toEqual([]);
  await outputs.batch(0, [...rowsOf(0, 20, 60), ...rowsOf(0, 67, 110), ...rowsOf(1, 0, 70)]);
  const cut = topicHolding({ 10: 'marker', 15: 'marker' });
  const report = await verifyOutputs({
    outputPath: outputs.path,
    pipeline: transactions,
    topic: topicTo(160, 80, 15),
    reader: cut.reader,
  });
  expect(cut.asked[0]).toEqual({ from: 15, to: 20 });
  expect(report.differences[0]).toMatchObject({ kind: 'missing', from: 10, to: 14 });
});

test('what an open transaction holds back is neither lag nor lost', async () => {
  await plantHealthy();
  const { name, partitions } = topicTo(150, 70);
  const topic = {
    name,
    partitions: partitions.map((known) => ({ ...known, logEndOffset: known.endOffset + 6n })),
  };
  const report = await verifyOutputs({ outputPath: outputs.path, pipeline: transactions, topic });
  expect(report).toMatchObject({ equal: true, lag: 0 });
  expect(summarise(report)).toContain('An open transaction holds back 12 offsets');
  // Read before KAFKA_ISOLATION_LEVEL was read_committed.
  const behind = {
    name,
    partitions: [{ partition: 0, beginOffset: 0, endOffset: 120, logEndOffset: 150 }, ...partitions.slice(1)],
  };
  expect(
    (await verifyOutputs({ outputPath: outputs.path, pipeline: transactions, topic: behind })).differences,
  ).toEqual([]);
});

test('offsets without a bronze row are missing, in ranges', async () => {
  await plantHealthy();
  await outputs.batch(0, [
    ...rowsOf(0, 10, 20),
    ...rowsOf(0, 21, 60),
    ...rowsOf(0, 70, 110),
    ...rowsOf(1, 0, 63),
  ]);
  expect(await found()).toEqual([
    { kind: 'missing', sink: 'bronze', partition: 0, from: 20, to: 20, count: 1 },
    { kind: 'missing', sink: 'bronze', partition: 0, from: 60, to: 69, count: 10 },
    { kind: 'missing', sink: 'bronze', partition: 1, from: 63, to: 69, count: 7 },
  ]);
});

test('a partition without any bronze row is missing as a whole', async () => {
  await plantHealthy();
  await outputs.batch(0, rowsOf(0, 10, 110));
  expect(await found()).toEqual([
    { kind: 'missing', sink: 'bronze', partition: 1, from: 0, to: 69, count: 70 },
  ]);
});

test('a row that is twice in one file, or in two, is doubled, though the counts agree with a missing one', async () => {
  await plantHealthy();
  await outputs.batch(0, [...rowsOf(0, 10, 109), ...rowsOf(0, 50, 51), ...rowsOf(1, 0, 70)]);
  await outputs.bronze(1, [...rowsOf(0, 110, 150), ...rowsOf(1, 5, 7)]);
  await outputs.silver(1, [...rowsOf(0, 110, 145), ...rowsOf(1, 5, 7)]);
  await outputs.rawCsv(1, [...rowsOf(0, 110, 145), ...rowsOf(1, 5, 7)]);
  const report = await verify();
  expect(report.partitions.map(({ missing, doubled }) => ({ missing, doubled }))).toEqual([
    { missing: 1, doubled: 1 },
    { missing: 0, doubled: 2 },
  ]);
  expect(await found()).toEqual([
    { kind: 'missing', sink: 'bronze', partition: 0, from: 109, to: 109, count: 1 },
    { kind: 'doubled', sink: 'bronze', partition: 1, from: 5, to: 6, count: 2 },
    { kind: 'doubled', sink: 'silver', partition: 1, from: 5, to: 6, count: 2 },
    { kind: 'doubled', sink: 'bronze', partition: 0, from: 50, to: 50, count: 1 },
    { kind: 'doubled', sink: 'silver', partition: 0, from: 50, to: 50, count: 1 },
  ]);
});

test('bronze rows out of the committed range, and rows of another topic or without lineage, are named', async () => {
  await plantHealthy();
  await outputs.batch(1, [
    ...rowsOf(0, 110, 152),
    ...rowsOf(0, 5, 6),
    { partition: 7, offset: 3 },
    { partition: 0, offset: 60, topic: 'other' },
    { partition: -1, offset: 60 },
  ]);
  await rm(outputs.fileOf('quarantine', 1));
  expect(await found()).toEqual([
    { kind: 'foreign-row', sink: 'bronze', partition: null, from: null, to: null, count: 2 },
    { kind: 'foreign-row', sink: 'silver', partition: null, from: null, to: null, count: 2 },
    { kind: 'unexpected', sink: 'bronze', partition: 0, from: 5, to: 5, count: 1 },
    { kind: 'unexpected', sink: 'bronze', partition: 0, from: 150, to: 151, count: 2 },
    { kind: 'unexpected', sink: 'bronze', partition: 7, from: 3, to: 3, count: 1 },
  ]);
});

test('every bronze row is in exactly one of silver and quarantine, and no row is without its bronze row', async () => {
  await plantHealthy();
  await outputs.silver(1, [...rowsOf(0, 110, 140), ...rowsOf(0, 146, 148), ...rowsOf(1, 90, 92)]);
  await outputs.rawCsv(1, [...rowsOf(0, 110, 140), ...rowsOf(0, 146, 148), ...rowsOf(1, 90, 92)]);
  await outputs.quarantine(1, [...rowsOf(0, 145, 150), ...rowsOf(0, 300, 301)]);
  expect(await found()).toEqual([
    { kind: 'in-neither', sink: 'bronze', partition: 0, from: 140, to: 144, count: 5 },
    { kind: 'in-both', sink: 'silver', partition: 0, from: 146, to: 147, count: 2 },
    { kind: 'without-bronze', sink: 'quarantine', partition: 0, from: 300, to: 300, count: 1 },
    { kind: 'without-bronze', sink: 'silver', partition: 1, from: 90, to: 91, count: 2 },
  ]);
});

test('raw_csv is compared with silver per micro-batch, by rows and by txn_id', async () => {
  await plantHealthy();
  await outputs.rawCsv(1, rowsOf(0, 110, 144));
  await outputs.rawCsv(0, [
    { partition: 0, offset: 10, txn: 'other' },
    ...rowsOf(0, 11, 110),
    ...rowsOf(1, 0, 70),
  ]);
  expect((await verify()).differences.map(({ kind, detail }) => [kind, detail])).toEqual([
    [
      'csv-txns',
      expect.stringMatching(
        /^batch 0 has other txn_ids in raw_csv than in silver: "other" only in raw_csv; partition 0, offset 10: "txn-0-10" only in silver$/,
      ),
    ],
    ['csv-rows', expect.stringMatching(/^batch 1 has 34 rows in raw_csv and 35 in silver/)],
  ]);
});

test('raw_csv may hold quotes, commas and line ends in its cells', async () => {
  await plantHealthy();
  const txns = ['a,b', 'line\nend', 'q"uote', 'back\\slash', ''];
  const rows = txns.map((txn, at) => ({ partition: 0, offset: 110 + at, txn }));
  await outputs.bronze(1, rowsOf(0, 110, 150));
  await outputs.silver(1, [...rows, ...rowsOf(0, 115, 145)]);
  await outputs.rawCsv(1, [
    ...rows.map((row) => ({ ...row, txn: `"${row.txn.replaceAll('"', '""')}"` })),
    ...rowsOf(0, 115, 145),
  ]);
  expect((await verify()).differences).toEqual([]);
});

test('the ledger distinguishes pruned files from lost ones', async () => {
  await plantHealthy();
  for (const sink of ['bronze', 'silver', 'raw_csv'] as const) {
    await rm(outputs.fileOf(sink, 0));
    await outputs.ledger(sink, 0, { 0: 110, 1: 70 }, 1);
  }
  const report = await verify();
  expect(report).toMatchObject({ equal: true, counts: { bronze: 40, silver: 35 } });
  expect(report.partitions.map(({ pruned }) => pruned)).toEqual([100, 70]);
  expect(report.pruned).toEqual([
    { sink: 'bronze', throughBatch: 0, files: 1 },
    { sink: 'silver', throughBatch: 0, files: 1 },
    { sink: 'raw_csv', throughBatch: 0, files: 1 },
  ]);

  await rm(outputs.fileOf('bronze', 1));
  const lost = await found();
  expect(lost).toContainEqual({
    kind: 'missing',
    sink: 'bronze',
    partition: 0,
    from: 110,
    to: 149,
    count: 40,
  });
});

test('with a ledger without offsets bronze begins at its first remaining row, and the report says so', async () => {
  await plantHealthy();
  await rm(outputs.fileOf('bronze', 0));
  await outputs.ledger('bronze', 0, null, 1);
  await outputs.batch(1, [...rowsOf(0, 110, 120), ...rowsOf(0, 121, 145)]);
  const report = await verify();
  expect(report.differences.map(({ kind, from }) => [kind, from])).toEqual([
    ['missing', 120],
    ['missing', 145],
    ['without-bronze', 145],
  ]);
  expect(report.partitions.map(({ pruned }) => pruned)).toEqual([100, 70]);
  expect(report.notCompared).toEqual([
    { sink: 'bronze', count: null, reason: expect.stringContaining('does not say') },
  ]);
});

test('the oldest file missing without an entry in the ledger is a difference', async () => {
  await plantHealthy();
  await rm(outputs.fileOf('bronze', 0));
  expect(await found()).toContainEqual({
    kind: 'missing',
    sink: 'bronze',
    partition: 0,
    from: 10,
    to: 109,
    count: 100,
  });
});

test('a file that the ledger covers and that is not deleted yet counts as pruned', async () => {
  await plantHealthy();
  await outputs.ledger('bronze', 0, { 0: 110, 1: 70 }, 1);
  expect(await verify()).toMatchObject({ equal: true, counts: { bronze: 40, silver: 205 } });
});

test('one sink pruned further than the others leaves no false difference', async () => {
  await plantHealthy();
  await rm(outputs.fileOf('silver', 0));
  await outputs.ledger('silver', 0, { 0: 110, 1: 70 }, 1);
  expect(await verify()).toMatchObject({ equal: true, counts: { bronze: 210, silver: 35, raw_csv: 205 } });
});

test('a damaged file is a difference with its name, and so is a second file of a micro-batch', async () => {
  await plantHealthy();
  await writeFile(outputs.fileOf('quarantine', 1), 'PAR1 not really');
  await outputs.bronze(1, rowsOf(0, 110, 150), '20250102_030406');
  const { differences } = await verify();
  expect(differences).toContainEqual(
    expect.objectContaining({
      kind: 'file-unreadable',
      sink: 'quarantine',
      detail: expect.stringContaining('quarantine_20250102_030405_1.parquet'),
    }),
  );
  expect(differences).toContainEqual(
    expect.objectContaining({ kind: 'file-doubled', sink: 'bronze', count: 2 }),
  );
  expect(differences).toContainEqual(
    expect.objectContaining({ kind: 'doubled', sink: 'bronze', partition: 0, from: 110, to: 149 }),
  );
});

test('the parts of a micro-batch are its files, next to micro-batches of one file', async () => {
  await plantHealthy();
  await outputs.commit(2, { 0: 160, 1: 80 });
  await outputs.batch('2_0', rowsOf(0, 150, 160));
  await outputs.batch('2_1', rowsOf(1, 70, 75));
  await outputs.batch('2_3', rowsOf(1, 75, 80));
  const report = await verify();
  expect(report).toMatchObject({ equal: true, counts: { bronze: 230, silver: 225, raw_csv: 225 } });

  await rm(outputs.fileOf('bronze', '2_1'));
  await rm(outputs.fileOf('raw_csv', '2_3'));
  expect(await found()).toEqual([
    { kind: 'missing', sink: 'bronze', partition: 1, from: 70, to: 74, count: 5 },
    { kind: 'without-bronze', sink: 'silver', partition: 1, from: 70, to: 74, count: 5 },
    { kind: 'csv-rows', sink: 'raw_csv', partition: null, from: null, to: null, count: 5 },
  ]);
});

test('parts next to a file that has all of their micro-batch, or of two attempts, are a difference', async () => {
  await plantHealthy();
  await outputs.bronze('0_0', rowsOf(0, 10, 20));
  await outputs.silver('1_0', rowsOf(0, 110, 120));
  await outputs.silver('1_1', rowsOf(0, 120, 145), '20250102_030406');
  await rm(outputs.fileOf('silver', 1));
  const { differences } = await verify();
  expect(differences.filter(({ kind }) => kind === 'file-doubled')).toEqual([
    expect.objectContaining({
      sink: 'bronze',
      detail: 'batch 0 has bronze_20250102_030405_0.parquet and bronze_20250102_030405_0_0.parquet',
    }),
    expect.objectContaining({ sink: 'silver', count: 2 }),
  ]);
});

test('unread records that retention took are lost, read ones are not', async () => {
  await plantHealthy();
  expect(await found(topicTo(160, 80, 150))).toEqual([]);
  expect(await found(topicTo(160, 80, 155))).toEqual([
    { kind: 'lost-to-retention', sink: null, partition: 0, from: 150, to: 154, count: 5 },
  ]);
});

test('a topic that ends before what was read, or has another name, is a difference', async () => {
  await plantHealthy();
  expect(await found(topicTo(20, 80))).toEqual([
    { kind: 'behind-checkpoint', sink: null, partition: 0, from: 20, to: 149, count: 130 },
  ]);
  const other = { ...topicTo(5, 5, 3), name: 'other' };
  expect((await found(other)).map(({ kind }) => kind)).toEqual(['other-topic']);
});

test('a partition added later begins at 0', async () => {
  await plantHealthy();
  const { partitions } = topicTo(160, 80);
  const report = await verifyOutputs({
    outputPath: outputs.path,
    pipeline: transactions,
    topic: async () => ({
      name: 'transactions',
      partitions: [...partitions, { partition: 2, beginOffset: 0, endOffset: 4 }],
    }),
  });
  expect(report).toMatchObject({ equal: true, lag: 24 });
  expect(report.partitions[2]).toMatchObject({ partition: 2, start: 0, committed: 0, end: 4, lag: 4 });
});

test('more differences than are listed are counted', async () => {
  await plantHealthy();
  const every2nd = rowsOf(0, 10, 150).filter(({ offset }) => offset % 2 === 0);
  await outputs.batch(0, [...every2nd, ...rowsOf(1, 0, 70)]);
  await outputs.bronze(1, rowsOf(1, 0, 1));
  await rm(outputs.fileOf('silver', 1));
  await rm(outputs.fileOf('raw_csv', 1));
  await rm(outputs.fileOf('quarantine', 1));
  const report = await verify();
  expect(report.differences.filter(({ kind }) => kind === 'missing')).toHaveLength(50);
  expect(report.differenceCount).toBe(70 + 1);
  expect(summarise(report)).toContain('and 51 more');
});

test('without outputs there is no data, and outputs without a checkpoint are a difference', async () => {
  await expect(verify()).rejects.toMatchObject({ code: 'NO_DATA' });
  await outputs.batch(0, rowsOf(0, 0, 3));
  expect((await found()).map(({ kind }) => kind)).toContain('checkpoint-missing');
});

test('outputs elsewhere than on the local disk are refused', async () => {
  const topic = topicTo(1, 1);
  await expect(
    verifyOutputs({ outputPath: 's3a://bucket/out', pipeline: transactions, topic }),
  ).rejects.toMatchObject({
    code: 'OUTPUT_NOT_LOCAL',
  });
});

test('an abort ends the verification with its reason', async () => {
  await plantHealthy();
  const reason = new Error('stop');
  const signal = AbortSignal.abort(reason);
  await expect(
    verifyOutputs({ outputPath: outputs.path, pipeline: transactions, topic: topicTo(1, 1), signal }),
  ).rejects.toBe(reason);
});
