import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

// The image runs the compiled producer on Node alone, which resolves imports more strictly than a loader of TypeScript.
const here = import.meta.dirname;
const modules = join(here, '../node_modules');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'producer-image-'));
  const build = ['-p', join(here, 'tsconfig.build.json'), '--outDir', folder];
  const { status, stdout } = spawnSync(join(modules, '.bin', 'tsc'), build, { encoding: 'utf8' });
  expect([status, stdout]).toEqual([0, '']);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  symlinkSync(modules, join(folder, 'node_modules'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('is compiled to what Node runs by itself', () => {
  const env = { PATH: process.env['PATH'], MSGS_PER_SEC: 'abc' };
  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'main.js')], {
    env,
    encoding: 'utf8',
  });
  expect(stderr).toMatch(/^\[producer\] MSGS_PER_SEC="abc" is not allowed/);
  expect(status).toBe(2);
});
