import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { replaceFile } from './files.ts';

test('a file is replaced atomically, where its text differs and it is not only checked', () => {
  const folder = mkdtempSync(join(tmpdir(), 'replace-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'file');
  expect(replaceFile(path, 'one', 'check')).toBe(true);
  expect(readdirSync(folder)).toEqual([]);
  expect(replaceFile(path, 'one', 'write')).toBe(true);
  expect(replaceFile(path, 'one', 'write')).toBe(false);
  expect(replaceFile(path, 'two', 'check')).toBe(true);
  expect(readFileSync(path, 'utf8')).toBe('one');
  expect(readdirSync(folder)).toEqual(['file']);
});
