import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { comesBackAfterKill9 } from '../support/local-kill.ts';
import { pidOf, recovered } from '../support/stack-status.ts';
import { TestStack } from '../support/test-stack.ts';
import { verifiedUpTo, verify } from '../support/verify.ts';

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.started({ MSGS_PER_SEC: '200', MAX_FILES_PER_SINK: '0' });
});
afterAll(() => stack?.discard());

describe('kill -9 under 200 records/s', () => {
  it.each(['zookeeper', 'producer', 'spark-master'])(
    'of %s: it comes back by itself, data goes on, nothing is lost or doubled',
    async (service) => comesBackAfterKill9(stack, service),
  );

  it('of a master that then has lost its state: the job ends by itself, and starts again', async () => {
    const before = await verify(stack);
    const [job, master] = [await pidOf(stack, 'spark-streaming'), await pidOf(stack, 'spark-master')];
    // The files by which it would recognise its worker and application.
    rmSync(join(stack.runDir, 'spark-master'), { recursive: true });
    process.kill(master, 'SIGKILL');
    await recovered(stack, 'spark-streaming', job);
    expect(readFileSync(join(stack.runDir, 'logs/spark-streaming.log'), 'utf8')).toContain(
      'there has been no executor and no answer of the Spark master',
    );
    const sent = before.partitions.reduce((sum, { end }) => sum + end, 0);
    expect(await verifiedUpTo(stack, sent + 1000)).toMatchObject({ equal: true, differenceCount: 0 });
  });
});
