import { copyFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PlantedOutputs, rowsOf } from '../../tests/support/planted-outputs.ts';
import { transactions } from '../../tests/support/transactions.ts';
import type { SinkName } from '../lake/sinks.ts';
import { verifyOutputs } from './verify-outputs.ts';

const BATCHES = 24;
const PER_BATCH = 20;
const SINKS = ['bronze', 'silver', 'raw_csv'] as const satisfies readonly SinkName[];

let outputs: PlantedOutputs;

beforeEach(async () => {
  outputs = await PlantedOutputs.create();
  await outputs.start({ 0: 0 });
  for (let batch = 0; batch < BATCHES; batch++) {
    await outputs.commit(batch, { 0: (batch + 1) * PER_BATCH });
    await outputs.batch(batch, rowsOf(0, batch * PER_BATCH, (batch + 1) * PER_BATCH));
  }
});
afterEach(() => outputs.remove());

const verify = () => {
  const partitions = [{ partition: 0, beginOffset: 0, endOffset: BATCHES * PER_BATCH }];
  return verifyOutputs({
    outputPath: outputs.path,
    pipeline: transactions,
    topic: { name: 'transactions', partitions },
  });
};

/** Runs one verification after another until the work ends. */
async function verifyDuring(work: () => Promise<void>) {
  let done = false;
  const finished = work().finally(() => {
    done = true;
  });
  const reports: Awaited<ReturnType<typeof verify>>[] = [];
  while (!done) reports.push(await verify());
  await finished;
  return reports;
}

/** Prunes as the job does: per sink the ledger, then the file. */
async function prune(batch: number): Promise<void> {
  for (const sink of SINKS) {
    await outputs.ledger(sink, batch, { 0: (batch + 1) * PER_BATCH }, batch + 1);
    await rm(outputs.fileOf(sink, batch));
  }
}

test('pruning while files are read leaves no false difference', async () => {
  const reports = await verifyDuring(async () => {
    for (let batch = 0; batch < BATCHES - 2; batch++) {
      await prune(batch);
      // Lets a verification run between two files, at another point each time.
      await verify();
    }
  });
  expect(reports.length).toBeGreaterThan(5);
  expect(reports.flatMap(({ differences }) => differences)).toEqual([]);
  expect((await verify()).counts).toMatchObject({ bronze: 40, silver: 40, raw_csv: 40 });
});

test('files replaced by the same content while they are read leave no false difference', async () => {
  const reports = await verifyDuring(async () => {
    for (let round = 0; round < 40; round++) {
      for (const sink of SINKS) {
        const file = outputs.fileOf(sink, round % BATCHES);
        await copyFile(file, `${file}.new`);
        await rename(`${file}.new`, file);
      }
      if (round % 10 === 0) await verify();
    }
  });
  expect(reports.length).toBeGreaterThan(0);
  expect(reports.flatMap(({ differences }) => differences)).toEqual([]);
});

test('a ledger that is being replaced is read from its draft', async () => {
  await prune(0);
  const ledger = join(outputs.path, '_chk/_pruned/bronze.json');
  await rename(ledger, `${ledger}.new`);
  expect(await verify()).toMatchObject({ equal: true });
  await writeFile(`${ledger}.new`, '{"sink":"bro');
  expect((await verify()).differences).toContainEqual(
    expect.objectContaining({ kind: 'missing', sink: 'bronze', from: 0, to: 19 }),
  );
});

test('a file that vanishes while files are read, and that no ledger covers, is a difference', async () => {
  const reports = await verifyDuring(async () => {
    for (const batch of [3, 4, 5]) await rm(outputs.fileOf('bronze', batch));
  });
  expect(reports.length).toBeGreaterThan(0);
  expect((await verify()).differences).toContainEqual(
    expect.objectContaining({ kind: 'missing', sink: 'bronze', from: 60, to: 119 }),
  );
});
