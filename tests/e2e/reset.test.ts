import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { query } from '../support/query.ts';
import { TestStack } from '../support/test-stack.ts';
import { verifiedUpTo, verify } from '../support/verify.ts';

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.create({ MSGS_PER_SEC: '100', MAX_FILES_PER_SINK: '0' });
  const up = await stack.run('up');
  expect(up.stderr + up.stdout).toContain('Ready after');
});
afterAll(() => stack.discard());

/** Every column of silver except the batch's own: reprocessing must give the same values. */
const silverRows = (upTo: readonly { partition: number; end: number }[]) =>
  query(`
    select * from read_parquet('${stack.outputPath}/silver/*.parquet')
    where ${upTo.map(({ partition, end }) => `("partition" = ${partition} and "offset" < ${end})`).join(' or ')}
    order by "partition", "offset"`);

/** How many records the topic has. */
const recordCount = async () => (await verify(stack)).partitions.reduce((sum, { end }) => sum + end, 0);

describe('flags in front of `--`, which npm keeps,', () => {
  it('are refused with the right spelling, and nothing is done', async () => {
    await verifiedUpTo(stack, 100);
    const before = await stack.json<{ services: { name: string; pid?: number }[] }>('status');
    const refused = await stack.npm(['reset', '--keep-topic', '--no-up']);
    expect(refused.stderr).toMatch(/`npm run reset -- --keep-topic( --no-up)?`/);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(await recordCount()).toBeGreaterThanOrEqual(100);
    const after = await stack.json<typeof before>('status');
    expect(after.services.map(({ pid }) => pid)).toEqual(before.services.map(({ pid }) => pid));
  });

  it('send nothing where `produce --dry-run` was meant', async () => {
    const topic = {
      KAFKA_BOOTSTRAP_SERVERS: `localhost:${stack.ports.KAFKA_PORT}`,
      KAFKA_TOPIC: 'untouched',
    };
    const refused = await stack.npm(['produce', '--dry-run', '--max-records=3'], topic);
    expect(refused.stderr).toContain('`npm run produce -- --dry-run --max-records=3`');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('reset', () => {
  it('with --keep-topic processes the whole topic again to the same silver rows', async () => {
    const { partitions } = await verifiedUpTo(stack, 500);
    await verifiedUpTo(
      stack,
      partitions.reduce((sum, { end }) => sum + end, 0),
    );
    const before = await silverRows(partitions);
    expect(before.length).toBeGreaterThan(400);
    const reset = await stack.run('reset', ['--keep-topic']);
    expect(reset.stderr + reset.stdout).toContain('Ready after');
    await verifiedUpTo(
      stack,
      partitions.reduce((sum, { end }) => sum + end, 0),
    );
    expect(await silverRows(partitions)).toEqual(before);
  });

  it('wipes topic, checkpoints and outputs together and comes up again', async () => {
    const before = (await verify(stack)).partitions.reduce((sum, { end }) => sum + end, 0);
    // One document for everything that the command did.
    const reset = await stack.json<{ stopped: string[]; wiped: string[] }>('reset');
    expect(reset).toMatchObject({
      keptTopic: false,
      ready: true,
      runtime: 'local',
      outputPath: stack.outputPath,
    });
    expect(reset.stopped).toContain('kafka');
    expect(reset.wiped.join()).toContain('files in bronze');
    const after = await verify(stack);
    expect(after.equal).toBe(true);
    expect(after.partitions.reduce((sum, { end }) => sum + end, 0)).toBeLessThan(before);
  });

  it('with --no-up leaves neither processes nor data, and what is not of the stack', async () => {
    const reset = await stack.json<{ stopped: string[] }>('reset', ['--no-up']);
    expect(reset).toMatchObject({ runtime: 'local', keptTopic: false, wiped: expect.any(Array) });
    expect(reset.stopped).toContain('kafka');
    expect(reset).not.toHaveProperty('ready');
    const left = existsSync(stack.outputPath) ? readdirSync(stack.outputPath) : [];
    expect(left).toEqual([]);
    for (const folder of ['kafka', 'zookeeper']) {
      const path = join(stack.runDir, folder);
      expect(existsSync(path) ? readdirSync(path) : []).toEqual([]);
    }
    expect((await stack.run('status')).stdout).toContain('stopped');
  });
});
