import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isSameFolder } from './files.ts';

test('a folder is known by what it is, not by its path', () => {
  const folder = mkdtempSync(join(tmpdir(), 'same-folder-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ['one', 'two']) mkdirSync(join(folder, name));
  symlinkSync(join(folder, 'one'), join(folder, 'link'));
  expect(isSameFolder(join(folder, 'link'), join(folder, 'one'))).toBe(true);
  expect(isSameFolder(join(folder, 'two', '..', 'one'), join(folder, 'one'))).toBe(true);
  expect(isSameFolder(join(folder, 'one'), join(folder, 'two'))).toBe(false);
  expect(isSameFolder(join(folder, 'none'), join(folder, 'none'))).toBe(false);
  expect(isSameFolder(join(folder, 'none'), join(folder, 'other'))).toBe(false);
});
