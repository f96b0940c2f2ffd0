import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { cpuSecondsOf, descendants, memoryBytesOf } from './process-usage.ts';

describe.skipIf(process.platform !== 'linux')('the usage of a process', () => {
  it('is its CPU time, which grows with work and is gone with the process', async () => {
    const child = spawn(process.execPath, ['-e', 'const end = Date.now() + 400; while (Date.now() < end);']);
    const pid = child.pid ?? 0;
    let most = 0;
    const polling = setInterval(() => {
      most = Math.max(most, cpuSecondsOf(pid) ?? 0);
    }, 20);
    await once(child, 'close');
    clearInterval(polling);
    expect(most).toBeGreaterThan(0);
    expect(cpuSecondsOf(pid)).toBeUndefined();
  });

  it('is its memory, with that of its children', async () => {
    const child = spawn('sh', ['-c', 'sleep 30 & wait']);
    try {
      await once(child, 'spawn');
      const own = () => descendants(process.pid);
      await expect.poll(() => own().includes(child.pid ?? 0)).toBe(true);
      await expect.poll(() => descendants(child.pid ?? 0).length).toBe(2);
      expect(memoryBytesOf(own())).toBeGreaterThan(memoryBytesOf([process.pid]));
      expect(memoryBytesOf([process.pid])).toBeGreaterThan(10 * 2 ** 20);
    } finally {
      for (const pid of descendants(child.pid ?? 0)) process.kill(pid, 'SIGKILL');
    }
  });
});
