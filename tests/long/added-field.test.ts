import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PipelineCopy } from '../support/pipeline-copy.ts';
import { query } from '../support/query.ts';
import { TestClient } from '../support/test-client.ts';
import { TestStack } from '../support/test-stack.ts';
import { until } from '../support/until.ts';

const MINUTE_MS = 60_000;
const TOPIC = 'added-field';
/** A field that events had before the pipeline knew it. It is a column of raw_csv, too. */
const LATER_FIELD = `
      - name: score
        logicalType: integer
`;

let pipeline: PipelineCopy;
let stack: TestStack;

beforeAll(async () => {
  pipeline = new PipelineCopy(mkdtempSync(join(tmpdir(), 'medallion-pipeline-')));
  pipeline.generate();
  stack = await TestStack.started({
    ...{ PIPELINE: pipeline.folder, KAFKA_TOPIC: TOPIC, MSGS_PER_SEC: '5' },
    // Keeps silver's files from before a change of the pipeline, however slow the machine is.
    MAX_FILES_PER_SINK: '0',
  });
});
afterAll(async () => {
  await stack?.discard();
  rmSync(pipeline.folder, { recursive: true, force: true });
});

const event = (index: number, timeMs: number) => ({
  txn_id: `own-${index}`,
  card_id: `own-card-${index % 3}`,
  event_ts: new Date(timeMs).toISOString(),
  amount: index / 4,
});

const send = (values: readonly string[]) =>
  new TestClient(stack, TOPIC).sendBatch(values.map((value) => ({ key: 'own', value })));

describe('a copy of the default pipeline', () => {
  it('continues with the same outputs when a field is added that events already had', async () => {
    const begin = Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS + 40 * MINUTE_MS;
    const scored = (index: number, score: unknown, minutes = 0) =>
      JSON.stringify({ ...event(index, begin + minutes * MINUTE_MS), score });
    await send([scored(10_000, 5), scored(10_001, 'no number')]);
    const before = await stack.run('verify', ['--deep', '--wait']);
    expect(before.stdout + before.stderr).toContain('Equal');
    expect(await stack.run('down')).toMatchObject({ code: 0 });

    pipeline.change('contract.odcs.yaml', (text) => `${text.trimEnd()}\n${LATER_FIELD}`);
    pipeline.change('pipeline.yml', (text) => text.replace('      lon,\n', '      score,\n      lon,\n'));
    pipeline.generate();
    const up = await stack.run('up');
    expect(up.stderr + up.stdout).toContain('Ready after');
    await send([scored(10_002, 6), scored(10_003, 'no number'), scored(10_004, 7, 30)]);
    const deep = await stack.run('verify', ['--deep', '--wait']);
    expect(deep.stdout + deep.stderr).toContain('Equal');
    expect(deep.code).toBe(0);

    const silver = await query(`
      select txn_id, score::int as score
      from read_parquet('${stack.outputPath}/silver/*.parquet', union_by_name = true)
      where txn_id between 'own-10000' and 'own-10004' order by txn_id`);
    expect(silver).toEqual([
      { txn_id: 'own-10000', score: null },
      { txn_id: 'own-10001', score: null },
      { txn_id: 'own-10002', score: 6 },
      { txn_id: 'own-10004', score: 7 },
    ]);
    // A score that is no number was not an error when it was read, so gold has that event.
    const events = await until(
      () => 'the window of the scores is not in gold',
      MINUTE_MS,
      async () => {
        const [row] = await query(`
        select sum(txn_count)::int as events from read_parquet('${stack.outputPath}/gold/*.parquet')
        where card_id like 'own-card-%' and epoch_ms(window_start) = ${begin}`);
        return row?.['events'] ?? undefined;
      },
    );
    expect(events).toBe(3);
    const again = await stack.run('verify', ['--deep']);
    expect(again.stdout + again.stderr).toContain('Equal');
    expect(again.code).toBe(0);
  });
});
