import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pidOf, recovered } from '../support/stack-status.ts';
import { TestStack } from '../support/test-stack.ts';
import { verifiedUpTo, verify } from '../support/verify.ts';

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.create({ MSGS_PER_SEC: '200', MAX_FILES_PER_SINK: '0' });
  const up = await stack.run('up');
  expect(up.stderr + up.stdout).toContain('Ready after');
});
afterAll(() => stack.discard());

describe('kill -9 under 200 records/s', () => {
  it.each(['spark-streaming', 'spark-worker', 'kafka', 'zookeeper', 'producer', 'spark-master'])(
    'of %s: it comes back by itself, data goes on, nothing is lost or doubled',
    async (service) => {
      const before = await verify(stack);
      const pid = await pidOf(stack, service);
      process.kill(pid, 'SIGKILL');
      const after = await recovered(stack, service, pid);
      expect(after.services.find(({ name }) => name === service)?.restarts).toBeGreaterThan(0);
      const sent = before.partitions.reduce((sum, { end }) => sum + end, 0);
      const report = await verifiedUpTo(stack, sent + 1000);
      expect(report).toMatchObject({ equal: true, differenceCount: 0 });
    },
  );
});
