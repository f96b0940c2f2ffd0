import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { LightStack, type LightStackOptions, look } from '../../../../tests/support/light-stack.ts';
import { openFiles } from '../../../../tests/support/open-files.ts';
import { identityOf, isAlive, signalProcess } from '../../../util/processes.ts';
import { untilExited } from '../../runtime.ts';
import { serviceLogFile } from '../launch.ts';
import { readState } from '../state-file.ts';

const never = new AbortController().signal;
const stacks: LightStack[] = [];

async function create(options?: LightStackOptions): Promise<LightStack> {
  const stack = await LightStack.create(options);
  stacks.push(stack);
  return stack;
}
afterEach(async () => {
  for (const stack of stacks.splice(0)) await stack.dispose();
});

/** Starts child processes, as a JVM that has executors or a Python child does. */
const FAMILY = 'echo began; sleep 1000 & sh -c "sleep 1000" & wait';

describe.runIf(process.platform === 'linux')('the supervisor', () => {
  it('takes every process with it within a second when it is killed', async () => {
    const stack = await create({ scripts: { kafka: FAMILY, producer: 'trap "" TERM HUP; sleep 1000' } });
    const runtime = stack.runtime();
    for (const name of ['zookeeper', 'kafka', 'producer'] as const) await runtime.start(name, never);
    await expect.poll(async () => (await look(runtime, 'kafka')).recentLines).toEqual(['began']);
    await expect.poll(() => stack.processes().length).toBeGreaterThanOrEqual(7);
    const watchdog = readState(stack.layout.stateFile)?.supervisor?.watchdog ?? 0;
    expect(identityOf(watchdog)).toBeDefined();

    signalProcess(stack.supervisorPid, 'SIGKILL');
    await expect
      .poll(() => stack.processes().filter(identityOf), { timeout: 1000, interval: 20 })
      .toEqual([]);
    expect(identityOf(watchdog)).toBeUndefined();

    expect(await look(runtime, 'kafka')).toMatchObject({ state: 'failed', recentLines: ['began'] });
    expect(await untilExited(runtime, 'kafka', never)).toMatchObject({ state: 'failed' });
    // The socket, the lock and the state of the killed supervisor do not get in the way.
    await runtime.start('kafka', never);
    expect(await look(runtime, 'kafka')).toMatchObject({ state: 'running', restarts: 0 });
    await runtime.close();
  });

  it('keeps its lock to itself: no service and no watchdog would hold it after its end', async () => {
    const stack = await create({ scripts: { kafka: FAMILY } });
    const runtime = stack.runtime();
    await runtime.start('kafka', never);
    await expect.poll(() => stack.processes().length).toBeGreaterThanOrEqual(4);
    const holdsLock = (pid: number) => openFiles(pid).includes(stack.layout.lock);
    const watchdog = readState(stack.layout.stateFile)?.supervisor?.watchdog ?? 0;
    expect([...stack.processes(), watchdog].filter(holdsLock)).toEqual([stack.supervisorPid]);
    await runtime.close();
  });

  it('replaces a watchdog that was killed, with all it has to watch', async () => {
    const stack = await create({ scripts: { kafka: FAMILY } });
    const runtime = stack.runtime();
    await runtime.start('kafka', never);
    const first = readState(stack.layout.stateFile)?.supervisor?.watchdog ?? 0;
    signalProcess(first, 'SIGKILL');
    await expect.poll(() => identityOf(first)).toBeUndefined();
    await expect
      .poll(() => readState(stack.layout.stateFile)?.supervisor?.watchdog, { timeout: 5000 })
      .not.toBe(first);
    signalProcess(stack.supervisorPid, 'SIGKILL');
    await expect
      .poll(() => stack.processes().filter(identityOf), { timeout: 1000, interval: 20 })
      .toEqual([]);
    await runtime.close();
  });

  it('lives on while the system refuses it processes, and starts watchdog and service when it can', async () => {
    const stack = await create();
    const runtime = stack.runtime();
    await runtime.start('kafka', never);
    const { supervisorPid } = stack;
    const { pid } = await look(runtime, 'kafka');
    const first = readState(stack.layout.stateFile)?.supervisor?.watchdog ?? 0;
    // As many files as it has open: a new process needs more.
    const limitFiles = (limit: string) =>
      execFileSync('prlimit', ['--pid', String(supervisorPid), `--nofile=${limit}:`]);
    limitFiles(String(readdirSync(`/proc/${supervisorPid}/fd`).length));
    signalProcess(first, 'SIGKILL');
    signalProcess(pid ?? 0, 'SIGKILL');
    const supervisorLog = () => readFileSync(stack.layout.supervisorLog, 'utf8');
    await expect.poll(supervisorLog).toMatch(/no watchdog could be started: .*EMFILE/);
    await expect.poll(supervisorLog).toMatch(/kafka restarting: could not be started/);
    limitFiles('1024');
    await expect
      .poll(() => readState(stack.layout.stateFile)?.supervisor?.watchdog ?? first, { timeout: 10_000 })
      .not.toBe(first);
    await expect.poll(async () => (await look(runtime, 'kafka')).state, { timeout: 10_000 }).toBe('running');
    expect(stack.supervisorPid).toBe(supervisorPid);
    await runtime.close();
  });

  it('gives up a service that crashes again and again, and keeps its last lines', async () => {
    const stack = await create({ scripts: { kafka: 'echo "attempt $$"; echo no disk >&2; exit 1' } });
    const runtime = stack.runtime();
    await runtime.start('kafka', never);
    expect(await untilExited(runtime, 'kafka', never)).toEqual({
      name: 'kafka',
      state: 'failed',
      detail: 'exited with code 1, given up after 4 failures in a row',
    });
    const { restarts, exitCode, recentLines, pid } = await look(runtime, 'kafka');
    expect({ restarts, exitCode, pid }).toEqual({ restarts: 3, exitCode: 1, pid: undefined });
    expect(recentLines).toEqual([expect.stringMatching(/^attempt \d+$/), 'no disk']);
    await runtime.close();
  });

  it('removes the clean-shutdown file of a service that failed, and keeps that of one that was stopped', async () => {
    const say = '[ -e kafka-closed ] && echo closed || echo not closed; touch kafka-closed';
    const stack = await create({ scripts: { kafka: `${say}; [ -e steady ] || exit 1; sleep 1000` } });
    const runtime = stack.runtime();
    await runtime.start('kafka', never);
    await untilExited(runtime, 'kafka', never);
    const lines = readFileSync(serviceLogFile(stack.layout, 'kafka'), 'utf8').trim().split('\n');
    expect(lines).toEqual(Array(4).fill('not closed'));
    writeFileSync(join(stack.layout.runDir, 'steady'), '');
    for (const line of ['not closed', 'closed']) {
      await runtime.start('kafka', never);
      await expect.poll(async () => (await look(runtime, 'kafka')).recentLines.at(-1)).toBe(line);
      await runtime.stop('kafka');
    }
    await runtime.close();
  });

  it('fails a service whose clean-shutdown file cannot be removed, and no other', async () => {
    const stack = await create({ scripts: { kafka: 'mkdir kafka-closed; exit 1' } });
    const runtime = stack.runtime();
    await runtime.start('producer', never);
    await runtime.start('kafka', never);
    expect(await untilExited(runtime, 'kafka', never)).toMatchObject({
      state: 'failed',
      detail: expect.stringContaining('kafka-closed'),
    });
    expect(await look(runtime, 'producer')).toMatchObject({ state: 'running', restarts: 0 });
    await runtime.close();
  });

  it('returns lines with any characters as they were written', async () => {
    const stack = await create({
      scripts: { kafka: 'printf \'a\\342\\200\\250b "q" \\\\ c\\n\'; exec sleep 1000' },
    });
    const runtime = stack.runtime();
    await runtime.start('kafka', never);
    await expect.poll(async () => (await look(runtime, 'kafka')).recentLines).toEqual(['a\u2028b "q" \\ c']);
    await runtime.close();
  });

  it('reports when the next start is due while it pauses, and a stop ends the pause', async () => {
    const stack = await create({ scripts: { kafka: 'exit 1' } });
    const runtime = stack.runtime();
    await runtime.start('kafka', never);
    await expect
      .poll(async () => (await look(runtime, 'kafka')).detail, { interval: 5 })
      .toBe('exited with code 1, next start in 0.2 s');
    await runtime.stop('kafka');
    expect(await look(runtime, 'kafka')).toMatchObject({ state: 'stopped' });
    await runtime.close();
  });

  it('fails a command that does not exist at once, with the reason in the log', async () => {
    const stack = await create({ scripts: { kafka: 'exec /nonexistent/java' } });
    const runtime = stack.runtime();
    await runtime.start('kafka', never);
    expect(await untilExited(runtime, 'kafka', never)).toMatchObject({ state: 'failed' });
    const { exitCode, restarts, recentLines } = await look(runtime, 'kafka');
    expect({ exitCode, restarts }).toEqual({ exitCode: 127, restarts: 0 });
    expect(recentLines.join()).toContain('/nonexistent/java');
    await runtime.close();
  });

  it('kills what a main process leaves behind before it starts the service again', async () => {
    const script = 'sleep 1000 & echo "child $!"; if [ -f again ]; then wait; else : > again; exit 1; fi';
    const stack = await create({ scripts: { kafka: script } });
    const runtime = stack.runtime();
    await runtime.start('kafka', never);
    await expect.poll(async () => (await look(runtime, 'kafka')).restarts, { timeout: 5000 }).toBe(1);
    const log = () => readFileSync(`${stack.layout.logs}/kafka.log`, 'utf8').match(/\d+/g)?.map(Number) ?? [];
    await expect.poll(() => log().length).toBe(2);
    const [first = 0, second = 0] = log();
    expect(identityOf(first)).toBeUndefined();
    expect(identityOf(second)).toBeDefined();
    await runtime.close();
  });

  it('asks first and uses force after the grace, against the whole group', async () => {
    const script =
      'trap "echo asked" TERM; (trap "" TERM; while :; do sleep 0.1; done) & while :; do wait; done';
    const stack = await create({ scripts: { kafka: script }, graceMs: 600 });
    const runtime = stack.runtime();
    await runtime.start('kafka', never);
    await expect.poll(() => stack.processes().length).toBeGreaterThanOrEqual(3);
    const supervisor = stack.supervisorPid;
    const begin = performance.now();
    await runtime.stop('kafka');
    expect(performance.now() - begin).toBeGreaterThanOrEqual(600);
    expect(await look(runtime, 'kafka')).toMatchObject({
      state: 'stopped',
      detail: 'killed: it did not stop within 0.6 s',
      recentLines: ['asked'],
    });
    expect(stack.processes().filter(identityOf)).toEqual([supervisor]);
    await runtime.close();
  });

  it('shuts down in reverse order on SIGTERM, and ignores the hang-up of a terminal', async () => {
    const note = (name: string) =>
      `trap "echo ${name} >> order; exit 0" TERM; touch ${name}.listens; while :; do sleep 0.05; done`;
    const stack = await create({
      scripts: { zookeeper: note('zookeeper'), kafka: note('kafka'), producer: note('producer') },
    });
    const runtime = stack.runtime();
    for (const name of ['zookeeper', 'kafka', 'producer'] as const) {
      await runtime.start(name, never);
      await expect
        .poll(() => existsSync(`${stack.config.runDir}/${name}.listens`), { timeout: 10_000 })
        .toBe(true);
    }
    const supervisor = stack.supervisorPid;
    signalProcess(supervisor, 'SIGHUP');
    await runtime.observe();
    expect(stack.supervisorPid).toBe(supervisor);
    signalProcess(supervisor, 'SIGTERM');
    await expect.poll(() => stack.processes().filter(identityOf), { timeout: 10_000 }).toEqual([]);
    expect(readFileSync(`${stack.config.runDir}/order`, 'utf8').trim().split('\n')).toEqual([
      'producer',
      'kafka',
      'zookeeper',
    ]);
    expect(existsSync(stack.layout.control)).toBe(false);
    expect(await look(runtime, 'kafka')).toMatchObject({ state: 'stopped' });
    await runtime.close();
  });

  it('ends by itself when nothing runs and nobody is connected, and what is known of services stays', async () => {
    const stack = await create({ scripts: { kafka: 'echo wrong >&2; exit 2' } });
    const runtime = stack.runtime();
    await runtime.start('kafka', never);
    await untilExited(runtime, 'kafka', never);
    await runtime.close();
    await expect
      .poll(() => stack.processes().filter(identityOf), { timeout: 15_000, interval: 100 })
      .toEqual([]);
    expect(existsSync(stack.layout.control)).toBe(false);
    expect(await look(runtime, 'kafka')).toMatchObject({
      state: 'failed',
      exitCode: 2,
      recentLines: ['wrong'],
    });
  });

  it('lives on while a log cannot be written, reports that, and writes again when it can', async () => {
    const stack = await create({
      scripts: { kafka: 'while :; do echo line; [ -e end ] && exit 1; sleep 0.05; done' },
    });
    const runtime = stack.runtime();
    const log = join(stack.layout.logs, 'kafka.log');
    mkdirSync(stack.layout.logs, { recursive: true });
    symlinkSync('/dev/full', log);
    await runtime.start('kafka', never);
    await expect
      .poll(async () => (await look(runtime, 'kafka')).warning)
      .toMatch(/^lines of its log are dropped: ENOSPC/);
    const supervisor = stack.supervisorPid;
    const { recentLines, pid } = await look(runtime, 'kafka');
    expect(recentLines).toContain('line');
    const supervisorLog = () => readFileSync(stack.layout.supervisorLog, 'utf8');
    expect(supervisorLog().match(/kafka: lines of its log are dropped: ENOSPC/g)).toHaveLength(1);
    // A stopped service's log is closed, and its next start opens the file that is there now.
    await runtime.stop('kafka');
    await runtime.close();
    await stack.runtime().down();
    rmSync(log);
    expect(identityOf(supervisor)).toBeUndefined();
    await runtime.start('kafka', never);
    expect((await look(runtime, 'kafka')).pid).not.toBe(pid);
    await expect.poll(() => existsSync(log) && readFileSync(log, 'utf8')).toContain('line');
    expect((await look(runtime, 'kafka')).warning).toBeUndefined();
    await runtime.close();
  });

  it('records what is needed to stop the stack, for its owner alone and without any environment', async () => {
    const stack = await create({ environment: { AWS_SECRET_ACCESS_KEY: 'hunter2' } });
    const runtime = stack.runtime();
    await runtime.start('kafka', never);
    const text = readFileSync(stack.layout.stateFile, 'utf8');
    expect(text).not.toContain('hunter2');
    expect(statSync(stack.layout.stateFile).mode & 0o777).toBe(0o600);
    expect(statSync(stack.layout.control).mode & 0o777).toBe(0o700);
    const state = readState(stack.layout.stateFile);
    expect(state?.supervisor && isAlive(state.supervisor)).toBe(true);
    const kafka = state?.services.find(({ name }) => name === 'kafka');
    expect(kafka?.process).toEqual(identityOf(kafka?.process?.pid ?? 0));
    // The environment reached the service, and no command line.
    const environment = readFileSync(`/proc/${kafka?.process?.pid}/environ`, 'utf8');
    expect(environment).toContain('AWS_SECRET_ACCESS_KEY=hunter2');
    for (const pid of stack.processes()) {
      expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain('hunter2');
    }
    await runtime.close();
  });

  it('keeps its socket elsewhere when RUN_DIR refuses one, and commands find it', async () => {
    const stack = await create();
    // A non-empty folder at the socket's path makes binding fail. Every other failure is handled
    // alike.
    mkdirSync(join(stack.layout.control, 'supervisor.sock', 'not ours'), { recursive: true });
    const runtime = stack.runtime();
    await runtime.start('kafka', never);
    const socket = readState(stack.layout.stateFile)?.supervisor?.socket ?? '';
    expect(dirname(socket)).not.toBe(stack.layout.control);
    expect(statSync(dirname(socket)).mode & 0o777).toBe(0o700);
    const another = stack.runtime();
    expect(await look(another, 'kafka')).toMatchObject({ state: 'running' });
    expect(await another.down()).toEqual(['kafka']);
    expect(existsSync(dirname(socket))).toBe(false);
    await runtime.close();
  });

  it('keeps its socket elsewhere when RUN_DIR is too long for one, and removes it', async () => {
    const stack = await create({ below: ['x'.repeat(80), 'y'.repeat(80)] });
    const runtime = stack.runtime();
    await runtime.start('kafka', never);
    const socket = readState(stack.layout.stateFile)?.supervisor?.socket ?? '';
    expect(Buffer.byteLength(socket)).toBeLessThanOrEqual(103);
    expect(statSync(dirname(socket)).mode & 0o777).toBe(0o700);
    await runtime.down();
    expect(existsSync(dirname(socket))).toBe(false);
  });
});
