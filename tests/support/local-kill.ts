import { expect } from 'vitest';
import { pidOf, recovered } from './stack-status.ts';
import type { TestStack } from './test-stack.ts';
import { verifiedUpTo, verify } from './verify.ts';

/**
 * Kills the process of a service, and expects that the supervisor starts it again, that data goes
 * on, and that nothing is lost or doubled.
 */
export async function comesBackAfterKill9(stack: TestStack, service: string): Promise<void> {
  const before = await verify(stack);
  const pid = await pidOf(stack, service);
  process.kill(pid, 'SIGKILL');
  const after = await recovered(stack, service, pid);
  expect(after.services.find(({ name }) => name === service)?.restarts).toBeGreaterThan(0);
  const sent = before.partitions.reduce((sum, { end }) => sum + end, 0);
  const report = await verifiedUpTo(stack, sent + 1000);
  expect(report).toMatchObject({ equal: true, differenceCount: 0 });
}
