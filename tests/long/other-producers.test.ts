import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LogConnection } from '../../orchestrator/kafka/log-connection.ts';
import { batchesOf, codecOf } from '../../orchestrator/kafka/record-batch.ts';
import { withTopicLog } from '../../orchestrator/kafka/topic-log.ts';
import { query } from '../support/query.ts';
import { TestClient } from '../support/test-client.ts';
import { TestStack } from '../support/test-stack.ts';
import { until } from '../support/until.ts';
import type { VerifyResult } from '../support/verify.ts';

/**
 * A topic to which other producers write as well, with other codecs, transactions and compaction.
 * Each test begins with the state that the one before left.
 */
let stack: TestStack;
let client: TestClient;
const OWN_RECORDS = 100;

beforeAll(async () => {
  stack = await TestStack.create({
    MSGS_PER_SEC: '0',
    MAX_RECORDS: String(OWN_RECORDS),
    MAX_FILES_PER_SINK: '0',
  });
  client = new TestClient(stack);
  const up = await stack.run('up');
  expect(up.stderr + up.stdout).toContain('Ready after');
});
afterAll(() => stack.discard());

let sent = 0;

/** Valid events, each with a text of its own. */
const events = (name: string, count: number) =>
  Array.from({ length: count }, () => {
    const value = {
      ...{ txn_id: `${name}-${sent++}`, card_id: 'card', event_ts: new Date().toISOString(), amount: 1.25 },
      merchant: `é ${'ab'.repeat(50)}`,
    };
    return { partition: 0, key: `${name} ${sent % 3}`, value: JSON.stringify(value) };
  });

interface Report extends VerifyResult {
  readonly partitions: readonly (VerifyResult['partitions'][number] &
    Readonly<Record<'missing' | 'markers' | 'aborted' | 'compacted' | 'logEnd', number>>)[];
  readonly deep: { readonly records: number; readonly equalRows: Readonly<Record<string, number>> } | null;
  readonly differences: readonly { readonly kind: string; readonly count: number }[];
  readonly notCompared: readonly { readonly sink: string; readonly reason: string; readonly count: number }[];
}

/** Verifies once everything is committed. The last line of the output is the report. */
async function verified(args: readonly string[] = []) {
  const { code, stdout, stderr } = await stack.run('verify', ['--wait', '--json', ...args]);
  if (code !== 0 && code !== 5) throw new Error(`verify ended with ${code}: ${stderr}${stdout}`);
  return { code, report: JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Report };
}

/** How many of the records of a name are in bronze. */
async function inBronze(name: string): Promise<number> {
  const files = join(stack.outputPath, 'bronze', '*.parquet');
  const [row] = await query(
    `SELECT count(*) AS rows FROM read_parquet('${files}') WHERE key LIKE '${name} %'`,
  );
  return Number(row?.['rows']);
}

const address = () => ({ host: '127.0.0.1', port: stack.ports.KAFKA_PORT });

/** The codecs of the batches of partition 0. */
async function codecsOfLog(): Promise<ReadonlySet<string | undefined>> {
  const connection = new LogConnection(address(), client.topic);
  await connection.connect();
  const codecs = new Set<string | undefined>();
  try {
    const end = await client.endOf(0);
    for (let next = 0; next < end; ) {
      for (const batch of batchesOf((await connection.fetch(0, next, 'read_committed')).log)) {
        codecs.add(codecOf(batch.codec)?.name);
        next = batch.lastOffset + 1;
      }
    }
  } finally {
    await connection.disconnect();
  }
  return codecs;
}

it('batches of every codec are read and compared', async () => {
  const before = sent;
  // The broker compresses what it receives, with the libraries of Java's clients. It applies a
  // topic's new configuration only after it has confirmed it (by a notification from ZooKeeper), so
  // a batch may still have the previous codec.
  for (const codec of ['gzip', 'snappy', 'lz4', 'zstd']) {
    await client.configure({ 'compression.type': codec });
    await until(
      () => `a batch compressed with ${codec}`,
      30_000,
      async () => {
        await client.sendBatch(events(codec, 500));
        return (await codecsOfLog()).has(codec) ? codec : undefined;
      },
    );
  }
  await client.configure({ 'compression.type': 'producer' });
  const others = sent - before;

  const { code, report } = await verified(['--deep']);
  expect(report).toMatchObject({ equal: true, differences: [], lag: 0 });
  expect(report.deep).toMatchObject({
    records: OWN_RECORDS + others,
    equalRows: { bronze: OWN_RECORDS + others },
  });
  expect(code).toBe(0);
});

