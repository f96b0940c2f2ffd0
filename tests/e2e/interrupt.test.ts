import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processesOf } from '../support/processes-of.ts';
import { TestStack } from '../support/test-stack.ts';
import { until } from '../support/until.ts';

let stack: TestStack;
beforeEach(async () => {
  stack = await TestStack.create();
});
afterEach(() => stack.discard());

describe('a signal in the middle of up', () => {
  it.each([
    ['SIGINT', 'zookeeper'],
    ['SIGINT', 'spark-streaming'],
    ['SIGTERM', 'kafka'],
  ] as const)('%s while %s starts: exit code 130 and nothing left running', async (signal, service) => {
    const up = stack.start('up');
    await until(
      () => up.output.stderr,
      120_000,
      () => (up.output.stderr.includes(`[${service}] starting`) ? true : undefined),
    );
    up.child.kill(signal);
    const { code, stderr } = await up.result;
    expect(stderr).toContain('Interrupted. Everything it started was stopped. [INTERRUPTED]');
    expect(code).toBe(130);
    expect(processesOf(stack.folder)).toEqual([]);
  });

  it('a second up in the same folder is refused while the first is running', async () => {
    const up = stack.start('up');
    await until(
      () => up.output.stderr,
      60_000,
      () => (up.output.stderr.includes('starting') ? true : undefined),
    );
    const second = await stack.run('up');
    expect(second.stderr).toContain('[STACK_RUNNING]');
    expect(second.code).toBe(2);
    up.child.kill('SIGINT');
    expect(await up.result).toMatchObject({ code: 130 });
  });

  it('the next up recovers from an up that was killed', async () => {
    const up = stack.start('up');
    await until(
      () => up.output.stderr,
      120_000,
      () => (up.output.stderr.includes('[spark-streaming] starting') ? true : undefined),
    );
    up.child.kill('SIGKILL');
    await up.result;
    expect(await stack.run('up')).toMatchObject({ code: 0 });
  });
});
