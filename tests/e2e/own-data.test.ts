import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PipelineCopy } from '../support/pipeline-copy.ts';
import { projectDir } from '../support/project.ts';
import { query } from '../support/query.ts';
import { TestStack } from '../support/test-stack.ts';

let pipeline: PipelineCopy;
let stack: TestStack;

beforeAll(async () => {
  pipeline = new PipelineCopy(join(mkdtempSync(join(tmpdir(), 'medallion-own-data-')), 'payments'));
  pipeline.change('pipeline.yml', (text) =>
    text.replace(/topic: transactions/, 'topic: payments').replace(/partitions: 3/, 'partitions: 2'),
  );
  pipeline.change('contract.odcs.yaml', (text) => text.replaceAll('transactions', 'payments'));
  pipeline.generate();
  stack = await TestStack.create({ PIPELINE: pipeline.folder, MAX_FILES_PER_SINK: '0' });
  const up = await stack.run('up', ['--no-producer']);
  expect(up.stderr + up.stdout).toContain('every query runs and waits for events');
});
afterAll(async () => {
  await stack?.discard();
  rmSync(join(pipeline.folder, '..'), { recursive: true, force: true });
});

const event = (id: string, amount: string): string =>
  `{"txn_id":"${id}","card_id":"card-1","event_ts":"2026-01-31T10:00:00Z","amount":${amount}}`;

/** `npm run produce -- --in …`, with a text on its standard input. */
async function produce(args: readonly string[], input = '') {
  const child = spawn('npm', ['run', '--silent', 'produce', '--', ...args], {
    cwd: projectDir,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...stack.environment },
  });
  child.stdin.end(input);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { code, output };
}

const bronze = (columns: string) =>
  query(`select ${columns} from read_parquet('${stack.outputPath}/bronze/*.parquet') order by value`);

describe("one's own events, in a stack without a producer", () => {
  it('is ready without any, has the topic of its pipeline, and stays so', async () => {
    const status = await stack.json<{ ready: boolean; pipeline: string; services: { name: string }[] }>(
      'status',
    );
    expect(status).toMatchObject({ ready: true, pipeline: 'payments' });
    expect(status.services.map(({ name }) => name)).not.toContain('producer');
    expect((await stack.run('up')).stdout).toContain('Already up');
  });

  it('has those of a file and of standard input, byte for byte, in silver and quarantine', async () => {
    const file = join(stack.folder, 'events.jsonl');
    const odd = Buffer.concat([
      Buffer.from(`${event('b', '1.50')}\r\n\n{broken\n`),
      Buffer.from([0xff, 0x0a]),
    ]);
    writeFileSync(file, Buffer.concat([Buffer.from(`${event('a', '12.10')}\n`), odd]));
    const sent = await produce(['--in', file]);
    expect(sent.output).toMatch(
      /topic=payments[\s\S]*read: 4 events, 2 without a key[\s\S]*acked=4 failed=0/,
    );
    expect(sent.code).toBe(0);
    const envelope = `{"key":"k","value":${event('c', '7.00')},"headers":{"trace":"é"},"timestamp":1769853600000}\n`;
    const piped = await produce(['--in', '-'], `${envelope}{"value":null}\n`);
    expect(piped.output).toMatch(/read: 2 events, 2 of them with key, headers or time of their own/);
    expect(piped.code).toBe(0);

    const deep = await stack.run('verify', ['--wait', '--deep']);
    expect(deep.stdout + deep.stderr).toContain('Equal');
    expect(deep.code).toBe(0);
    expect(await bronze('"key" as key, value')).toMatchObject([
      { key: 'card-1', value: event('a', '12.10') },
      { key: 'card-1', value: event('b', '1.50') },
      { key: 'k', value: event('c', '7.00') },
      { key: null, value: '{broken' },
      { key: null, value: '\ufffd' },
      { key: null, value: null },
    ]);
    const bytes = await query(`
      select hex(value_bytes) as bytes from read_parquet('${stack.outputPath}/bronze/*.parquet')
      where value_bytes is not null`);
    expect(bytes).toEqual([{ bytes: 'FF' }]);
    expect(
      await query(`
        select epoch_ms(kafka_ts)::varchar as ms, headers[1]."key" as name, decode(headers[1]."value") as text
        from read_parquet('${stack.outputPath}/bronze/*.parquet') where "key" = 'k'`),
    ).toEqual([{ ms: '1769853600000', name: 'trace', text: 'é' }]);
    const reasons = await query(`
      select reason, count(*)::int as records
      from read_parquet('${stack.outputPath}/quarantine/*.parquet') group by all order by all`);
    expect(reasons).toEqual([
      { reason: 'not_json_object', records: 2 },
      { reason: 'null_value', records: 1 },
    ]);
  });

  it('refuses another pipeline with the way to it, before anything changes', async () => {
    const other = await stack.run('up', [], { PIPELINE: 'transactions' });
    expect(other.stderr).toMatch(/PIPELINE=.*payments.*transactions.*\[STACK_RUNNING\]/);
    expect(other.stderr).toContain('npm run reset -- --pipeline transactions');
    expect(other.code).toBe(2);
  });

  it('refuses a pipeline whose pipeline.json is older than its files', async () => {
    pipeline.change('pipeline.yml', (text) => text.replace('partitions: 2', 'partitions: 4'));
    const stale = await stack.run('reset');
    expect(stale.stderr).toMatch(/pipeline\.json is not what the files.*\[BAD_PIPELINE\]/);
    expect(stale.stderr).toContain(`npm run generate -- ${pipeline.folder}`);
    expect(stale.code).toBe(2);
    expect(await stack.json('status')).toMatchObject({ ready: true });
  });

  it('gives way to another pipeline by `reset`, with its topic and still without a producer', async () => {
    const reset = await stack.run('reset', ['--pipeline', 'transactions']);
    expect(reset.stderr + reset.stdout).toContain('every query runs and waits for events');
    const sent = await produce(['--in', '-'], `${event('d', '1.00')}\n`);
    expect(sent.output).toMatch(/topic=transactions[\s\S]*acked=1 failed=0/);
    const report = await stack.json<{ equal: boolean }>('verify', ['--wait']);
    expect(report.equal).toBe(true);
    expect(await stack.json('status')).toMatchObject({ ready: true, pipeline: 'transactions' });
  });

  it('has a file again and again with --loop, up to the limit', async () => {
    const file = join(stack.folder, 'loop.jsonl');
    writeFileSync(file, ['e', 'f', 'g'].map((id) => `${event(id, '1.00')}\n`).join(''));
    const sent = await produce(['--in', file, '--loop', '--max-records', '10']);
    expect(sent.output).toMatch(/read: 10 events[\s\S]*acked=10 failed=0/);
    expect(sent.code).toBe(0);
  });

  it('has what stands before a line that the broker refuses for its size, and the way on', async () => {
    // More than the topic takes, also when it is compressed.
    const large = event(randomBytes(3_000_000).toString('base64'), '1.00');
    const sent = await produce(['--in', '-'], `${event('h', '1.00')}\n${large}\n`);
    expect(sent.output).toMatch(/error: .*refused 1 records.*MESSAGE_TOO_LARGE/);
    expect(sent.output).toMatch(/hint: .*max\.message\.bytes/);
    expect(sent.output).toMatch(/acked=1 failed=1/);
    expect(sent.code).toBe(4);
  });
});
