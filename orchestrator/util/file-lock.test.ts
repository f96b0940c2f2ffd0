import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFiles } from '../../tests/support/open-files.ts';
import { describeHolder, fileLockOwner, tryFileLock, waitForFileLock } from './file-lock.ts';

let folder: string;
let children: ChildProcess[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'file-lock-'));
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

const MODULE = JSON.stringify(new URL('./file-lock.ts', import.meta.url).href);

/**
 * Runs a program that has the lock's functions in a process of its own, started through `through`,
 * if given.
 */
function program(source: string, through: readonly string[] = []): ChildProcess {
  const text = `import { tryFileLock, waitForFileLock } from ${MODULE};\n${source}`;
  const [command = '', ...args] = [
    ...through,
    process.execPath,
    ...['--import', 'tsx', '--input-type=module', '-e', text],
  ];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

/** Starts another process that takes the lock, announces it and keeps it until it is killed. */
async function holder(path: string, through?: readonly string[]): Promise<ChildProcess> {
  const child = program(
    `if ((await tryFileLock(${JSON.stringify(path)})).lock) process.stdout.write('holds');
     setInterval(() => {}, 1000);`,
    through,
  );
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child;
}

async function outputOf(source: string): Promise<string> {
  let said = '';
  const child = program(source);
  child.stdout?.on('data', (data) => {
    said += data;
  });
  await new Promise((resolve) => child.once('close', resolve));
  return said;
}

const inOtherPidNamespace = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
const noNamespaces = spawnSync(inOtherPidNamespace[0] ?? '', [
  ...inOtherPidNamespace.slice(1),
  'true',
]).status;

describe('file lock', () => {
  it('is held by one at a time and leaves nothing behind', async () => {
    const path = join(folder, 'deep', 'lock');
    expect(fileLockOwner(path)).toBeUndefined();
    const first = await tryFileLock(path);
    expect(fileLockOwner(path)).toMatchObject({ pid: process.pid });
    const second = await tryFileLock(path);
    expect(second).toMatchObject({ holder: { pid: process.pid } });
    first.lock?.release();
    first.lock?.release();
    expect(existsSync(path)).toBe(false);
    const third = await tryFileLock(path);
    expect(third.lock).toBeDefined();
    third.lock?.release();
  });

  it('names the process that holds it, and is free once that was killed', async () => {
    const path = join(folder, 'lock');
    const child = await holder(path);
    expect(await tryFileLock(path)).toMatchObject({ holder: { pid: child.pid } });
    child.kill('SIGKILL');
    const lock = await waitForFileLock(path, { signal: AbortSignal.timeout(5000) });
    expect(fileLockOwner(path)).toMatchObject({ pid: process.pid });
    lock.release();
  });

  it('of a process that has just left the list of processes is taken', async () => {
    const path = join(folder, 'lock');
    for (let round = 0; round < 5; round++) {
      const child = await holder(path);
      child.kill('SIGKILL');
      await expect.poll(() => fileLockOwner(path), { interval: 1 }).toBeUndefined();
      const { lock } = await tryFileLock(path);
      expect(lock).toBeDefined();
      lock?.release();
    }
  });

  it.skipIf(noNamespaces !== 0 && process.env['CI'] === undefined)(
    'holds against a process in another PID namespace, and is free once that is killed',
    async () => {
      const path = join(folder, 'lock');
      const child = await holder(path, inOtherPidNamespace);
      const attempt = await tryFileLock(path);
      // Its id in that namespace is not its id here, where another process may have the same id.
      expect(attempt.lock).toBeUndefined();
      expect(describeHolder(attempt.holder)).toMatch(/^process \d+ on /);
      expect(fileLockOwner(path)).toBeUndefined();
      child.kill('SIGKILL');
      (await waitForFileLock(path, { signal: AbortSignal.timeout(5000) })).release();
    },
  );

  it('follows the kernel and not the content of its file', async () => {
    const path = join(folder, 'lock');
    const living = JSON.stringify({ pid: process.pid, host: 'here', command: 'x', since: '' });
    for (const content of ['', '{"pid":', living]) {
      writeFileSync(path, content);
      const { lock } = await tryFileLock(path);
      expect(lock).toBeDefined();
      lock?.release();
    }
  });

  it('replaces the folder that an earlier version left in its place', async () => {
    const path = join(folder, 'lock');
    mkdirSync(path);
    for (const name of ['1', '12', `${process.pid}.x.y.held`]) writeFileSync(join(path, name), '');
    const attempts = await Promise.all([tryFileLock(path), tryFileLock(path), tryFileLock(path)]);
    const locks = attempts.flatMap(({ lock }) => lock ?? []);
    expect(locks).toHaveLength(1);
    locks[0]?.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('keeps to its own file where that was removed under it', async () => {
    const path = join(folder, 'lock');
    const first = await tryFileLock(path);
    rmSync(path);
    const second = await tryFileLock(path);
    expect(second.lock).toBeDefined();
    // The release of the first lock must not remove the file of the second one.
    first.lock?.release();
    expect(fileLockOwner(path)).toMatchObject({ pid: process.pid });
    expect((await tryFileLock(path)).lock).toBeUndefined();
    second.lock?.release();
  });

  it('is inherited by no child process', async () => {
    const path = join(folder, 'lock');
    const { lock } = await tryFileLock(path);
    // It says when it runs: a program that still loads opens and closes files of its own.
    const child = spawn('sh', ['-c', 'echo runs; read _'], {
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    children.push(child);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    if (process.platform === 'linux') {
      expect(openFiles(child.pid)).not.toContain(path);
    }
    lock?.release();
    const again = await tryFileLock(path);
    expect(again.lock).toBeDefined();
    again.lock?.release();
  });

  it.each([
    ['perl', 'command -v perl'],
    // A program on PATH may be a script that chooses a version and needs other programs.
    ['python3', "python3 -c 'import sys; print(sys.executable)'"],
  ])('works where %s is the only tool for it', async (tool, find) => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const found = spawnSync('sh', ['-c', find], { encoding: 'utf8' }).stdout.trim();
    expect(found).not.toBe('');
    symlinkSync(found, join(bin, tool));
    writeFileSync(join(bin, 'flock'), '#!/bin/sh\necho "flock: no such option" >&2\nexit 64\n');
    chmodSync(join(bin, 'flock'), 0o755);
    const path = join(folder, 'lock');
    const source = `process.env.PATH = ${JSON.stringify(bin)};
      const lock = ${JSON.stringify(path)};
      const first = await tryFileLock(lock);
      const second = await tryFileLock(lock);
      process.stdout.write([Boolean(first.lock), second.holder?.pid === process.pid].join());`;
    expect(await outputOf(source)).toBe('true,true');
  });

  it('names what is missing where there is no tool', async () => {
    const source = `process.env.PATH = ${JSON.stringify(folder)};
      await tryFileLock(${JSON.stringify(join(folder, 'lock'))}).catch((error) => process.stdout.write(error.code + ' ' + error.message));`;
    expect(await outputOf(source)).toMatch(
      /^LOCK_UNAVAILABLE No lock can be taken in .*: there is neither `flock`/,
    );
  });

  it('ends the wait when the signal aborts it', async () => {
    const path = join(folder, 'lock');
    const { lock } = await tryFileLock(path);
    const waits: (number | undefined)[] = [];
    const wait = waitForFileLock(path, {
      signal: AbortSignal.timeout(400),
      onWait: (owner) => waits.push(owner?.pid),
    });
    await expect(wait).rejects.toThrow(/timeout/);
    expect(waits).toEqual([process.pid]);
    lock?.release();
  });

  it('excludes processes that race for it', async () => {
    const path = join(folder, 'lock');
    const counter = join(folder, 'counter');
    writeFileSync(counter, '0');
    // Reading, pausing and writing loses counts as soon as two hold the lock at a time.
    const source = `import { readFileSync, writeFileSync } from 'node:fs';
      for (let round = 0; round < 5; round++) {
        const lock = await waitForFileLock(${JSON.stringify(path)}, { signal: AbortSignal.timeout(20000) });
        const count = Number(readFileSync(${JSON.stringify(counter)}, 'utf8'));
        await new Promise((resolve) => setTimeout(resolve, 3));
        writeFileSync(${JSON.stringify(counter)}, String(count + 1));
        lock.release();
      }`;
    const codes = await Promise.all(
      Array.from({ length: 4 }, () => {
        const child = program(source);
        return new Promise((resolve) => child.on('exit', resolve));
      }),
    );
    expect(codes).toEqual([0, 0, 0, 0]);
    expect(readFileSync(counter, 'utf8')).toBe('20');
    expect(existsSync(path)).toBe(false);
  }, 60_000);
});
