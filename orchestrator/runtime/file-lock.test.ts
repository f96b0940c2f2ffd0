import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileLockOwner, tryFileLock, waitForFileLock } from './file-lock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'file-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Another process that takes the lock and keeps it until it is killed. */
async function holder(path: string): Promise<ChildProcess> {
  const source = `const { tryFileLock } = await import(${JSON.stringify(new URL('./file-lock.ts', import.meta.url).href)});
    await tryFileLock(${JSON.stringify(path)}); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source]);
  await expect
    .poll(() => existsSync(path) && readdirSync(path).some((name) => name.endsWith('.held')), {
      timeout: 10_000,
    })
    .toBe(true);
  return child;
}

describe('file lock', () => {
  it('is held by one at a time and leaves nothing behind', async () => {
    const path = join(folder, 'deep', 'lock');
    expect(fileLockOwner(path)).toBeUndefined();
    const first = await tryFileLock(path);
    expect(fileLockOwner(path)).toMatchObject({ pid: process.pid });
    const second = await tryFileLock(path);
    expect(second).toMatchObject({ owner: { pid: process.pid } });
    first.lock?.release();
    expect(existsSync(path)).toBe(false);
    const third = await tryFileLock(path);
    expect(third.lock).toBeDefined();
    third.lock?.release();
  });

  it('names the process that holds it, and is free once that was killed', async () => {
    const path = join(folder, 'lock');
    const child = await holder(path);
    expect(await tryFileLock(path)).toMatchObject({ owner: { pid: child.pid } });
    child.kill('SIGKILL');
    const lock = await waitForFileLock(path, { signal: AbortSignal.timeout(5000) });
    expect(readdirSync(path)).toHaveLength(2);
    lock.release();
  });

  it('does not take a living process with a reused id for the owner', async () => {
    const path = join(folder, 'lock');
    mkdirSync(path);
    const stem = `${process.pid}.${Buffer.from('an earlier start').toString('base64url')}.x`;
    writeFileSync(join(path, stem), '');
    writeFileSync(join(path, `${stem}.held`), '');
    const { lock } = await tryFileLock(path);
    expect(lock).toBeDefined();
    lock?.release();
  });

  it('ends the wait when the signal aborts it', async () => {
    const path = join(folder, 'lock');
    const { lock } = await tryFileLock(path);
    const waits: number[] = [];
    const wait = waitForFileLock(path, {
      signal: AbortSignal.timeout(150),
      onWait: (owner) => waits.push(owner.pid),
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
      const { waitForFileLock } = await import(${JSON.stringify(new URL('./file-lock.ts', import.meta.url).href)});
      for (let round = 0; round < 5; round++) {
        const lock = await waitForFileLock(${JSON.stringify(path)}, { signal: AbortSignal.timeout(20000) });
        const count = Number(readFileSync(${JSON.stringify(counter)}, 'utf8'));
        await new Promise((resolve) => setTimeout(resolve, 3));
        writeFileSync(${JSON.stringify(counter)}, String(count + 1));
        lock.release();
      }`;
    const codes = await Promise.all(
      Array.from({ length: 4 }, () => {
        const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], {
          stdio: ['ignore', 'ignore', 'inherit'],
        });
        return new Promise((resolve) => child.on('exit', resolve));
      }),
    );
    expect(codes).toEqual([0, 0, 0, 0]);
    expect(readFileSync(counter, 'utf8')).toBe('20');
    expect(existsSync(path)).toBe(false);
  }, 60_000);
});
