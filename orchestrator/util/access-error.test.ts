import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { explainAccess } from './owned-folder.ts';
import { ProductError } from './product-error.ts';

const refusal = (code: string, path: string) =>
  Object.assign(new Error(`${code}: x, open '${path}'`), { code, path });
const folders = { RUN_DIR: '/proc/1', OUTPUT_DIR: '/stack/output' };

test('a refusal names setting, folder, owner and the way out', () => {
  const other = process.getuid?.() === 0 ? undefined : refusal('EACCES', '/proc/1/environ');
  if (other) {
    expect(explainAccess(other, folders)).toMatchObject({
      code: 'OUTPUT_NOT_WRITABLE',
      message: 'RUN_DIR=/proc/1 cannot be used: it belongs to root (EACCES, /proc/1/environ).',
    });
  }
  expect(explainAccess(refusal('EROFS', '/stack/output'), folders)).toMatchObject({
    message: 'OUTPUT_DIR=/stack/output cannot be used: its file system is read-only (EROFS).',
    hint: 'Make it writable, or set OUTPUT_DIR to another folder.',
  });
  expect(explainAccess(refusal('ENOSPC', '/stack/output/x'), folders)).toMatchObject({
    message: expect.stringMatching(/: \d+ MB are free on its disk \(ENOSPC, /),
  });
});

test.each([
  ['ENOTDIR', 'a part of the path is a file'],
  ['ELOOP', 'its symbolic links lead in a circle'],
  ['ENAMETOOLONG', 'the path is too long'],
])('a path that leads to no folder (%s) is the fault of the setting it is below', (code, reason) => {
  expect(explainAccess(refusal(code, '/stack/output/x'), folders)).toMatchObject({
    code: 'OUTPUT_NOT_WRITABLE',
    message: `OUTPUT_DIR=/stack/output cannot be used: ${reason} (${code}, /stack/output/x).`,
    hint: 'Set OUTPUT_DIR to another folder.',
  });
  const elsewhere = refusal(code, '/somewhere/else');
  expect(explainAccess(elsewhere, folders)).toBe(elsewhere);
});

test('the reason is found where Node reports only that a folder does not exist', () => {
  const path = '/sys/nowhere/run';
  const error = Object.assign(refusal('ENOENT', path), { syscall: 'mkdir' });
  expect(explainAccess(error, { RUN_DIR: path })).toMatchObject({
    code: 'OUTPUT_NOT_WRITABLE',
    message: expect.stringMatching(/\((EROFS|EPERM|EACCES)/),
  });
});

test('what wraps a refusal while stopping gives way to it; other errors stay as they are', () => {
  const cause = refusal('EROFS', '/stack/output/x');
  const stop = new ProductError('STOP_FAILED', { message: 'm', hint: 'h', cause });
  expect(explainAccess(stop, folders)).toMatchObject({ code: 'OUTPUT_NOT_WRITABLE' });
  for (const error of [
    new Error('x'),
    refusal('ENOENT', '/stack/output'),
    Object.assign(new Error('connect EACCES'), { code: 'EACCES' }),
    new ProductError('NO_DATA', { message: 'm', hint: 'h', cause }),
  ]) {
    expect(explainAccess(error, folders)).toBe(error);
  }
});

test.runIf(process.getuid?.() === 0)(
  'every command of a user reports that root owns the folders',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'access-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    chmodSync(folder, 0o755);
    const [run, output, home] = ['run', 'output', 'home'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const path of [run, output]) mkdirSync(join(path, 'deeper'), { recursive: true, mode: 0o700 });
    for (const path of [run, output]) writeFileSync(join(path, '.medallion-stream'), '');
    chmodSync(run, 0o700);
    mkdirSync(home);
    chmodSync(home, 0o777);
    const project = join(import.meta.dirname, '..', '..');
    for (const command of ['up', 'down', 'reset', 'status', 'logs', 'verify', 'peek']) {
      const { status, stderr } = spawnSync(
        'setpriv',
        [
          '--reuid=1000',
          '--regid=1000',
          '--clear-groups',
          process.execPath,
          '--import',
          'tsx',
          'orchestrator/main.ts',
          command,
        ],
        {
          cwd: project,
          encoding: 'utf8',
          env: {
            ...{ PATH: process.env['PATH'], HOME: home, TMPDIR: home, RUNTIME: 'local' },
            ...{ RUN_DIR: run, OUTPUT_DIR: output },
          },
        },
      );
      expect({ command, status, stderr }).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(
          /^error: RUN_DIR=.* cannot be used: it belongs to root \(EACCES.*\)\. \[OUTPUT_NOT_WRITABLE\]\nhint: Run the command as root, or `npm run down` as root and then `sudo chown -R 1000:1000 /,
        ),
      });
    }
  },
  120_000,
);
