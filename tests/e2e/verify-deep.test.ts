import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readGoldCheckpoint } from '../../orchestrator/lake/gold-checkpoint.ts';
import { query } from '../support/query.ts';
import { rewriteParquet } from '../support/rewrite-parquet.ts';
import { pidOf } from '../support/stack-status.ts';
import { TestClient } from '../support/test-client.ts';
import { TestStack } from '../support/test-stack.ts';
import { until } from '../support/until.ts';

const MINUTE_MS = 60_000;
const TOPIC = 'deep-test';

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.started({ KAFKA_TOPIC: TOPIC, MSGS_PER_SEC: '50', MAX_FILES_PER_SINK: '0' });
});
afterAll(() => stack?.discard());

const valueWith = (fields: Record<string, unknown>) =>
  JSON.stringify({
    txn_id: 'sent-by-the-test',
    event_ts: new Date().toISOString(),
    card_id: 'card-of-the-test',
    amount: 12.34,
    ...fields,
  });

interface Sent {
  readonly fault: string;
  readonly value: Buffer | string | null;
  readonly reason: string | null;
}

/**
 * Values that a producer without faults never sends, and the reason for those that give no silver
 * row.
 */
const MESSY: readonly Sent[] = [
  { fault: 'malformed:tombstone', value: null, reason: 'null_value' },
  { fault: 'malformed:broken', value: '{"txn_id":', reason: 'not_json_object' },
  { fault: 'malformed:no_utf8', value: Buffer.from('fffe7b7dc3', 'hex'), reason: 'not_json_object' },
  { fault: 'malformed:surrogate', value: Buffer.from('7beda0807d', 'hex'), reason: 'not_json_object' },
  { fault: 'malformed:null_byte', value: 'a\0b', reason: 'not_json_object' },
  { fault: 'malformed:txn_id', value: valueWith({ txn_id: undefined }), reason: 'missing_txn_id' },
  { fault: 'malformed:event_ts', value: valueWith({ event_ts: 'yesterday' }), reason: 'bad_event_ts' },
  { fault: 'malformed:amount', value: valueWith({ amount: 1.005 }), reason: 'bad_amount' },
  { fault: 'malformed:type', value: valueWith({ merchant: true }), reason: 'wrong_type' },
  {
    fault: 'odd_text',
    value: valueWith({ merchant: 'a,"b"\n\\ c\t ', city: ' ', category: '', user_id: 42 }),
    reason: null,
  },
  { fault: 'odd_text', value: valueWith({ city: '\0' }), reason: null },
  { fault: 'odd_text', value: valueWith({}).replace('card-of', '\\ud800-of'), reason: null },
  { fault: 'odd_number', value: valueWith({ lat: 1e-7, lon: -0 }).replace('12.34', '1234e-2'), reason: null },
  { fault: 'odd_number', value: valueWith({ lat: 1.7976931348623157e308, lon: 5e-324 }), reason: null },
  {
    fault: 'odd_bytes',
    value: Buffer.concat([
      Buffer.from(valueWith({}).slice(0, -1)),
      Buffer.from(',"city":"'),
      Buffer.from('eda080ff', 'hex'),
      Buffer.from('"}'),
    ]),
    reason: null,
  },
  // Two minutes after the stack's first events: open until the next event closes it and all windows
  // before it.
  {
    fault: 'early',
    value: valueWith({ event_ts: new Date(Date.now() + 2 * MINUTE_MS).toISOString() }),
    reason: null,
  },
];

/** Sends records to partition 0, one batch each, and returns their places. */
async function send(records: readonly Sent[]) {
  const messages = records.map(({ fault, value }) => ({ key: fault === 'odd_bytes' ? null : fault, value }));
  const offsets = await new TestClient(stack, TOPIC).send(messages);
  return records.map(({ fault, reason }, at) => ({
    ...{ partition: 0, offset: offsets[at], fault },
    expected_sink: reason === null ? 'silver' : 'quarantine',
    expected_reason: reason,
    txn_id: reason === null ? 'sent-by-the-test' : null,
    event_ts: null,
  }));
}

