import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { identityOf, isAlive, ownIdentity } from './processes.ts';

describe('process identity', () => {
  it('stays the same while a process runs', () => {
    expect(identityOf(process.pid)).toEqual(ownIdentity());
    expect(isAlive(ownIdentity())).toBe(true);
  });

  it('distinguishes a process from an earlier one with its id', () => {
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

  const hidden = 'mount -t tmpfs none /proc/sys/kernel/random && exec "$@"';
  const hide = (...command: string[]) =>
    spawnSync('unshare', ['--mount', 'sh', '-c', hidden, 'sh', ...command], { encoding: 'utf8' });
  it.skipIf(hide('true').status !== 0 && process.env['CI'] === undefined)(
    'is known where the system hides its boot id',
    () => {
      const module = JSON.stringify(new URL('./processes.ts', import.meta.url).href);
      const source = `const { identityOf, isAlive, ownIdentity } = await import(${module});
        process.stdout.write(String(isAlive(ownIdentity()) && identityOf(${process.pid}) !== undefined));`;
      const { stdout, stderr } = hide(
        process.execPath,
        '--import',
        'tsx',
        '--input-type=module',
        '-e',
        source,
      );
      expect({ stdout, stderr }).toEqual({ stdout: 'true', stderr: '' });
    },
  );

  it('is undefined for a process that has ended and was not reaped yet', async () => {
    // The shell becomes `sleep`, which never reaps the child that the shell had started. The child
    // waits until that has happened, because a shell may reap it.
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
