import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { prepareResults } from './results.ts';

test('a folder that results cannot be written to is named before anything is measured', () => {
  const folder = mkdtempSync(join(tmpdir(), 'results-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  prepareResults(join(folder, 'a', 'b'));
  expect(existsSync(join(folder, 'a', 'b'))).toBe(true);
  writeFileSync(join(folder, 'file'), '');
  expect(() => prepareResults(join(folder, 'file', 'x'))).toThrow(
    expect.objectContaining({
      code: 'OUTPUT_NOT_WRITABLE',
      message: expect.stringContaining(`Results cannot be written to ${join(folder, 'file', 'x')}: ENOTDIR`),
    }),
  );
});
