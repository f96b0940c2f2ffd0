import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectDir } from '../support/project.ts';
import { query } from '../support/query.ts';
import { pidOf, recovered } from '../support/stack-status.ts';
import { TestStack } from '../support/test-stack.ts';
import { until } from '../support/until.ts';
import { verifiedUpTo } from '../support/verify.ts';

/** More than the maximum of one part of a micro-batch. */
const BACKLOG = 250_000;
const SINKS = ['bronze', 'silver', 'quarantine', 'raw_csv'] as const;
const SINGLE = /_\d{8}_\d{6}_\d+\.\w+$/;
const PART = /_\d{8}_\d{6}_(\d+)_\d+\.\w+$/;

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.started({
    KAFKA_TOPIC: 'parallel-test',
    MSGS_PER_SEC: '50',
    SCENARIO: 'messy',
    MAX_FILES_PER_SINK: '0',
  });
  expect((await stack.run('down')).code).toBe(0);
  const again = await stack.run('up', [], { SINK_FILES: 'parallel' });
  expect(again.stderr + again.stdout).toContain('Ready after');
});
afterAll(() => stack?.discard());

const names = (sink: string): readonly string[] => readdirSync(join(stack.outputPath, sink));

/** The parts of each micro-batch for which a sink has any. */
function partsByBatch(sink: string): ReadonlyMap<string, number> {
  const batches = names(sink).flatMap((name) => PART.exec(name)?.[1] ?? []);
  return new Map(
    batches.map((batch): [string, number] => [batch, batches.filter((one) => one === batch).length]),
  );
}

async function produce(seed: number): Promise<void> {
  const flags = [
    ...['--msgs-per-sec', '0', '--max-records', String(BACKLOG), '--scenario', 'messy'],
    ...['--seed', String(seed), '--events-per-sec', '200'],
  ];
  await execa('node', ['bootstrap.mjs', '--exec', 'tsx', 'orchestrator/produce-main.ts', ...flags], {
    cwd: projectDir,
    env: {
      KAFKA_BOOTSTRAP_SERVERS: `localhost:${stack.ports.KAFKA_PORT}`,
      KAFKA_TOPIC: 'parallel-test',
    },
  });
}

/** Bytes that a process has read and written so far, on files, sockets and pipes. */
function bytesMoved(pid: number): number {
  const counts = readFileSync(`/proc/${pid}/io`, 'utf8');
  return ['rchar', 'wchar'].reduce(
    (sum, name) => sum + Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(counts)?.[1]),
    0,
  );
}

const bytesOfOutputs = (): number =>
  SINKS.flatMap((sink) =>
    names(sink).map((name) => statSync(join(stack.outputPath, sink, name)).size),
  ).reduce((sum, size) => sum + size, 0);

async function deepVerified(): Promise<void> {
  const deep = await stack.run('verify', ['--deep', '--wait']);
  expect(deep.stdout + deep.stderr).toContain('Equal');
  expect(deep.code).toBe(0);
}

describe.runIf(process.platform === 'linux')('SINK_FILES=parallel on outputs of single files', () => {
  it('divides a large micro-batch into parts, whose data the driver does not touch', async () => {
    const driver = await pidOf(stack, 'spark-streaming');
    const before = { moved: bytesMoved(driver), outputs: bytesOfOutputs() };
    await produce(1);
    await verifiedUpTo(stack, BACKLOG);
    const moved = bytesMoved(driver) - before.moved;
    const made = bytesOfOutputs() - before.outputs;
    expect(await pidOf(stack, 'spark-streaming')).toBe(driver);
    // Joining files would read and write each byte. A footer, a plan and a commit are small.
    expect(moved, `bytes that the driver has moved while ${made} were made`).toBeLessThan(made / 2);
    for (const sink of SINKS) {
      expect(Math.max(...partsByBatch(sink).values())).toBeGreaterThan(1);
      // Files from before the setting was changed.
      expect(names(sink).some((name) => SINGLE.test(name) && !PART.test(name))).toBe(true);
    }
    await deepVerified();
  });

  it('is complete when the driver is killed while it renames the parts of a micro-batch', async () => {
    const driver = await pidOf(stack, 'spark-streaming');
    const known = new Set(partsByBatch('silver').keys());
    const sent = produce(2);
    await until(
      () => 'no micro-batch with a part has come',
      120_000,
      () => [...partsByBatch('bronze').keys()].some((batch) => !known.has(batch)) || undefined,
    );
    process.kill(driver, 'SIGKILL');
    await recovered(stack, 'spark-streaming', driver);
    await sent;
    await verifiedUpTo(stack, 2 * BACKLOG);
    await deepVerified();
  });

  it('is read by peek, status and a reader of the folder', async () => {
    const status = await stack.json<{ readonly ready: boolean }>('status');
    expect(status).toMatchObject({ ready: true });
    expect((await stack.run('peek')).stdout).toMatch(/silver +[1-9]/);
    const [row] = await query(`
      select (select count(*)::int from read_parquet('${stack.outputPath}/silver/*.parquet')) as silver,
        (select count(*)::int from read_csv('${stack.outputPath}/raw_csv/*.csv', header = true, all_varchar = true)) as lines,
        (select count(*)::int from read_parquet('${stack.outputPath}/gold/*.parquet')) as windows`);
    expect(Number(row?.['silver'])).toBeGreaterThan(BACKLOG);
    expect(Number(row?.['windows'])).toBeGreaterThan(0);
  });
});
