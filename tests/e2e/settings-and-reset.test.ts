import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { parquetFiles } from '../support/parquet-files.ts';
import { query } from '../support/query.ts';
import { TestStack } from '../support/test-stack.ts';
import { verifiedUpTo, verify } from '../support/verify.ts';

let stack: TestStack;
let elsewhere: string;
let kafkaPort: string;

/** The environment contradicts throughout what flags said once. */
beforeAll(async () => {
  stack = await TestStack.create({ MSGS_PER_SEC: '100', MAX_FILES_PER_SINK: '0' });
  elsewhere = join(stack.folder, 'elsewhere');
  kafkaPort = String((await freePorts(1))[0]);
  const up = await stack.run('up', ['--kafka-port', kafkaPort, '--output-dir', elsewhere]);
  expect(up.stderr + up.stdout).toContain('Ready after');
});
afterAll(() => stack.discard());

const record = () => readFileSync(join(stack.runDir, 'stack.json'), 'utf8');
const upTo = (records: number) => verifiedUpTo(stack, records, { outputPath: join(elsewhere, 'parquet') });
const filesIn = (sink: string) => parquetFiles(join(elsewhere, 'parquet'), sink);

/** Every column of silver except the batch's own: reprocessing must give the same values. */
const silverRows = (upTo: readonly { partition: number; end: number }[]) =>
  query(`
    select * from read_parquet('${elsewhere}/parquet/silver/*.parquet')
    where ${upTo.map(({ partition, end }) => `("partition" = ${partition} and "offset" < ${end})`).join(' or ')}
    order by "partition", "offset"`);

/** How many records the topic has. */
const recordCount = async () => (await verify(stack)).partitions.reduce((sum, { end }) => sum + end, 0);
const outputsByDefault = () => existsSync(stack.outputPath);

describe('commands without the flags of `up`', () => {
  it('act on the stack that it started, and say what the environment says otherwise', async () => {
    const status = await stack.run('status');
    expect(status.stdout).toMatch(/^ready, runtime local/);
    expect(status.stderr).toContain(
      `KAFKA_PORT=${kafkaPort} (the environment has ${stack.ports.KAFKA_PORT})`,
    );
    expect(status.stderr).toContain(`OUTPUT_DIR=${elsewhere} (the environment has `);
    expect(await upTo(100)).toMatchObject({ equal: true });
    expect((await stack.run('peek')).stdout).toMatch(/silver +[1-9]/);
    const again = await stack.run('up');
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout).toContain('Already up');
  });

  it('print one JSON document alone, the notes on standard error', async () => {
    const { stdout, stderr } = await stack.run('status', ['--json']);
    expect(JSON.parse(stdout)).toMatchObject({ ready: true });
    const events = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; text: string });
    expect(events.some(({ type, text }) => type === 'warning' && text.includes('KAFKA_PORT'))).toBe(true);
  });

  it('send to it', async () => {
    const before = await upTo(100);
    const produced = await stack.npm(['produce', '--', '--max-records', '40', '--msgs-per-sec', '0']);
    expect(produced.stdout + produced.stderr).toContain('acked=40');
    expect(before.partitions).toHaveLength(3);
  });
});

describe('a flag that asks the running stack for something else', () => {
  // `verify` may read outputs other than the stack's.
  it.each([
    ['up', true],
    ['verify', false],
    ['reset', true],
  ])('is refused by %s, by name and at once', async (command, changesOutputs) => {
    const before = record();
    const refused = await stack.run(command, ['--kafka-port', '9', '--output-dir', stack.folder]);
    expect(refused.stderr).toMatch(/KAFKA_PORT=\d+.*--kafka-port=9.*\[STACK_RUNNING\]/);
    expect(refused.stderr.includes(`OUTPUT_DIR=${elsewhere}`)).toBe(changesOutputs);
    expect(refused.stderr).toContain('npm run down');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(record()).toBe(before);
  });

  it('leaves it ready', async () => {
    expect(await stack.json('status')).toMatchObject({ ready: true });
  });
});

