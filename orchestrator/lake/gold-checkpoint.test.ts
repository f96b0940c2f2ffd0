import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PlantedOutputs } from '../../tests/support/planted-outputs.ts';
import { isUnread, readGoldCheckpoint } from './gold-checkpoint.ts';
import { fileNumber } from './sinks.ts';

let outputs: PlantedOutputs;

beforeEach(async () => {
  outputs = await PlantedOutputs.create();
});
afterEach(() => outputs.remove());

const read = () => readGoldCheckpoint(outputs.path, 'gold');
/** The number of silver's file of a micro-batch, or of a part of one. */
const of = (batch: number, part?: number) => fileNumber({ batch, part });
const entry = (silver: number, batchId: number) =>
  JSON.stringify({
    path: `file:/a%20b/silver/silver_20250102_030405_${silver}.parquet`,
    timestamp: 1,
    batchId,
  });

test('a query that has not begun has read nothing', async () => {
  expect(await read()).toEqual({ table: 'gold', committed: -1, planned: -1, batches: [], seen: new Map() });
});

test('committed micro-batches have their watermarks, and the files that each has read', async () => {
  await outputs.goldBatch(0, 0, [0, 1]);
  await outputs.goldBatch(1, 5000, []);
  await outputs.planGold(2, 5000, [2]);
  expect(await read()).toEqual({
    table: 'gold',
    committed: 1,
    planned: 2,
    batches: [
      { batch: 0, watermarkMs: 0, logOffset: 0 },
      { batch: 1, watermarkMs: 5000, logOffset: 0 },
    ],
    seen: new Map([
      [of(0), 0],
      [of(1), 0],
      [of(2), 1],
    ]),
  });
});

test('the parts of a micro-batch of silver are files of their own', async () => {
  await outputs.goldBatch(0, 0, ['3_0', '3_2']);
  await outputs.planGold(1, 0, ['3_1', 4]);
  const checkpoint = await read();
  expect(checkpoint.seen).toEqual(
    new Map([
      [of(3, 0), 0],
      [of(3, 2), 0],
      [of(3, 1), 1],
      [of(4), 1],
    ]),
  );
  expect([0, 1, 2].map((part) => isUnread(checkpoint, { batch: 3, part }))).toEqual([false, true, false]);
});

test('a compacted log replaces all before it, and files of other outputs are ignored', async () => {
  await outputs.goldBatch(11, 0, []);
  const log = '_chk/gold/sources/0';
  // Entries that a compaction has merged may still be there.
  await outputs.write(`${log}/8`, `v1\n${entry(99, 8)}`);
  await outputs.write(`${log}/9.compact`, ['v1', entry(3, 0), entry(7, 9)].join('\n'));
  await outputs.write(`${log}/19.compact.tmp`, 'v1');
  await outputs.write(`${log}/.9.compact.crc`, '');
  await outputs.write(
    `${log}/10`,
    `v1\n${entry(12, 10)}\n{"path":"file:/silver/x.parquet","timestamp":1,"batchId":10}`,
  );
  expect((await read()).seen).toEqual(
    new Map([
      [of(3), 0],
      [of(7), 9],
      [of(12), 10],
    ]),
  );
});

test('a damaged checkpoint is named with its file', async () => {
  await outputs.goldBatch(0, 0, [0]);
  await outputs.write('_chk/gold/offsets/0', 'v1\n{}\n{"logOffset":0}');
  await expect(read()).rejects.toThrow('_chk/gold/offsets/0 does not hold a watermark');
  await outputs.write('_chk/gold/offsets/0', 'v1\n{"batchWatermarkMs":0}\n{"transactions":{"0":5}}');
  await expect(read()).rejects.toThrow('_chk/gold/offsets/0 does not hold a watermark');
  await rm(join(outputs.path, '_chk/gold/offsets/0'));
  await expect(read()).rejects.toThrow('lacks an entry of its committed micro-batches');
  await outputs.goldBatch(0, 0, []);
  await outputs.write('_chk/gold/sources/0/0', 'v2\n');
  await expect(read()).rejects.toThrow('sources/0/0 does not hold the files');
});
