import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PlantedOutputs } from '../../tests/support/planted-outputs.ts';
import { committedBatches, readCheckpoint } from './checkpoint.ts';
import { committedFiles, firstDataCommitted, streamingStartFixed } from './committed-files.ts';
import { batchOfFileNumber, contentOfFileName, fileNumber } from './sinks.ts';

let outputs: PlantedOutputs;

beforeEach(async () => {
  outputs = await PlantedOutputs.create();
});
afterEach(() => outputs.remove());

test('the start is fixed when the job has written it', async () => {
  expect(await streamingStartFixed(outputs.path)).toEqual({
    fixed: false,
    detail: 'start offsets not fixed yet',
  });
  await outputs.start({ 0: 0, 1: 12 });
  expect(await streamingStartFixed(outputs.path)).toEqual({
    fixed: true,
    detail: 'start offsets are fixed: 0:0 1:12',
  });
});

test('data is committed when a micro-batch is, and bronze and silver have files up to it', async () => {
  const path = outputs.path;
  expect(await firstDataCommitted(path)).toEqual({
    committed: false,
    detail: 'no micro-batch has begun yet',
  });
  await outputs.start({ 0: 0 });
  await outputs.plan(0, { 0: 5 });
  expect((await firstDataCommitted(path)).detail).toBe('micro-batch 0 is at work, none is committed yet');
  await outputs.commit(0, { 0: 5 });
  await outputs.write('bronze/bronze_20250102_030405_0.parquet', '');
  await outputs.write('silver/silver_20250102_030405_1.parquet', '');
  expect(await firstDataCommitted(path)).toEqual({
    committed: false,
    detail: 'micro-batch 0 is committed, no committed file in silver yet',
  });
  await outputs.commit(1, { 0: 6 });
  expect((await firstDataCommitted(path)).committed).toBe(true);
});

test('neither loads the database', async () => {
  const script = `await import(${JSON.stringify(new URL('./committed-files.ts', import.meta.url).href)});
    console.log(process.report.getReport().sharedObjects.filter((path) => path.includes('duckdb')).length);`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--import', 'tsx', '--input-type=module', '--eval', script],
  ]);
  expect(stdout.trim()).toBe('0');
});

test('a checkpoint is read by number, not by text, and temporary files are no batches', async () => {
  await outputs.start({ 0: 1 });
  for (const batch of [8, 9, 10]) await outputs.commit(batch, { 0: batch });
  await outputs.plan(11, { 0: 11 });
  await outputs.write('_chk/ingest/commits/.12.crc', '');
  await outputs.write('_chk/ingest/commits/.12.tmp', '');
  const checkpoint = await readCheckpoint(outputs.path);
  expect(checkpoint).toMatchObject({
    topic: 'transactions',
    start: new Map([[0, 1]]),
    committed: { batch: 10, end: new Map([[0, 10]]) },
    lastPlannedBatch: 11,
  });
  expect((await committedBatches(checkpoint)).map(({ batch }) => batch)).toEqual([8, 9, 10]);
});

test('a damaged checkpoint is named with its file', async () => {
  await outputs.start({ 0: 1 });
  await outputs.commit(3, { 0: 1 });
  await outputs.write('_chk/ingest/offsets/3', 'v1\n{}\n{"transactions":{"0":1}}');
  await expect(readCheckpoint(outputs.path)).rejects.toThrow('offsets/3');
  await outputs.write('_chk/ingest/offsets/3', 'v1\n{"batchTimestampMs":0}\n-');
  await expect(readCheckpoint(outputs.path)).rejects.toThrow('offsets/3');
  await rm(join(outputs.path, '_chk/ingest/offsets/3'));
  await expect(readCheckpoint(outputs.path)).rejects.toThrow('is missing, yet batch 3 is committed');
});

test('committed files are in the order of their batches, without those in flight and other names', async () => {
  await outputs.start({ 0: 0 });
  await outputs.commit(10, { 0: 5 });
  for (const batch of [10, 9, 11, 100])
    await outputs.write(`silver/silver_20250102_030405_${batch}.parquet`, '');
  await outputs.write('silver/.silver_20250102_030405_1.parquet.crc', '');
  expect((await committedFiles(outputs.path, 'silver')).map(({ batch }) => batch)).toEqual([9, 10]);
});

test.each([
  ['silver', 'silver_20250102_030405_12.parquet', { batch: 12, part: undefined }],
  ['raw_csv', 'raw_20250102_030405_0.csv', { batch: 0, part: undefined }],
  ['silver', 'silver_20250102_030405_12_0.parquet', { batch: 12, part: 0 }],
  ['raw_csv', 'raw_20250102_030405_12_34.csv', { batch: 12, part: 34 }],
  ['gold_2', 'gold_2_20250102_030405_7_3.parquet', { batch: 7, part: 3 }],
  ['raw_csv', 'raw_csv_20250102_030405_0.csv', undefined],
  ['silver', 'silver_20250102_030405_012.parquet', undefined],
  ['silver', 'silver_20250102_030405_12_034.parquet', undefined],
  ['silver', 'silver_20250102_030405_12_3_4.parquet', undefined],
  ['silver', 'silver_20250102_0304_1.parquet', undefined],
  ['silver', 'silver_20250102_030405_1.parquet.tmp', undefined],
] as const)('%s/%s has %s', (sink, name, content) => {
  expect(contentOfFileName(sink, name)).toEqual(content);
});

test('files are numbered by their batches, and within these by their parts', () => {
  const files = [
    { batch: 0, part: undefined },
    { batch: 0, part: 1 },
    { batch: 7, part: 0 },
    { batch: 7, part: 99_999 },
  ];
  const numbers = files.map(fileNumber);
  expect(numbers.toSorted((a, b) => a - b)).toEqual(numbers);
  expect(numbers.map(batchOfFileNumber)).toEqual([0, 0, 7, 7]);
  expect(batchOfFileNumber(-1)).toBe(-1);
});

test('parts are files of their batch, in their order', async () => {
  await outputs.start({ 0: 0 });
  await outputs.commit(3, { 0: 5 });
  for (const end of ['2', '3_10', '3_2', '4_0', '3_0'])
    await outputs.write(`silver/silver_20250102_030405_${end}.parquet`, '');
  expect((await committedFiles(outputs.path, 'silver')).map(({ batch, part }) => [batch, part])).toEqual([
    [2, undefined],
    [3, 0],
    [3, 2],
    [3, 10],
  ]);
});