it('records of a committed transaction are read, of an aborted one not, and markers are no lost records', async () => {
  await client.transact(events('committed', 5), 'commit');
  await client.transact(events('aborted', 7), 'abort');
  for (const args of [[], ['--deep']]) {
    const { code, report } = await verified(args);
    expect(report).toMatchObject({ equal: true, differences: [], lag: 0 });
    expect(report.partitions[0]).toMatchObject({ missing: 0, markers: 2, aborted: 7, compacted: 0 });
    expect(code).toBe(0);
  }
  expect(await inBronze('committed')).toBe(5);
  expect(await inBronze('aborted')).toBe(0);
  const text = await stack.run('verify');
  expect(text.stdout).toContain('2 hold transaction markers, 7 hold records of aborted transactions');
});

it('records of an open transaction are held back until it ends, and --wait does not wait for them', async () => {
  await client.transact(events('open', 3), async () => {
    await client.sendBatch(events('behind', 4));
    const { code, report } = await verified();
    expect(report).toMatchObject({ equal: true, lag: 0 });
    const [first] = report.partitions;
    expect((first?.logEnd ?? 0) - (first?.end ?? 0)).toBe(7);
    expect(code).toBe(0);
    expect((await stack.run('verify')).stdout).toContain('An open transaction holds back 7 offsets');
    expect(await inBronze('behind')).toBe(0);
    return 'commit';
  });
  expect((await verified(['--deep'])).report).toMatchObject({ equal: true, lag: 0 });
  expect(await inBronze('open')).toBe(3);
  expect(await inBronze('behind')).toBe(4);
});

it('read_uncommitted reads the records of aborted transactions, and verify goes by the same setting', async () => {
  const restart = async (level: string): Promise<void> => {
    expect((await stack.run('down')).code).toBe(0);
    const up = await stack.run('up', ['--kafka-isolation-level', level]);
    expect(up.stderr + up.stdout).toContain('Ready after');
  };
  const ofKind = (report: Report, wanted: string) => report.differences.filter(({ kind }) => kind === wanted);

  await restart('read_uncommitted');
  await client.transact(events('undone', 6), 'abort');
  const uncommitted = await verified(['--kafka-isolation-level', 'read_uncommitted']);
  expect(await inBronze('undone')).toBe(6);
  // For a reader that reads everything, the records that were aborted before are missing.
  expect(uncommitted.code).toBe(5);
  expect(uncommitted.report.differences).toMatchObject([{ kind: 'missing', count: 7 }]);

  await restart('read_committed');
  const committed = await verified(['--deep']);
  expect(committed.code).toBe(5);
  expect(ofKind(committed.report, 'missing')).toEqual([]);
  expect(ofKind(committed.report, 'aborted')).toMatchObject([{ count: 6 }]);
});

it('a compacted topic is compared for what is there', async () => {
  await client.sendBatch(events('old', 500));
  await verified();
  await client.configure({
    ...{ 'cleanup.policy': 'compact', 'segment.bytes': '300000', 'segment.ms': '1000' },
    ...{ 'min.cleanable.dirty.ratio': '0.01', 'min.compaction.lag.ms': '0', 'delete.retention.ms': '0' },
  });
  // Active segments are not compacted.
  await until(
    () => 'the broker has not compacted the topic',
    120_000,
    async () => {
      await client.sendBatch(events('latest', 1));
      const end = await client.endOf(0);
      return withTopicLog(address(), client.topic, 'read_committed', async (reader) => {
        let gone = 0;
        for await (const { from, to, content } of reader.contents(0, [{ from: 0, to: end }], undefined)) {
          if (content === 'compacted') gone += to - from;
        }
        return gone > 400 ? gone : undefined;
      });
    },
  );
  const read = await verified(['--deep']);
  expect(read.report.notCompared).toContainEqual(
    expect.objectContaining({ sink: 'bronze', reason: expect.stringContaining('compaction has removed') }),
  );

  const reset = await stack.run('reset', ['--keep-topic']);
  expect(reset.stderr + reset.stdout).toContain('Ready after');
  for (const args of [[], ['--deep']]) {
    const { code, report } = await verified(args);
    expect(report).toMatchObject({ equal: true, differences: [], lag: 0 });
    expect(report.partitions[0]?.compacted).toBeGreaterThan(400);
    expect(code).toBe(0);
  }
});