describe('flags in front of `--`, which npm keeps,', () => {
  it('are refused with the right spelling, and nothing is done', async () => {
    await upTo(100);
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
      KAFKA_BOOTSTRAP_SERVERS: `localhost:${kafkaPort}`,
      KAFKA_TOPIC: 'untouched',
    };
    const refused = await stack.npm(['produce', '--dry-run', '--max-records=3'], topic);
    expect(refused.stderr).toContain('`npm run produce -- --dry-run --max-records=3`');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('another cluster', () => {
  it.each([
    [['up'], { KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:1' }],
    [['verify', '--kafka-bootstrap-servers=127.0.0.1:1'], {}],
  ])('is refused by %j %j with the reason', async ([command = '', ...args], environment) => {
    const refused = await stack.run(command, args, environment);
    expect(refused.stderr).toMatch(
      /KAFKA_BOOTSTRAP_SERVERS="127\.0\.0\.1:1".*not supported yet.*\[BAD_SETTING\]/,
    );
    expect(refused).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('the data', () => {
  const odd = { SEED: 'abc', ZOOKEEPER_PORT: 'tcp://10.0.0.1:2181', LATE_RATE: '2' };
  let records = 0;

  it('are made again by `reset --keep-topic`: the whole topic gives the same silver rows', async () => {
    const { partitions } = await upTo(500);
    await upTo(partitions.reduce((sum, { end }) => sum + end, 0));
    const before = await silverRows(partitions);
    expect(before.length).toBeGreaterThan(400);
    const reset = await stack.run('reset', ['--keep-topic']);
    expect(reset.stderr + reset.stdout).toContain('Ready after');
    await upTo(partitions.reduce((sum, { end }) => sum + end, 0));
    expect(await silverRows(partitions)).toEqual(before);
    records = await recordCount();
  });

  it('are stopped, inspected and read from a shell with bad values', async () => {
    expect(await stack.run('logs', ['producer', '--tail', '1'], odd)).toMatchObject({ code: 0 });
    const down = await stack.run('down', [], odd);
    expect(down.stdout).toContain('Stopped');
    expect(down).toMatchObject({ code: 0 });
    expect((await stack.run('peek')).stdout).toMatch(/silver +[1-9]/);
    expect((await stack.run('status', [], odd)).stderr).toContain('SEED="abc"');
    expect((await stack.run('up', [], odd)).stderr).toMatch(/LATE_RATE="2".*\[BAD_SETTING\]/);
  });

  it('are wiped where they are, and `reset` starts with what `up` received', async () => {
    const before = new Set(filesIn('silver'));
    expect(before.size).toBeGreaterThan(0);
    // One document for everything that the command did.
    const reset = await stack.run('reset', ['--json'], { KAFKA_PORT: '' });
    const done = JSON.parse(reset.stdout);
    expect(done).toMatchObject({
      keptTopic: false,
      ready: true,
      runtime: 'local',
      outputPath: join(elsewhere, 'parquet'),
    });
    expect(done.wiped.join()).toContain('files in bronze');
    expect(filesIn('silver').some((name) => before.has(name))).toBe(false);
    expect(outputsByDefault()).toBe(false);
    const status = await stack.run('status', ['--json']);
    expect(JSON.parse(status.stdout)).toMatchObject({ ready: true });
    expect(JSON.parse(record())).toMatchObject({
      settings: { KAFKA_PORT: kafkaPort, OUTPUT_DIR: elsewhere },
    });
    const after = await upTo(50);
    expect(after).toMatchObject({ equal: true });
    expect(after.partitions.reduce((sum, { end }) => sum + end, 0)).toBeLessThan(records);
  });

  it('are gone for good with `reset --no-up`, and the record with them', async () => {
    const reset = await stack.run('reset', ['--no-up', '--json']);
    expect(reset).toMatchObject({ code: 0 });
    const done = JSON.parse(reset.stdout);
    expect(done).toMatchObject({ runtime: 'local', keptTopic: false, wiped: expect.any(Array) });
    expect(done.stopped).toContain('kafka');
    expect(done).not.toHaveProperty('ready');
    const outputs = join(elsewhere, 'parquet');
    expect(existsSync(outputs) ? readdirSync(outputs) : []).toEqual([]);
    for (const folder of ['kafka', 'zookeeper']) {
      const path = join(stack.runDir, folder);
      expect(existsSync(path) ? readdirSync(path) : []).toEqual([]);
    }
    expect(existsSync(join(stack.runDir, 'stack.json'))).toBe(false);
    expect((await stack.run('status')).stdout).toContain('stopped');
  });
});