interface DeepResult {
  readonly equal: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly deep: {
    readonly records: number;
    readonly equalRows: Readonly<Record<string, number>>;
    readonly reasons: Readonly<Record<string, number>>;
  };
  readonly answerKey: {
    readonly faults: readonly {
      readonly fault: string;
      readonly expected: number;
      readonly found: number;
      readonly gold: Readonly<Record<string, number>>;
    }[];
  } | null;
  readonly gold: { readonly equalWindows: number; readonly watermark: string | null };
  readonly notCompared: readonly unknown[];
  readonly differences: readonly {
    readonly kind: string;
    readonly sink: string;
    readonly from: number;
    readonly detail: string;
  }[];
}

async function verify(...args: string[]): Promise<DeepResult> {
  const { code, stdout, stderr } = await stack.run('verify', ['--json', ...args]);
  if (code !== 0 && code !== 5) throw new Error(`verify ended with ${code}: ${stderr}${stdout}`);
  const result = JSON.parse(stdout) as DeepResult;
  expect(code).toBe(result.equal ? 0 : 5);
  return result;
}

/** The content of the copy of the outputs that is being changed. */
const fileOf = (folder: string, sink: string, at = 0): string => {
  const names = readdirSync(join(folder, 'parquet', sink)).filter((name) =>
    name.startsWith(sink.slice(0, 3)),
  );
  return join(folder, 'parquet', sink, names.sort()[at] ?? '');
};

const FIRST = 'SELECT min(("partition", "offset")) FROM';
const changed = (sql: string) => (rows: string) =>
  `SELECT * REPLACE (CASE WHEN ("partition", "offset") = (${FIRST} ${rows}) THEN ${sql})
   FROM ${rows}`;

/** Ten differences that a fault of the job could cause, each with what must be found. */
const PLANTED: readonly (readonly [string, (folder: string) => Promise<void> | void, RegExp])[] = [
  [
    'a row removed',
    (folder) => rewriteParquet(fileOf(folder, 'silver'), (rows) => `SELECT * FROM ${rows} OFFSET 1`),
    /in-neither bronze/,
  ],
  [
    'a row doubled',
    (folder) =>
      rewriteParquet(
        fileOf(folder, 'bronze'),
        (rows) => `SELECT * FROM ${rows} UNION ALL (SELECT * FROM ${rows} LIMIT 1)`,
      ),
    /doubled bronze/,
  ],
  [
    'an amount',
    (folder) =>
      rewriteParquet(
        fileOf(folder, 'silver'),
        changed('(amount + 0.01)::DECIMAL(18,2) ELSE amount END AS amount'),
      ),
    /value-wrong silver: amount is/,
  ],
  [
    'an event time',
    (folder) =>
      rewriteParquet(
        fileOf(folder, 'silver'),
        changed('event_time + INTERVAL 1 MICROSECOND ELSE event_time END AS event_time'),
      ),
    /value-wrong silver: event_time is/,
  ],
  [
    'a value of bronze',
    (folder) => rewriteParquet(fileOf(folder, 'bronze'), changed(`value || ' ' ELSE value END AS value`)),
    /value-wrong bronze: value from character \d+ on is/,
  ],
  [
    'kafka_ts',
    (folder) =>
      rewriteParquet(
        fileOf(folder, 'bronze'),
        changed('kafka_ts + INTERVAL 1 MILLISECOND ELSE kafka_ts END AS kafka_ts'),
      ),
    /value-wrong bronze: kafka_ts is/,
  ],
  ['a file removed', (folder) => rmSync(fileOf(folder, 'bronze', 1)), /missing bronze/],
  [
    'a reason',
    (folder) =>
      rewriteParquet(fileOf(folder, 'quarantine'), changed(`'not_a_reason' ELSE reason END AS reason`)),
    /wrong-reason quarantine/,
  ],
  [
    'a row in both',
    (folder) =>
      rewriteParquet(
        fileOf(folder, 'quarantine'),
        (rows) => `SELECT * FROM ${rows} UNION ALL
      SELECT 'x', kafka_ts, 'bad_amount', 'amount: x is no number', topic, "partition", "offset" FROM (SELECT * FROM read_parquet('${fileOf(folder, 'silver')}') LIMIT 1)`,
      ),
    /in-both silver/,
  ],
  [
    'a line of raw_csv',
    (folder) => {
      const file = fileOf(folder, 'raw_csv');
      const lines = readFileSync(file, 'utf8').split('\n');
      writeFileSync(
        file,
        lines.map((line, at) => (at === 1 ? line.replace(/-?\d+\.\d\d,/, '0.99,') : line)).join('\n'),
      );
    },
    /csv-values raw_csv: .*amount is "0.99", silver has/,
  ],
  [
    'a window of gold changed',
    (folder) =>
      rewriteParquet(
        fileOf(folder, 'gold'),
        (rows) => `SELECT * REPLACE (txn_count + 1 AS txn_count) FROM ${rows} LIMIT 1`,
      ),
    /gold-wrong gold/,
  ],
  ['windows of gold missing', (folder) => rmSync(fileOf(folder, 'gold')), /gold-missing gold/],
];

