import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LightStack, look } from '../../../tests/support/light-stack.ts';
import { DRIVER_APPLICATION, EXECUTOR_MAIN_CLASS, NothingToBreak } from '../faults.ts';
import { canLimitFileSize, fileSizeLimit } from './local-faults.ts';
import type { LocalRuntime } from './local-runtime.ts';

const unable = await canLimitFileSize();
const never = new AbortController().signal;
/** A worker that starts an executor of that name and keeps running. */
const WORKER = `sh -c 'while :; do sleep 1; done' ${EXECUTOR_MAIN_CLASS} & echo "executor $!"; while :; do sleep 1; done`;
/** A driver whose application has begun. */
const DRIVER = `sh -c 'while :; do sleep 1; done' ${DRIVER_APPLICATION} & echo begun; while :; do sleep 1; done`;

let stack: LightStack;
let runtime: LocalRuntime;
beforeEach(async () => {
  stack = await LightStack.create({ scripts: { 'spark-worker': WORKER, 'spark-streaming': DRIVER } });
  runtime = stack.runtime();
});
afterEach(async () => {
  await runtime.close();
  await stack.dispose();
});

/** R, S, T …: the state of proc(5). */
const stateOf = (pid: number) => /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];

async function executorPid(): Promise<number> {
  await runtime.start('spark-worker', never);
  const lines = () => look(runtime, 'spark-worker').then(({ recentLines }) => recentLines.join('\n'));
  await expect.poll(lines).toMatch(/executor \d+/);
  return Number(/executor (\d+)/.exec(await lines())?.[1]);
}

describe.skipIf(process.platform !== 'linux')('faults of the local runtime', () => {
  it('a pause halts a process until it is reverted, once or repeatedly', async () => {
    await runtime.start('kafka', never);
    const pid = stack.pidOf('kafka');
    const held = await runtime.faults().pause('broker');
    expect(held.on).toBe(`process ${pid}`);
    await expect.poll(() => stateOf(pid)).toBe('T');
    await held.revert();
    await held.revert();
    await expect.poll(() => stateOf(pid)).not.toBe('T');
  });

  it('reverting the pause of a process that has ended meanwhile does nothing', async () => {
    await runtime.start('kafka', never);
    const held = await runtime.faults().pause('broker');
    process.kill(stack.pidOf('kafka'), 'SIGKILL');
    await expect.poll(async () => (await look(runtime, 'kafka')).restarts).toBe(1);
    await held.revert();
    await expect.poll(async () => (await look(runtime, 'kafka')).state).toBe('running');
  });

  it('an executor is found below its worker, and killed without it', async () => {
    const executor = await executorPid();
    const worker = stack.pidOf('spark-worker');
    expect(await runtime.faults().isThere('executor')).toBe(true);
    expect(await runtime.faults().kill('executor')).toBe(`process ${executor}`);
    await expect.poll(() => runtime.faults().isThere('executor')).toBe(false);
    expect(stack.pidOf('spark-worker')).toBe(worker);
    expect(await look(runtime, 'spark-worker')).toMatchObject({ state: 'running', restarts: 0 });
  });

  it('a killed supervisor is no longer there, nor is anything of it', async () => {
    await runtime.start('kafka', never);
    expect(await runtime.faults().isThere('supervisor')).toBe(true);
    await runtime.faults().kill('supervisor');
    await expect.poll(() => runtime.faults().isThere('supervisor')).toBe(false);
    await expect.poll(() => runtime.faults().isThere('broker')).toBe(false);
    await expect(runtime.faults().kill('broker')).rejects.toThrow(NothingToBreak);
  });

  it.skipIf(unable !== undefined)(
    'a limit of file sizes reaches executor and driver, those too that start while it is held, and is taken back',
    async () => {
      const executor = await executorPid();
      const before = fileSizeLimit(executor);
      await runtime.start('spark-streaming', never);
      const lines = () => look(runtime, 'spark-streaming').then(({ recentLines }) => recentLines.join('\n'));
      await expect.poll(lines).toContain('begun');
      const first = stack.pidOf('spark-streaming');
      const held = await runtime.faults().limitFileSize(4096);
      // The limit reaches the driver once its application's process exists, an instant after its
      // first line.
      await expect.poll(() => [executor, first].map(fileSizeLimit)).toEqual(['4096', '4096']);
      process.kill(first, 'SIGKILL');
      await expect.poll(async () => (await look(runtime, 'spark-streaming')).restarts).toBe(1);
      await expect.poll(() => fileSizeLimit(stack.pidOf('spark-streaming'))).toBe('4096');
      expect(fileSizeLimit(stack.pidOf('spark-worker'))).toBe(before);
      await held.revert();
      expect([executor, stack.pidOf('spark-streaming')].map(fileSizeLimit)).toEqual([before, before]);
    },
  );
});
