import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PlantedOutputs } from '../../tests/support/planted-outputs.ts';
import { projectDir } from '../../tests/support/project.ts';
import { loadPipeline } from '../pipeline/load-pipeline.ts';
import { peekGold, peekRejected } from './peek-newest.ts';

const pipeline = loadPipeline('transactions', projectDir);
const [table] = pipeline.gold;
if (!table) throw new Error('the default pipeline has a gold table');
const START = Date.UTC(2026, 0, 1, 10);
const MINUTE = 60_000;

let outputs: PlantedOutputs;
beforeEach(async () => {
  outputs = await PlantedOutputs.create();
});
afterEach(() => outputs.remove());

/** A file of gold: one window, with a row for each group; the first groups have most. */
async function goldFile(batch: number, groups: number): Promise<void> {
  await outputs.goldBatch(batch, START + batch * MINUTE, [batch]);
  await outputs.parquet(
    outputs.fileOf('gold', batch),
    `SELECT 'card_' || g AS card_id, to_timestamp(${(START + batch * MINUTE) / 1000}) AS window_start,
      to_timestamp(${(START + (batch + 1) * MINUTE) / 1000}) AS window_end, (${groups} - g)::BIGINT AS txn_count,
      1::DECIMAL(28,2) AS sum_amount, 1::DECIMAL(22,6) AS avg_amount, 1::DECIMAL(18,2) AS max_amount
    FROM range(${groups}) r(g)`,
  );
}

describe('the newest windows of gold', () => {
  it('have the most active of 5,000 groups', async () => {
    for (const batch of [0, 1, 2]) await goldFile(batch, 5000);
    const { newest } = await peekGold({ outputPath: outputs.path, pipeline }, table);
    expect(newest).toMatchObject({ windows: 3, groupCount: 5000, counted: 'txn_count' });
    expect(newest?.groups.map(({ keys, counts }) => [keys, counts]).slice(0, 2)).toEqual([
      [['card_0'], [5000, 5000, 5000]],
      [['card_1'], [4999, 4999, 4999]],
    ]);
    expect(newest?.groups).toHaveLength(8);
  });

  it('are read from the newest files alone', async () => {
    for (let batch = 0; batch < 60; batch++) await goldFile(batch, 2);
    // An older one is not opened.
    await outputs.write('gold/gold_20250102_030405_0.parquet', 'this is no Parquet');
    const { newest } = await peekGold({ outputPath: outputs.path, pipeline }, table);
    expect(newest).toMatchObject({ windows: 30, to: '2026-01-01T10:59:00Z' });
  });

  it('are none before the first is closed', async () => {
    expect((await peekGold({ outputPath: outputs.path, pipeline }, table)).newest).toBeNull();
  });
});

it('an example of each reason is the newest one of committed micro-batches', async () => {
  await outputs.commit(0, { 0: 2 });
  await outputs.quarantine(0, [
    { partition: 0, offset: 0 },
    { partition: 0, offset: 1 },
  ]);
  await outputs.quarantine(1, [{ partition: 0, offset: 2 }]);
  const found = await peekRejected({ outputPath: outputs.path, pipeline });
  expect(found).toMatchObject([{ rows: 2, partition: 0, offset: 1 }]);
});
