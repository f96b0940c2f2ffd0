import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { scratchFolder } from '../../tests/support/scratch-folder.ts';
import { identityOf } from '../util/processes.ts';
import { endLeftover, runTool } from './run-tool.ts';

const shell = (command: string, signal = new AbortController().signal) =>
  runTool({ file: '/bin/sh', args: ['-c', command], cwd: '/', environment: process.env, signal });

const isRunning = (pid: number) => identityOf(pid) !== undefined;

test('a tool is reported with its exit code and the lines of both streams', async () => {
  expect(await shell('echo one; echo two >&2; exit 3')).toMatchObject({
    succeeded: false,
    detail: 'exit code 3',
    lines: expect.arrayContaining(['one', 'two']),
  });
});

test('passwords in addresses do not get into the lines', async () => {
  const { lines } = await shell(
    'echo "Looking in indexes: https://me:se/cret@mirror.example/simple, http://a:b@c/d"',
  );
  expect(lines.join()).not.toMatch(/se\/cret|a:b/);
  expect(lines.join()).toContain('mirror.example/simple');
});

test('an abort ends the tool and what it started, at once, with the reason of the signal', async () => {
  const pidFile = join(scratchFolder(), 'pid');
  const abort = new AbortController();
  const run = shell(`trap '' TERM INT; sleep 300 & echo $! > ${pidFile}; wait`, abort.signal);
  await expect.poll(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8')).toMatch(/\d\n/);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  abort.abort(new Error('Ctrl-C'));
  await expect(run).rejects.toThrow('Ctrl-C');
  await expect.poll(() => isRunning(pid)).toBe(false);
});

test('a file that is not there is an error, not a hang', async () => {
  const run = runTool({
    file: '/nowhere/tool',
    args: [],
    cwd: '/',
    environment: {},
    signal: new AbortController().signal,
  });
  await expect(run).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a leftover is ended with its group, a process that has its id by chance is not', async () => {
  const child = spawn('/bin/sh', ['-c', 'sleep 300 & wait'], { detached: true, stdio: 'ignore' });
  const pid = child.pid ?? 0;
  onTestFinished(() => void child.kill('SIGKILL'));
  await expect.poll(() => isRunning(pid)).toBe(true);
  await endLeftover({ pid, startTime: 'an earlier start' });
  expect(isRunning(pid)).toBe(true);
  const identity = identityOf(pid);
  if (identity) await endLeftover(identity);
  expect(isRunning(pid)).toBe(false);
});
