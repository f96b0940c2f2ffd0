import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectDir } from '../support/project.ts';
import { TestStack } from '../support/test-stack.ts';
import { until } from '../support/until.ts';

/** Far more than the 64 KiB that a pipe takes without a reader. */
const LINES = 30_000;
const lineOf = (number: number) => `[producer] line ${number} ${'.'.repeat(60)}`;

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.create();
  mkdirSync(join(stack.runDir, 'logs'), { recursive: true });
  const lines = Array.from({ length: LINES }, (_, number) => `${lineOf(number)}\n`);
  appendFileSync(join(stack.runDir, 'logs', 'producer.log'), lines.join(''));
});
afterAll(() => stack.discard());

/** Runs a line of bash in which `$command` is `node bootstrap.mjs`. */
function shell(script: string) {
  const environment = { ...process.env, ...stack.environment, NODE: process.execPath };
  const child = spawn(
    'bash',
    ['-o', 'pipefail', '-c', script.replaceAll('$command', '"$NODE" bootstrap.mjs')],
    {
      cwd: projectDir,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe('output into a pipe', () => {
  it('is whole when the reader is slow', async () => {
    const { stdout } = await shell('$command logs producer --tail 20000 | (sleep 2; cat)');
    const lines = stdout.split('\n');
    expect(lines.pop()).toBe('');
    expect(lines).toHaveLength(20_000);
    expect(lines.at(-1)).toBe(lineOf(LINES - 1));
  });

  it.each([
    ['logs producer --tail 20000', 141],
    ['logs --json producer --tail 20000', 141],
    ['status', 1],
    ['doctor', 0],
    ['--help', 0],
  ])('of `%s` may end after its first line: no stack trace, no hanging command', async (command, code) => {
    const { stdout, stderr, code: ended } = await shell(`$command ${command} | head -1`);
    expect(stdout.split('\n')).toHaveLength(2);
    expect(stderr).not.toMatch(/ {4}at |EPIPE|INTERRUPTED/);
    // What fits into the pipe is written before its reader goes away, or just after.
    expect([code, 141]).toContain(ended);
  });
});

describe('closed or broken streams', () => {
  it.each(['<&-', '>&-', '2>&-', '<&- >&- 2>&-'])(
    '%s: the command works, and ends as always',
    async (closed) => {
      const { code, stderr } = await shell(`$command status ${closed}`);
      expect(code).toBe(1);
      expect(stderr).toBe('');
    },
  );

  it.skipIf(!existsSync('/dev/full')).each(['status', 'logs producer', 'doctor'])(
    '`%s` to a full disk says so and ends with 4',
    async (command) => {
      const { code, stderr } = await shell(`$command ${command} > /dev/full`);
      expect(stderr).toMatch(
        /^error: What the command prints could not be written to standard output: ENOSPC.* \[STREAM_FAILED\]\nhint: .*\n$/,
      );
      expect(code).toBe(4);
    },
  );
});

describe('an interrupt of a command that started nothing', () => {
  it('ends `logs -f` quietly, after all lines, with exit code 0', async () => {
    const { child, output, result } = stack.start('logs', ['-f', 'producer', '--tail', '20000']);
    await until(
      () => `${output.stdout.length} characters, ${output.stderr}`,
      60_000,
      () => (output.stdout.includes(lineOf(LINES - 1)) ? true : undefined),
    );
    child.kill('SIGINT');
    expect(await result).toMatchObject({ code: 0, stderr: '' });
  });

  it('ends `status --wait` with exit code 130 and says no more than is true', async () => {
    const { child, output, result } = stack.start('status', ['--wait']);
    await until(
      () => output.stderr,
      60_000,
      () => (output.stderr.includes('[wait] ') ? true : undefined),
    );
    child.kill('SIGINT');
    const { code, stderr } = await result;
    expect(stderr).toContain('error: Interrupted. It had started nothing. [INTERRUPTED]');
    expect(stderr).not.toMatch(/stopp/);
    expect(code).toBe(130);
  });
});

describe('status', () => {
  it('ends with 1 when nothing is ready, also after --wait', async () => {
    expect(await stack.run('status')).toMatchObject({ code: 1 });
    const startedMs = performance.now();
    const waited = await stack.run('status', ['--wait', '2', '--json']);
    expect(performance.now() - startedMs).toBeGreaterThan(2000);
    expect(waited.code).toBe(1);
    expect(JSON.parse(waited.stdout)).toMatchObject({ ready: false });
  });

  it('refuses a time that is none', async () => {
    expect(await stack.run('status', ['--wait', 'soon'])).toMatchObject({ code: 2 });
  });
});

it('produce into a pipe that ends after a line has no stack trace', () => {
  const { stdout, stderr } = spawnSync(
    'bash',
    [
      '-c',
      '"$NODE" bootstrap.mjs --exec tsx orchestrator/produce-main.ts --dry-run --max-records 20000 | head -1',
    ],
    { cwd: projectDir, encoding: 'utf8', env: { ...process.env, NODE: process.execPath } },
  );
  expect(stdout.split('\n')).toHaveLength(2);
  expect(stderr).not.toMatch(/ {4}at |EPIPE/);
});
