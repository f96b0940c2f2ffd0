import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestStack } from '../support/test-stack.ts';
import { verifiedUpTo } from '../support/verify.ts';

/** Where Hadoop resolves paths that are no URIs. Nothing answers there. */
const CORE_SITE = `<configuration>
  <property><name>fs.defaultFS</name><value>hdfs://localhost:9</value></property>
</configuration>
`;

/**
 * One stack in a folder whose name is no URI, in a C locale, with a Hadoop configuration whose file
 * system is elsewhere.
 */
let stack: TestStack;
const hadoop = mkdtempSync(join(tmpdir(), 'medallion-hadoop-'));
beforeAll(async () => {
  writeFileSync(join(hadoop, 'core-site.xml'), CORE_SITE);
  const settings = { MSGS_PER_SEC: '20', LANG: 'C', LC_ALL: 'C', HADOOP_CONF_DIR: hadoop };
  stack = await TestStack.create(settings, 1, 'a b#c%20d[1]é');
});
afterAll(async () => {
  await stack.discard();
  rmSync(hadoop, { recursive: true });
});

const checkpoint = (...names: string[]) => join(stack.outputPath, '_chk', ...names);

/** The newest file in a log of the checkpoint. */
function newest(log: 'offsets' | 'commits'): string {
  const batches = readdirSync(checkpoint('ingest', log)).filter((name) => /^\d+$/.test(name));
  return checkpoint('ingest', log, `${Math.max(...batches.map(Number))}`);
}

describe('a stack in a folder of any name', () => {
  it('is ready, and its outputs are in that folder and equal', async () => {
    const up = await stack.run('up');
    expect(up.stderr + up.stdout).toContain('Ready after');
    await verifiedUpTo(stack, 50);
    const { code, stdout } = await stack.run('peek', [
      '--csv',
      '--sql',
      'SELECT count(*) > 0 AS n FROM raw_csv',
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'n\r\ntrue\r\n' });
  });

  it('continues after a power cut that left the newest files of the checkpoint empty', async () => {
    const { counts } = await verifiedUpTo(stack, 50);
    expect(await stack.run('down')).toMatchObject({ code: 0 });
    truncateSync(newest('commits'), 0);
    truncateSync(checkpoint('ingest', 'metadata'), 0);
    truncateSync(checkpoint('ingest', 'sources', '0', '0'), 0);
    const up = await stack.run('up');
    expect(up.stderr + up.stdout).toContain('Ready after');
    await verifiedUpTo(stack, (counts['bronze'] ?? 0) + 50);
  });

  it('plans a batch again whose entry of the offset log is empty, without a record twice', async () => {
    const { counts } = await verifiedUpTo(stack, 50);
    expect(await stack.run('down')).toMatchObject({ code: 0 });
    truncateSync(newest('offsets'), 0);
    // The micro-batch is then not committed, but its files are there.
    rmSync(newest('commits'));
    const up = await stack.run('up');
    expect(up.stderr + up.stdout).toContain('Ready after');
    await verifiedUpTo(stack, (counts['bronze'] ?? 0) + 50);
  });

  it('names at once the file that cannot be recovered, and the next command', async () => {
    expect(await stack.run('down')).toMatchObject({ code: 0 });
    truncateSync(checkpoint('_source.json'), 0);
    const up = await stack.run('up');
    expect(up.code).toBe(4);
    expect(up.stderr + up.stdout).toContain('_source.json is missing, empty or torn');
    expect(up.stderr + up.stdout).toContain('npm run reset -- --keep-topic');
  });
});
