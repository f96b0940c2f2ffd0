import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { scratchFolder } from '../../tests/support/scratch-folder.ts';
import { changedFiles, hasStamp, readStamp, writeStamp } from './stamp.ts';

let folder: string;
beforeEach(() => {
  folder = scratchFolder();
});

async function stamped() {
  mkdirSync(join(folder, 'jars'));
  writeFileSync(join(folder, 'jars', 'a.jar'), 'AAAA');
  writeFileSync(join(folder, 'jars', 'b.jar'), 'BB');
  return writeStamp(folder, { recipe: 'r1', files: ['jars/b.jar', 'jars/a.jar'], facts: { home: 'jars' } });
}

test('a finished folder is recognized, with what its maker wants to know again', async () => {
  await stamped();
  expect(readStamp(folder, 'r1')).toMatchObject({
    facts: { home: 'jars' },
    files: [
      { path: 'jars/a.jar', size: 4 },
      { path: 'jars/b.jar', size: 2 },
    ],
  });
});

test('an unfinished folder, another recipe, a missing and a cut file do not count', async () => {
  expect(readStamp(folder, 'r1')).toBeUndefined();
  await stamped();
  expect(readStamp(folder, 'r2')).toBeUndefined();
  writeFileSync(join(folder, 'jars', 'a.jar'), 'AAA');
  expect(readStamp(folder, 'r1')).toBeUndefined();
  rmSync(join(folder, 'jars', 'a.jar'));
  expect(readStamp(folder, 'r1')).toBeUndefined();
});

test('a stamp that is cut short counts as none, but shows that the folder was once complete', async () => {
  await stamped();
  const path = join(folder, 'provisioned.json');
  writeFileSync(path, readFileSync(path, 'utf8').slice(0, 40));
  expect(readStamp(folder, 'r1')).toBeUndefined();
  expect(hasStamp(folder)).toBe(true);
});

test('a full check finds a file of the same size with another content', async () => {
  const stamp = await stamped();
  expect(await changedFiles(folder, stamp)).toEqual([]);
  writeFileSync(join(folder, 'jars', 'a.jar'), 'AAAB');
  expect(readStamp(folder, 'r1')).toBeDefined();
  expect(await changedFiles(folder, stamp)).toEqual(['jars/a.jar']);
});
