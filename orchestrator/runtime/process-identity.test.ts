import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { identityOf, isAlive, ownIdentity } from './process-identity.ts';

describe('process identity', () => {
  it('is the same at every look at a process that runs', () => {
    expect(identityOf(process.pid)).toEqual(ownIdentity());
    expect(isAlive(ownIdentity())).toBe(true);
  });

  it('tells a process from an earlier one with its id', () => {
    expect(isAlive({ pid: process.pid, startTime: 'an earlier start' })).toBe(false);
  });

  it('ends with the process', async () => {
    const child = spawn('sleep', ['30']);
    await once(child, 'spawn');
    const identity = identityOf(child.pid ?? 0);
    expect(identity && isAlive(identity)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(identity && isAlive(identity)).toBe(false);
  });

  it('is undefined for a process that has ended and was not reaped yet', async () => {
    // The shell becomes `sleep`, which never asks for the end of the child that the shell had started. The child waits for
    // that: a shell may ask.
    const child = 'until ps -o comm= -p $PPID | grep -q sleep; do :; done';
    const parent = spawn('sh', ['-c', `sh -c '${child}' & echo $!; exec sleep 30`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
      const zombie = Number(chunk.toString());
      await expect.poll(() => identityOf(zombie)).toBeUndefined();
      expect(() => process.kill(zombie, 0)).not.toThrow();
    } finally {
      parent.kill('SIGKILL');
    }
  });
});
