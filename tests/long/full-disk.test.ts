import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statusOf } from '../support/stack-status.ts';
import type { Status } from '../support/status-document.ts';
import { TestStack } from '../support/test-stack.ts';
import { until } from '../support/until.ts';
import { verifiedUpTo } from '../support/verify.ts';

const mount = (folder: string) =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=400m', 'medallion-full-disk', folder]).status === 0;

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'mount-'));
  try {
    if (!mount(folder)) return false;
    execFileSync('umount', [folder]);
    return true;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// The test needs the right to mount a disk that can be filled, which CI has.
describe.skipIf(!canMount() && process.env['CI'] === undefined)('a full disk under RUN_DIR', () => {
  let stack: TestStack;
  const fill = () => join(stack.runDir, 'logs', 'fill');
  const recorded = () => JSON.parse(readFileSync(join(stack.runDir, 'state.json'), 'utf8'));
  const service = (status: Status, name: string) => status.services.find((one) => one.name === name);

  /** Fills all free bytes, repeatedly: processes that end in the meantime free some. */
  function fillDisk(): void {
    const { stderr } = spawnSync(
      'dd',
      ['if=/dev/zero', `of=${fill()}`, 'bs=4k', 'oflag=append', 'conv=notrunc'],
      {
        encoding: 'utf8',
      },
    );
    expect(stderr).toContain('No space left on device');
  }

  beforeAll(async () => {
    stack = await TestStack.create({ MSGS_PER_SEC: '200', MAX_FILES_PER_SINK: '0' });
    mkdirSync(stack.runDir);
    expect(mount(stack.runDir)).toBe(true);
    const up = await stack.run('up');
    expect(up.stderr + up.stdout).toContain('Ready after');
  });
  afterAll(async () => {
    await stack.run('down');
    execFileSync('umount', [stack.runDir]);
    rmSync(stack.folder, { recursive: true });
  });

  it('ends neither the supervisor nor a service that can do without; the rest comes back with the space', async () => {
    const before = await statusOf(stack);
    const { supervisor } = recorded();
    let status = before;
    await until(
      () => `nobody says that the disk is full: ${JSON.stringify(status.services)}`,
      120_000,
      async () => {
        fillDisk();
        status = await statusOf(stack);
        return status.services.some(({ detail }) => /no space left|next start with more space/.test(detail))
          ? true
          : undefined;
      },
      0,
    );
    // Long enough for the limit of repeated failures to be reached, if these failures were counted.
    const since = performance.now();
    await until(
      () => '',
      120_000,
      async () => {
        fillDisk();
        status = await statusOf(stack);
        expect(status.services.filter(({ state }) => state === 'failed')).toEqual([]);
        return performance.now() - since > 45_000 ? true : undefined;
      },
      0,
    );
    process.kill(supervisor.pid, 0);
    for (const name of ['spark-master', 'producer']) {
      expect(service(status, name)).toMatchObject({ pid: service(before, name)?.pid });
    }
    const up = await stack.run('up');
    expect(up).toMatchObject({ code: 2 });
    expect(up.stderr).toMatch(
      /^error: RUN_DIR: 0 MB are free on the disk of .*; a start needs 32 MB\. \[OUTPUT_NOT_WRITABLE\]$/m,
    );

    rmSync(fill());
    await until(
      () => `not ready again: ${JSON.stringify(status.services)}`,
      180_000,
      async () => {
        status = await statusOf(stack);
        return status.ready ? true : undefined;
      },
    );
    expect(recorded().supervisor).toMatchObject({ pid: supervisor.pid });
    // A start that failed for lack of space leaves Kafka's mark of a clean shutdown next to
    // incomplete indexes.
    const brokerLog = readFileSync(join(stack.runDir, 'logs', 'kafka.log'), 'utf8');
    expect(brokerLog).toContain('since no clean shutdown file was found');
    expect(brokerLog).not.toContain('Skipping recovery');
    const { counts } = await verifiedUpTo(stack, 1);
    const report = await verifiedUpTo(stack, (counts['bronze'] ?? 0) + 500);
    expect(report).toMatchObject({ equal: true, differenceCount: 0 });
  });

  it('does not keep `down` from stopping everything', async () => {
    fillDisk();
    const down = await stack.run('down');
    expect(down).toMatchObject({ code: 0 });
    expect((await statusOf(stack)).services.map(({ state }) => state)).not.toContain('starting');
    rmSync(fill());
    writeFileSync(fill(), '');
  });
});
