import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { LightStack, look } from '../../../tests/support/light-stack.ts';
import { identityOf, type ProcessIdentity, signalProcess } from '../../util/processes.ts';
import { readState, STATE_FORMAT, writeState } from './state-file.ts';

const never = new AbortController().signal;
const stacks: LightStack[] = [];
const strangers: ChildProcess[] = [];

async function create(options?: Parameters<typeof LightStack.create>[0]): Promise<LightStack> {
  const stack = await LightStack.create(options);
  stacks.push(stack);
  return stack;
}
afterEach(async () => {
  for (const stranger of strangers.splice(0)) stranger.kill('SIGKILL');
  for (const stack of stacks.splice(0)) await stack.dispose();
});

async function stranger(): Promise<ProcessIdentity> {
  const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
  strangers.push(child);
  await once(child, 'spawn');
  const identity = identityOf(child.pid ?? 0);
  if (!identity) throw new Error('sleep does not run');
  return identity;
}

/**
 * Leaves the services without supervision, as no single crash could. A service that writes later
 * would end by itself, because nobody reads its output any more.
 */
async function killSupervision(stack: LightStack): Promise<void> {
  const { pid = 0, watchdog = 0 } = readState(stack.layout.stateFile)?.supervisor ?? {};
  signalProcess(pid, 'SIGSTOP');
  // Waits for every thread: a running one would start another watchdog, which kills the groups that
  // it has received so far.
  const states = () =>
    readdirSync(`/proc/${pid}/task`).map(
      (task) => /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8'))?.[1],
    );
  await expect.poll(() => states().every((state) => state === 'T')).toBe(true);
  signalProcess(watchdog, 'SIGKILL');
  signalProcess(pid, 'SIGKILL');
}

describe.runIf(process.platform === 'linux')('taking a stack down', () => {
  it('stops from the record what lost its supervisor and its watchdog', async () => {
    const stack = await create({ scripts: { kafka: 'sleep 1000 & wait' } });
    const runtime = stack.runtime();
    await runtime.start('zookeeper', never);
    await runtime.start('kafka', never);
    const pid = stack.pidOf('kafka');
    await expect
      .poll(async () => (await look(runtime, 'zookeeper')).recentLines)
      .toEqual(['zookeeper began']);
    await killSupervision(stack);
    await expect
      .poll(() => look(runtime, 'kafka'))
      .toMatchObject({
        state: 'running',
        pid,
        detail: 'runs without its supervisor, which is gone',
      });
    expect(await runtime.down()).toEqual(['kafka', 'zookeeper']);
    expect(stack.processes().filter(identityOf)).toEqual([]);
    expect(existsSync(stack.layout.control)).toBe(false);
    expect(await look(runtime, 'kafka')).toMatchObject({ state: 'stopped' });
    expect(await runtime.down()).toEqual([]);
  });

  it('finds children of a recorded main process that has ended', async () => {
    const stack = await create({ scripts: { kafka: 'sleep 1000 & wait' } });
    const runtime = stack.runtime();
    await runtime.start('kafka', never);
    const pid = stack.pidOf('kafka');
    await expect.poll(() => stack.processes().length).toBe(3);
    await killSupervision(stack);
    signalProcess(pid, 'SIGKILL');
    await expect.poll(() => stack.processes().filter(identityOf).length).toBe(1);
    expect(await runtime.down()).toEqual(['kafka']);
    expect(stack.processes().filter(identityOf)).toEqual([]);
  });

  it('also happens in the next supervisor, before it starts anything', async () => {
    const stack = await create();
    const runtime = stack.runtime();
    await runtime.start('kafka', never);
    const pid = stack.pidOf('kafka');
    await expect.poll(async () => (await look(runtime, 'kafka')).recentLines).toEqual(['kafka began']);
    await killSupervision(stack);
    await runtime.start('zookeeper', never);
    expect(identityOf(pid)).toBeUndefined();
    expect(await look(runtime, 'kafka')).toMatchObject({ state: 'stopped' });
    await runtime.close();
  });

  it('does not signal a process that was given the id of a recorded one', async () => {
    const stack = await create();
    const innocent = await stranger();
    const reused = { pid: innocent.pid, startTime: 'an earlier start' };
    writeState(stack.layout.stateFile, {
      format: STATE_FORMAT,
      supervisor: {
        ...reused,
        socket: join(stack.layout.control, 'supervisor.sock'),
        watchdog: innocent.pid,
      },
      services: [
        {
          ...{ name: 'kafka', state: 'running', detail: '', since: new Date().toISOString(), restarts: 0 },
          ...{ process: reused, stopGraceMs: 100, logStart: 0 },
        },
      ],
    });
    const runtime = stack.runtime();
    expect(await look(runtime, 'kafka')).toMatchObject({ state: 'failed' });
    expect(await runtime.down()).toEqual([]);
    expect(identityOf(innocent.pid)).toEqual(innocent);
    await runtime.start('kafka', never);
    expect(identityOf(innocent.pid)).toEqual(innocent);
    await runtime.close();
  });

  it('replaces a stale socket, a stale lock and a torn state', async () => {
    const stack = await create();
    mkdirSync(stack.layout.lock, { recursive: true });
    const stem = `999999.${Buffer.from('an earlier start').toString('base64url')}.x`;
    writeFileSync(join(stack.layout.lock, stem), '');
    writeFileSync(join(stack.layout.lock, `${stem}.held`), '');
    writeFileSync(join(stack.layout.control, 'supervisor.sock'), '');
    writeFileSync(stack.layout.stateFile, '{"format":1,"supervis');
    const runtime = stack.runtime();
    expect(await look(runtime, 'kafka')).toMatchObject({ state: 'stopped' });
    await runtime.start('kafka', never);
    expect(await look(runtime, 'kafka')).toMatchObject({ state: 'running' });
    expect(await runtime.down()).toEqual(['kafka']);
    expect(existsSync(stack.layout.control)).toBe(false);
  });

  it('ends a supervisor that hangs, and its services with it', async () => {
    const stack = await create();
    const runtime = stack.runtime();
    await runtime.start('kafka', never);
    const supervisor = stack.supervisorPid;
    signalProcess(supervisor, 'SIGSTOP');
    expect(await runtime.down()).toEqual(['kafka']);
    expect(identityOf(supervisor)).toBeUndefined();
    expect(stack.processes().filter(identityOf)).toEqual([]);
    expect(existsSync(stack.layout.control)).toBe(false);
  });
});
