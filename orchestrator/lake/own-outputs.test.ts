import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPipeline } from '../pipeline/load-pipeline.ts';
import type { Pipeline } from '../pipeline/model.ts';
import { assertOwnOutputs } from './own-outputs.ts';

const projectDir = join(import.meta.dirname, '../..');
const transactions = loadPipeline('transactions', projectDir);
const readings = loadPipeline('./data/fixtures/pipelines/readings', projectDir);
let outputs: string;
beforeAll(() => {
  outputs = mkdtempSync(join(tmpdir(), 'own-outputs-'));
  mkdirSync(join(outputs, '_chk'));
  copyFileSync(
    join(projectDir, 'pipelines/transactions/pipeline.json'),
    join(outputs, '_chk/_pipeline.json'),
  );
  const source = { topic: 'transactions', topic_id: 'i', starting_offsets: { '0': 0 }, query_started: true };
  writeFileSync(join(outputs, '_chk/_source.json'), JSON.stringify(source));
});
afterAll(() => rmSync(outputs, { recursive: true }));

const start = (pipeline: Pipeline, setting = pipeline.name, topic = pipeline.source.topic) => ({
  pipeline,
  setting,
  topic,
});

describe('outputs before a start', () => {
  it('fit the pipeline that made them, one that only adds, and any where there are none', async () => {
    const [gold] = transactions.gold;
    const added = { ...transactions, gold: [...transactions.gold, { ...gold, name: 'more' } as never] };
    await expect(assertOwnOutputs(outputs, start(transactions))).resolves.toBeUndefined();
    await expect(assertOwnOutputs(outputs, start(added))).resolves.toBeUndefined();
    await expect(assertOwnOutputs(join(outputs, 'none'), start(readings))).resolves.toBeUndefined();
    await expect(assertOwnOutputs('s3a://bucket/x', start(readings))).resolves.toBeUndefined();
  });

  it('are not given to another pipeline: what differs, and the two ways on', async () => {
    await expect(assertOwnOutputs(outputs, start(readings, './readings'))).rejects.toMatchObject({
      code: 'OTHER_PIPELINE',
      exitCode: 2,
      message: expect.stringMatching(
        /were made by the pipeline transactions, and PIPELINE=\.\/readings makes others: .*; and \d+ more\.$/,
      ),
      hint: expect.stringContaining('npm run reset -- --pipeline ./readings'),
    });
    const changed = { ...transactions, unknownFields: 'quarantine' } as const;
    await expect(assertOwnOutputs(outputs, start(changed))).rejects.toMatchObject({
      message: expect.stringContaining('as it was before: unknown_fields was ignore, and is quarantine'),
      hint: expect.stringContaining('npm run reset -- --keep-topic'),
    });
  });

  it('are not continued from another topic', async () => {
    await expect(
      assertOwnOutputs(outputs, start(transactions, 'transactions', 'other')),
    ).rejects.toMatchObject({
      code: 'OTHER_PIPELINE',
      message: expect.stringMatching(/were made from the topic transactions, and this start reads other\.$/),
      hint: expect.stringContaining('KAFKA_TOPIC=transactions continues'),
    });
  });
});
