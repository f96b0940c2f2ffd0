import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canFill, fillOutputs, removeFiller } from './staged-files.ts';

let folder: string;
let output: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chaos-fill-'));
  output = join(folder, 'output');
  mkdirSync(output);
});
afterEach(() => {
  spawnSync('umount', [output]);
  rmSync(folder, { recursive: true });
});

const mount = () => spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', output]).status === 0;

/** Only a user who may mount can run this test. */
function mayMount(): boolean {
  const probe = mkdtempSync(join(tmpdir(), 'chaos-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe]).status === 0;
  if (mounted) spawnSync('umount', [probe]);
  rmSync(probe, { recursive: true });
  return mounted;
}
const isAllowed = mayMount();

describe('filling the outputs', () => {
  it('never happens on a file system that others use', async () => {
    expect(await canFill(output)).toBe(false);
  });

  it.skipIf(!isAllowed)(
    `leaves no byte until it is reverted, also when files are deleted${isAllowed ? '' : ' (not tried: may not mount)'}`,
    async () => {
      expect(mount()).toBe(true);
      expect(await canFill(output)).toBe(true);
      const file = join(output, 'file');
      writeFileSync(file, Buffer.alloc(1 << 20));
      const held = await fillOutputs(output);
      expect(statfsSync(output).bavail).toBe(0);
      expect(() => writeFileSync(join(output, 'other'), 'x')).toThrow('ENOSPC');
      rmSync(file);
      await expect.poll(() => statfsSync(output).bavail).toBe(0);
      await held.revert();
      writeFileSync(join(output, 'other'), 'x');
      expect(readdirSync(output)).toEqual(['other']);
    },
  );

  it('removes what a run that was killed has left', async () => {
    writeFileSync(join(output, '.chaos-filler'), 'x');
    await removeFiller(output);
    await removeFiller(output);
    expect(existsSync(join(output, '.chaos-filler'))).toBe(false);
  });
});
