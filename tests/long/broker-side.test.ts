import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pidOf, statusOf } from '../support/stack-status.ts';
import type { Status } from '../support/status-document.ts';
import { TestClient } from '../support/test-client.ts';
import { TestStack } from '../support/test-stack.ts';
import { until } from '../support/until.ts';
import { type VerifyResult, verifiedUpTo, verify } from '../support/verify.ts';

/**
 * One stack with a sequence of changes at its broker. Each test begins with the state that the one
 * before left.
 */
let stack: TestStack;
let client: TestClient;
beforeAll(async () => {
  stack = await TestStack.create({ MSGS_PER_SEC: '5', MAX_FILES_PER_SINK: '0' });
  client = new TestClient(stack);
  const up = await stack.run('up');
  expect(up.stderr + up.stdout).toContain('Ready after');
});
afterAll(() => stack.discard());

const records = (count: number, partition: number, name = 'record') =>
  Array.from({ length: count }, (_, index) => ({ partition, value: `${name} ${index}` }));
const total = ({ partitions }: VerifyResult) => partitions.reduce((sum, { end }) => sum + end, 0);

/** The job's message when it has ended for good, in a state that a restart cannot fix. */
async function jobFailed(): Promise<string> {
  let last: Status | undefined;
  const job = await until(
    () => `the job has not failed: ${JSON.stringify(last)}`,
    120_000,
    async () => {
      last = await statusOf(stack);
      return last.services.find(({ name, state }) => name === 'spark-streaming' && state === 'failed');
    },
  );
  expect(job.detail).toContain('exited with code 78');
  return (await stack.run('logs', ['spark-streaming', '--tail', '20'])).stdout;
}

/** Does something while the driver is paused, so that to the driver it has happened at once. */
async function whileTheDriverSleeps(work: () => Promise<void>): Promise<void> {
  const pid = await pidOf(stack, 'spark-streaming');
  process.kill(pid, 'SIGSTOP');
  try {
    await work();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

describe('the broker', () => {
  it('adds partitions: they are read from their first record', async () => {
    await client.admin((admin) =>
      admin.createPartitions({ topicPartitions: [{ topic: client.topic, count: 5 }] }),
    );
    await client.send([...records(20, 3), ...records(20, 4)]);
    const report = await verifiedUpTo(stack, total(await verify(stack)));
    expect(report).toMatchObject({ equal: true });
    for (const partition of [3, 4]) {
      const bronze = report.partitions.find((found) => found.partition === partition);
      expect(bronze).toMatchObject({ bronze: expect.toSatisfy((rows: number) => rows >= 20), missing: 0 });
    }
  });

  let kept = 0;
  it('deletes records by retention before they are read: the job ends and names them', async () => {
    await whileTheDriverSleeps(async () => {
      await client.send(records(50, 0));
      kept = (await client.endOf(0)) - 5;
      await client.deleteBefore(0, kept);
    });
    const log = await jobFailed();
    expect(log).toMatch(
      new RegExp(`error: records were removed .* offsets \\d+ to ${kept - 1} of partition 0`),
    );
    expect(log).toContain('next: `npm run reset -- --keep-topic`');
  });

  it('has lost them, and FAIL_ON_DATA_LOSS=false continues after them: verify shows them as missing', async () => {
    const up = await stack.run('up', [], { FAIL_ON_DATA_LOSS: 'false' });
    expect(up).toMatchObject({ code: 0 });
    await client.send(records(1, 0));
    const end = await client.endOf(0);
    let last: VerifyResult | undefined;
    const report = await until(
      () => `partition 0 is not read to its end: ${JSON.stringify(last)}`,
      120_000,
      async () => {
        last = await verify(stack);
        const found = last.partitions.find(({ partition }) => partition === 0);
        return found && end <= found.end - found.lag ? last : undefined;
      },
    );
    expect(report.equal).toBe(false);
    expect(new Set(report.differences.map((one) => kindOf(one)))).toEqual(
      new Set(['missing in partition 0']),
    );
    expect(report.differences.at(-1)).toMatchObject({ to: kept - 1 });
  });

  it('gets a new topic under the running job: the job ends and commits none of its records', async () => {
    await whileTheDriverSleeps(async () => {
      const ends = await Promise.all([0, 1, 2].map((partition) => client.endOf(partition)));
      await client.recreate();
      // Offsets beyond those that were read: without the check Spark would silently continue there.
      await client.send(ends.flatMap((end, partition) => records(end + 20, partition, 'of the new topic')));
    });
    const log = await jobFailed();
    expect(log).toMatch(
      /error: topic transactions was deleted and created again \(its id was \S+, now it is \S+\)/,
    );
    expect(log).toContain('`npm run reset` starts afresh');
    const sql =
      "select count(*) filter (value like 'of the new topic%') as new, count(*) as total from bronze";
    const { stdout, stderr } = await stack.run('peek', ['--json', '--sql', sql]);
    expect(stdout, stderr).not.toBe('');
    const { rows } = JSON.parse(stdout) as { rows: unknown };
    expect(rows).toEqual([{ new: 0, total: expect.toSatisfy((total: number) => total > 100) }]);
  });

  it("is given data of another cluster than ZooKeeper's: up shows the cause, and reset fixes it", async () => {
    expect(await stack.run('down')).toMatchObject({ code: 0 });
    rmSync(join(stack.runDir, 'zookeeper'), { recursive: true });
    const up = await stack.run('up');
    expect(up.stderr).toMatch(/^error: .*Invalid cluster\.id.* \[SERVICE_EXITED\]$/m);
    expect(up.stderr).toMatch(
      /^hint: `npm run reset` wipes topic, outputs and both services' data together/m,
    );
    expect(up.code).toBe(4);
    const reset = await stack.run('reset');
    expect(reset.stderr + reset.stdout).toContain('Ready after');
    expect((await verify(stack)).equal).toBe(true);
  });
});

function kindOf(difference: unknown): string {
  const { kind, partition } = difference as { kind: string; partition: number | null };
  return `${kind} in partition ${partition}`;
}