describe('verify --deep', () => {
  it('finds every value as the record gives it, and every record of the key where it should be', async () => {
    const key = await send(MESSY);
    // Closes all windows so far. Records are late once a micro-batch of gold has run with this
    // event's watermark.
    const closing = new Date(Date.now() + 9 * MINUTE_MS);
    const closed = new Date(closing.getTime() - 5 * MINUTE_MS).toISOString();
    await send([{ fault: 'closing', value: valueWith({ event_ts: closing.toISOString() }), reason: null }]);
    let watermark = '';
    await until(
      () => `the watermark of gold is ${watermark}, not ${closed}`,
      120_000,
      async () => {
        const { batches } = await readGoldCheckpoint(stack.outputPath, 'gold', 'the last batch');
        watermark = new Date(batches.at(-1)?.watermarkMs ?? 0).toISOString();
        return watermark >= closed || undefined;
      },
    );
    const committed = await verify('--wait', '--timeout', '120');
    expect(committed).toMatchObject({ equal: true, deep: null, answerKey: null });
    const late = await send([
      {
        fault: 'late',
        value: valueWith({ event_ts: new Date(Date.now() - MINUTE_MS).toISOString() }),
        reason: null,
      },
    ]);
    const lines = [...key, ...late].map((line) => `${JSON.stringify(line)}\n`).join('');
    writeFileSync(join(stack.folder, 'output', 'answer-key.jsonl'), lines);

    const result = await verify('--wait', '--deep', '--answer-key');
    expect(result.differences).toEqual([]);
    expect(result.notCompared).toEqual([]);
    const { counts, deep } = result;
    expect(deep.records).toBe(counts['bronze']);
    expect(deep.equalRows).toEqual({
      bronze: counts['bronze'],
      silver: counts['silver'],
      quarantine: MESSY.filter(({ reason }) => reason !== null).length,
    });
    expect(result.gold.equalWindows).toBeGreaterThan(10);
    const faults = new Map(result.answerKey?.faults.map((fault) => [fault.fault, fault]));
    expect([...faults.values()].map(({ expected, found }) => expected - found)).toEqual(
      [...faults].map(() => 0),
    );
    expect(faults.get('late')?.gold).toMatchObject({ dropped: 1, counted: 0 });
    expect(faults.get('early')?.gold).toMatchObject({ dropped: 0, counted: 1 });
  });

  it('ends on Ctrl-C with its own exit code and without anything left in the temporary folder', async () => {
    const temporary = join(stack.folder, 'tmp');
    mkdirSync(temporary);
    const { child, output, result } = stack.start('verify', ['--deep'], { TMPDIR: temporary });
    await until(
      () => `verify did not begin to compare: ${output.stderr}`,
      60_000,
      () => (output.stderr.includes('[compare] starting') ? true : undefined),
    );
    child.kill('SIGINT');
    const { code, stderr } = await result;
    expect(stderr).toContain('Interrupted. It had started nothing. [INTERRUPTED]');
    expect(code).toBe(130);
    expect(readdirSync(temporary).filter((name) => name.startsWith('medallion-stream-'))).toEqual([]);
  });

  it('leaves no consumer group in the broker', async () => {
    const { groups } = await new TestClient(stack, TOPIC).admin((admin) => admin.listGroups());
    expect(groups.filter(({ groupId }) => !groupId.startsWith('spark-kafka-source'))).toEqual([]);
  });

  it('reports a key that names the wrong sink, with its line', async () => {
    const key = join(stack.folder, 'wrong-key.jsonl');
    const line = {
      partition: 0,
      offset: 0,
      fault: 'late',
      expected_sink: 'quarantine',
      expected_reason: 'bad_amount',
    };
    writeFileSync(key, `${JSON.stringify({ ...line, txn_id: null, event_ts: null })}\n`);
    const { differences } = await verify('--answer-key', key);
    expect(differences.map(({ kind, from, detail }) => `${kind} ${from}: ${detail}`)).toEqual([
      'key-unfulfilled 0: line 1, late, should be in quarantine as bad_amount: it is in silver',
    ]);
  });

  describe('on a copy of the outputs in which a difference was planted', () => {
    let whole: string;
    let producer: number;

    beforeAll(async () => {
      // Nothing here needs further records, and their micro-batches would take the time of `verify`.
      producer = await pidOf(stack, 'producer');
      process.kill(producer, 'SIGSTOP');
      // From here on the outputs stay unchanged and the broker continues.
      const pid = await pidOf(stack, 'spark-streaming');
      process.kill(pid, 'SIGSTOP');
      whole = join(stack.folder, 'whole');
      try {
        cpSync(join(stack.folder, 'output'), whole, { recursive: true });
      } finally {
        process.kill(pid, 'SIGCONT');
      }
    });
    afterAll(() => process.kill(producer, 'SIGCONT'));

    it.each(PLANTED)('finds %s', async (_what, plant, expected) => {
      const folder = join(stack.folder, 'copy');
      cpSync(whole, folder, { recursive: true });
      try {
        await plant(folder);
        const { differences } = await verify('--deep', '--output-dir', folder);
        const found = differences.map(({ kind, sink, detail }) => `${kind} ${sink}: ${detail}`);
        expect(found).toContainEqual(expect.stringMatching(expected));
        expect(found.length).toBeLessThanOrEqual(400);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    it('is equal where nothing was planted, and the files that were rewritten still hold the types of the contract', async () => {
      const folder = join(stack.folder, 'copy');
      cpSync(whole, folder, { recursive: true });
      const types = (sink: string) =>
        query(
          `SELECT name, type, converted_type, logical_type FROM parquet_schema('${fileOf(folder, sink)}') WHERE name IN ('amount', 'event_time', 'kafka_ts', 'offset')`,
        );
      const before = await types('silver');
      await rewriteParquet(fileOf(folder, 'silver'), (rows) => `SELECT * FROM ${rows}`);
      expect((await types('silver')).map((row) => row['logical_type'])).toEqual(
        before.map((row) => row['logical_type']),
      );
      expect(await verify('--deep', '--output-dir', folder)).toMatchObject({ equal: true });
      rmSync(folder, { recursive: true });
    });
  });

  it('with --wait after `down` names the broker that does not answer', async () => {
    await stack.run('down');
    const { code, stderr } = await stack.run('verify', ['--wait']);
    expect(code).toBe(4);
    expect(stderr).toContain('KAFKA_UNREACHABLE');
  });
});
