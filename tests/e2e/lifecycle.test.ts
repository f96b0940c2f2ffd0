import { appendFileSync, existsSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processesOf } from '../support/processes-of.ts';
import { projectDir } from '../support/project.ts';
import { statusOf } from '../support/stack-status.ts';
import { statusDocument } from '../support/status-document.ts';
import { type CommandResult, TestStack } from '../support/test-stack.ts';
import { until } from '../support/until.ts';

let stack: TestStack;
let late: CommandResult;
let leftLate: ReturnType<typeof processesOf>;
let first: CommandResult;
let waited: CommandResult;

beforeAll(async () => {
  stack = await TestStack.create({ MSGS_PER_SEC: '50' });
  late = await stack.run('up', ['--timeout', '3']);
  leftLate = processesOf(stack.folder);
  // Before anything exists, as a script that runs at the same time as `up` may do.
  const waiting = stack.run('status', ['--wait', '600', '--json']);
  first = await stack.run('up');
  waited = await waiting;
});
afterAll(() => stack.discard());

const files = (sink: string) =>
  existsSync(join(stack.outputPath, sink)) ? readdirSync(join(stack.outputPath, sink)) : [];

describe('a stack from nothing', () => {
  it('that is not ready within --timeout is stopped: exit code 4, what was not ready and why', () => {
    expect(late.stderr).toMatch(
      /error: The stack was not ready within 3 s \(--timeout 3\): \S+: .*first-data\. \[GATE_TIMEOUT\]/,
    );
    expect(late.stderr).toContain('npm run up -- --timeout 6');
    expect(late.code).toBe(4);
    expect(leftLate).toEqual([]);
  });

  it('is ready with exit code 0, and shows the longest chain and the pages', () => {
    expect(first.stderr + first.stdout).toContain('Ready after');
    expect(first.code).toBe(0);
    expect(first.stdout).toContain(`http://localhost:${stack.ports.SPARK_MASTER_UI_PORT}`);
    expect(first.stdout).toMatch(/Longest chain: .*spark-streaming .* → first-data/);
  });

  it('has bronze, silver and raw_csv on disk under the names of the contract', () => {
    for (const sink of ['bronze', 'silver']) {
      expect(files(sink).filter((name) => !name.startsWith('.'))).not.toEqual([]);
      for (const name of files(sink))
        expect(name).toMatch(new RegExp(`^${sink}_\\d{8}_\\d{6}_\\d+\\.parquet$`));
    }
    for (const name of files('raw_csv')) expect(name).toMatch(/^raw_\d{8}_\d{6}_\d+\.csv$/);
  });

  it('is what `status --wait` waited for', () => {
    const status = statusDocument.parse(JSON.parse(waited.stdout));
    expect(status).toMatchObject({ ready: true });
    expect(waited.code).toBe(0);
  });

  it('shows every service ready in its JSON status, in the order of the start', async () => {
    const status = await statusOf(stack);
    expect(status).toMatchObject({ runtime: 'local', ready: true, stream: { batch: expect.any(Number) } });
    expect(status.stream.rows['bronze']).toBeGreaterThan(0);
    expect(status.services.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'zookeeper ready',
      'kafka ready',
      'kafka-init completed',
      'spark-master ready',
      'spark-worker ready',
      'spark-streaming ready',
      'producer ready',
      'dashboard ready',
    ]);
    for (const { pid, name, since, placement } of status.services) {
      expect(placement).toBe('process');
      if (name !== 'kafka-init') expect(pid).toBeGreaterThan(1);
      expect(since).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    }
  });

  it("shows the application on Spark's page", async () => {
    const page = await fetch(`http://127.0.0.1:${stack.ports.SPARK_MASTER_UI_PORT}/json/`);
    const { activeapps } = (await page.json()) as { activeapps: { name: string }[] };
    expect(activeapps).toHaveLength(1);
  });

  it('verifies equal', async () => {
    const report = await stack.json<{ equal: boolean; differences: unknown[] }>('verify');
    expect(report).toMatchObject({ equal: true, differences: [] });
  });

  it('does nothing when it is brought up again, and says so', async () => {
    const before = await statusOf(stack);
    const again = await stack.run('up');
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout).toContain('Already up');
    const { alreadyUp, ...status } = await stack.json('up', ['--timeout', '60']);
    expect(alreadyUp).toBe(true);
    expect(statusDocument.parse(status)).toMatchObject({ ready: true });
    const after = await statusOf(stack);
    expect(after.services.map(({ pid }) => pid)).toEqual(before.services.map(({ pid }) => pid));
  });

  it('restarts services until they are ready again, and leaves all others running', async () => {
    const before = await statusOf(stack);
    const restartedAt = new Date().toISOString();
    const done = await stack.json<{ restarted: { name: string }[] }>('restart', [
      ...['spark-streaming', 'kafka-init', 'kafka'],
    ]);
    const names = ['kafka', 'kafka-init', 'spark-streaming'];
    expect(done.restarted.map(({ name }) => name)).toEqual(names);
    const after = await statusOf(stack);
    expect(after.services.map(({ restarts }) => restarts)).toEqual(before.services.map(() => 0));
    for (const [index, { name, pid, since, state }] of after.services.entries()) {
      const former = before.services[index];
      if (names.includes(name)) {
        expect(since > (former?.since ?? ''), name).toBe(true);
        expect(state, name).toMatch(/^(ready|completed)$/);
      } else expect({ name, pid }).toEqual({ name, pid: former?.pid });
    }
    const running = '[spark-streaming] query running';
    const linesOf = async (...range: string[]) =>
      (await stack.run('logs', ['spark-streaming', ...range])).stdout.split('\n');
    const starts = async (...range: string[]) =>
      (await linesOf(...range)).filter((line) => line.startsWith(running)).length;
    const ofRestart = await starts('--since', restartedAt);
    expect(ofRestart).toBeGreaterThan(0);
    expect(await starts('--since', '1h')).toBe(2 * ofRestart);
  });

  it('has nothing stopped after a restart that is interrupted, which ends with exit code 130', async () => {
    const restart = stack.start('restart', ['kafka']);
    await until(
      () => restart.output.stderr,
      60_000,
      () => (restart.output.stderr.includes('[kafka] starting') ? true : undefined),
    );
    restart.child.kill('SIGINT');
    const { code, stderr } = await restart.result;
    expect(stderr).toContain('Interrupted. What it had stopped was started again. [INTERRUPTED]');
    expect(stderr).toContain('`npm run restart -- kafka` runs it again');
    expect(code).toBe(130);
    expect(await stack.run('status', ['--wait', '180'])).toMatchObject({ code: 0 });
  });

  it('listens on 127.0.0.1 and on no other address of this machine', async () => {
    const elsewhere = Object.values(stack.ports).map((port) => listens('127.0.0.2', port));
    expect(await Promise.all(elsewhere)).toEqual(elsewhere.map(() => false));
  });

  it('is stopped by down without a process, a port or a socket left, and keeps its data', async () => {
    const bronze = files('bronze').length;
    expect(await stack.run('down')).toMatchObject({ code: 0 });
    await until(
      () => JSON.stringify(processesOf(stack.folder)),
      5000,
      () => (processesOf(stack.folder).length === 0 ? true : undefined),
    );
    for (const port of Object.values(stack.ports)) expect(await listens('127.0.0.1', port)).toBe(false);
    const left = readdirSync(stack.runDir, { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isSocket() || /\.(lock|sock|pid)$/.test(entry.name))).toEqual([]);
    expect(files('bronze').length).toBeGreaterThanOrEqual(bronze);
    expect(await stack.run('down')).toMatchObject({ code: 0, stdout: 'Nothing was running.\n' });
    const restart = await stack.run('restart', ['kafka']);
    expect(restart.stderr).toContain('[STACK_NOT_RUNNING]');
    expect(restart).toMatchObject({ code: 2, stderr: expect.stringContaining('npm run up') });
  });

  it('has logs that arrive whole in a slow pipe, and is not ready to `status`', async () => {
    expect(await stack.run('status')).toMatchObject({ code: 1 });
    const log = join(stack.runDir, 'logs', 'producer.log');
    const last = '[producer] the last line';
    appendFileSync(log, `${'[producer] one of many lines\n'.repeat(30_000)}${last}\n`);
    const { stdout } = await execa(
      'bash',
      ['-c', '"$NODE" bootstrap.mjs logs producer --tail 20000 | (sleep 2; cat)'],
      { cwd: projectDir, env: { ...stack.environment, NODE: process.execPath } },
    );
    const lines = stdout.split('\n');
    expect(lines).toHaveLength(20_000);
    expect(lines.at(-1)).toBe(last);
  });

  it('comes up again on its data and verifies equal', async () => {
    const again = await stack.json('up', ['--timeout', '600']);
    expect(again).toMatchObject({ ready: true, runtime: 'local', outputPath: stack.outputPath });
    expect(await stack.json('verify')).toMatchObject({ equal: true });
  });
});

function listens(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
