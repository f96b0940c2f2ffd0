import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { everything } from '../../tests/support/orders.ts';
import { KAFKA_MS, type PlantedRecord, PlantedTopic } from '../../tests/support/planted-topic.ts';
import { rewriteParquet } from '../../tests/support/rewrite-parquet.ts';
import { sqlType } from '../lake/pipeline-sql.ts';
import { peekOutputs } from '../peek/peek-outputs.ts';
import { queryCsv, queryOutputs } from '../peek/sql/query-outputs.ts';
import { type Field, type Pipeline, silverColumns } from '../pipeline/model.ts';
import { pipelineChanges } from '../pipeline/pipeline-changes.ts';
import { verifyOutputs } from './verify-outputs.ts';

/*
 * Outputs of a pipeline that gains optional fields while it runs: each micro-batch is written by
 * the pipeline of its time, and all of them are verified with the last pipeline.
 */

const TEXT = { kind: 'string' } as const;
const HOUR = 3_600_000;
const INTEGER = { kind: 'integer' } as const;
const optional = (name: string, type: Field['type']): Field => ({
  ...{ name, type, required: false, constraints: {} },
});
const ID: Field = { ...optional('id', TEXT), required: true };
const AMOUNT: Field = { ...ID, name: 'amount', type: INTEGER, constraints: { minimum: '0' } };
const NOTE = optional('note', INTEGER);
const deviceOf = (...more: readonly Field[]) =>
  optional('device', { kind: 'object', fields: [...more, optional('os', TEXT)] });
const itemsOf = (...more: readonly Field[]) => {
  const type = { kind: 'object', fields: [optional('sku', TEXT), ...more] } as const;
  return optional('items', { kind: 'array', items: { required: true, type, constraints: {} } });
};

function pipelineOf(fields: readonly Field[], csv: readonly string[]): Pipeline {
  const measures = [{ name: 'n', function: 'count', argument: null, type: INTEGER }] as const;
  return {
    ...everything,
    fields,
    unknownFields: 'ignore',
    expectations: { expect: [], expectOrQuarantine: [] },
    rawCsv: { columns: csv },
    gold: [{ name: 'gold', groupBy: ['id'], windowMs: HOUR, slideMs: HOUR, measures }],
  };
}

const FIRST = pipelineOf([ID, AMOUNT, deviceOf(), itemsOf()], ['id', 'event_time', 'amount', 'device']);
const WITH_NOTE = pipelineOf(
  [ID, NOTE, AMOUNT, deviceOf(), itemsOf()],
  ['id', 'note', 'event_time', 'amount', 'device'],
);
const NESTED = [
  ...[deviceOf(optional('model', INTEGER)), itemsOf(optional('colour', TEXT))],
  optional('place', { kind: 'object', fields: [{ ...optional('city', TEXT), required: true }] }),
] as const;
const WITH_ALL = pipelineOf(
  [ID, NOTE, AMOUNT, ...NESTED],
  ['id', 'note', 'event_time', 'amount', 'device', 'place'],
);

let topic: PlantedTopic;
let offset: number;
let batch: number;

beforeEach(async () => {
  topic = await PlantedTopic.create(FIRST);
  [offset, batch] = [0, 0];
});
afterEach(() => topic.outputs.remove());

/**
 * An event's members besides id and amount, and the columns of its silver row for them, as SQL; or
 * why it is in quarantine.
 */
type Sent = readonly [
  event: Readonly<Record<string, unknown>>,
  became: Readonly<Record<string, string>> | string,
  partition?: number,
];

/** A micro-batch that is read by a pipeline. */
async function read(pipeline: Pipeline, ...sent: readonly Sent[]): Promise<void> {
  const records = sent.map(([event, became, partition = 0]): PlantedRecord => {
    const kafkaMs = KAFKA_MS + 60_000 * batch;
    const record = {
      ...{ partition, offset: offset++, kafkaMs },
      value: JSON.stringify({ id: 'a', amount: 1, ...event }),
    };
    if (typeof became === 'string') return { ...record, reason: became };
    const own = silverColumns(pipeline.fields, pipeline.eventTime).slice(0, pipeline.fields.length);
    const values: Readonly<Record<string, string>> = { id: "'a'", amount: '1', ...became };
    const columns = own.map(({ name, type }) => [name, `(${values[name] ?? 'NULL'})::${sqlType(type)}`]);
    return {
      ...record,
      silver: {
        ...Object.fromEntries(columns),
        event_time: `make_timestamptz(${kafkaMs}::BIGINT * 1000)`,
      },
    };
  });
  await topic.batch(batch, records, KAFKA_MS + 60_000 * batch - 120_000, pipeline);
  batch += 1;
}

async function verify(pipeline: Pipeline, deep = true) {
  const { differences, ...report } = await verifyOutputs({
    outputPath: topic.outputs.path,
    pipeline,
    topic: {
      name: 'orders',
      partitions: Object.entries(topic.ends).map(([partition, endOffset]) => ({
        ...{ partition: Number(partition), beginOffset: 0, endOffset },
      })),
    },
    reader: topic,
    ...(deep && { deep: { records: topic } }),
  });
  const found = differences.map(
    ({ kind, sink, from, detail }) => `${kind} ${sink}${from === null ? '' : ` ${from}`}: ${detail}`,
  );
  return { report, found };
}

test('the additions here are compatible with what was there', () => {
  expect(pipelineChanges(FIRST, WITH_NOTE)).toEqual({ added: ['the field note'], changed: [] });
  expect(pipelineChanges(WITH_NOTE, WITH_ALL).changed).toEqual([]);
});

test('a value that was there before its field is no difference, in no partition', async () => {
  // Partition 1 has no record after the change, partition 2 none before it.
  await read(FIRST, [{ note: 5 }, {}], [{ note: 6 }, {}, 1]);
  await read(FIRST, [{ note: 7 }, {}]);
  await read(WITH_NOTE, [{ note: 8 }, { note: '8' }], [{}, {}], [{ note: 9 }, { note: '9' }, 2]);
  const { report, found } = await verify(WITH_NOTE);
  expect(found).toEqual([]);
  expect(report.deep?.equalRows).toEqual({ bronze: 6, silver: 6, quarantine: 0 });
  expect((await verify(WITH_NOTE, false)).found).toEqual([]);
});

test('a value of another type was no fault before its field, and counts in gold', async () => {
  const byMinute = (pipeline: Pipeline): Pipeline => ({
    ...pipeline,
    gold: pipeline.gold.map((table) => ({ ...table, windowMs: 60_000, slideMs: 60_000 })),
  });
  const [first, withNote] = [byMinute(FIRST), byMinute(WITH_NOTE)];
  await read(first, [{ note: 'x' }, {}], [{ note: 'x', amount: -1 }, 'bad_amount']);
  await read(withNote, [{ note: 'x' }, 'wrong_type'], [{ note: 1 }, { note: '1' }]);
  await read(withNote, [{ note: 'x', amount: -1 }, 'wrong_type'], [{}, {}]);
  // The watermark of the fourth micro-batch has closed the windows of the first two.
  await read(withNote, [{}, {}]);
  await read(withNote, [{}, {}]);
  const start = (minute: number) =>
    `make_timestamptz(${Math.floor(KAFKA_MS / 60_000 + minute) * 60_000}::BIGINT * 1000)`;
  const window = (minute: number, n: number) => `SELECT 'a' AS id, ${start(minute)} AS window_start,
    ${start(minute + 1)} AS window_end, ${n}::BIGINT AS n`;
  const gold = topic.outputs.fileOf('gold', 9);
  await topic.outputs.parquet(gold, `${window(0, 1)} UNION ALL ${window(1, 1)}`);
  const { report, found } = await verify(withNote);
  expect(found).toEqual([]);
  expect(report.gold.equalWindows).toBe(2);
  expect(report.deep?.reasons).toEqual({ bad_amount: 1, wrong_type: 2 });
  await topic.outputs.parquet(gold, `${window(0, 2)} UNION ALL ${window(1, 1)}`);
  expect((await verify(withNote)).found).toEqual([expect.stringMatching(/^gold-wrong gold: id "a"/)]);
});

/**
 * An event with values for fields within others, and its rows before and after these were added.
 */
const DEEP_EVENT = {
  note: 4,
  device: { model: 3, os: 'x' },
  items: [{ sku: 's', colour: 'red' }, { colour: 'blue' }],
  place: { city: 'Oslo' },
};
const BEFORE = { device: "{'os': 'x'}", items: "[{'sku': 's'}, {'sku': NULL}]" };
const AFTER = {
  note: '4',
  device: "{'model': 3, 'os': 'x'}",
  items: "[{'sku': 's', 'colour': 'red'}, {'sku': NULL, 'colour': 'blue'}]",
  place: "{'city': 'Oslo'}",
};

test('fields within objects and arrays may be added', async () => {
  await read(WITH_NOTE, [DEEP_EVENT, { ...BEFORE, note: '4' }]);
  await read(WITH_NOTE, [
    { device: { model: 'x' }, items: [{ colour: [] }], place: {} },
    { device: "{'os': NULL}", items: "[{'sku': NULL}]" },
  ]);
  await read(WITH_ALL, [DEEP_EVENT, AFTER]);
  await read(WITH_ALL, [{ device: { model: 'x' } }, 'wrong_type'], [{ place: {} }, 'wrong_type']);
  await read(WITH_ALL, [{ items: [{ colour: [] }] }, 'wrong_type'], [{}, {}]);
  const { report, found } = await verify(WITH_ALL);
  expect(found).toEqual([]);
  expect(report.deep?.equalRows).toEqual({ bronze: 7, silver: 4, quarantine: 3 });
});

describe('with fields added one after another', () => {
  beforeEach(async () => {
    await read(FIRST, [DEEP_EVENT, BEFORE], [{ note: 'x' }, {}]);
    await read(WITH_NOTE, [DEEP_EVENT, { ...BEFORE, note: '4' }], [{ note: 'x' }, 'wrong_type']);
    await read(WITH_NOTE, [{ note: 2, place: 1 }, { note: '2' }], [{ amount: -1 }, 'bad_amount']);
    await read(WITH_ALL, [DEEP_EVENT, AFTER], [{ place: 1 }, 'wrong_type']);
  });

  test('each record is compared by the pipeline of its time', async () => {
    const { report, found } = await verify(WITH_ALL);
    expect(found).toEqual([]);
    expect(report.deep?.equalRows).toEqual({ bronze: 8, silver: 5, quarantine: 3 });
    expect((await verify(WITH_ALL, false)).found).toEqual([]);
  });

  test('parts of a micro-batch count as one', async () => {
    const { outputs } = topic;
    for (const sink of ['bronze', 'silver'] as const) {
      const rows = `FROM read_parquet('${outputs.fileOf(sink, 0)}')`;
      await outputs.parquet(outputs.fileOf(sink, '0_0'), `${rows} WHERE "offset" < 1`);
      await outputs.parquet(outputs.fileOf(sink, '0_1'), `${rows} WHERE "offset" = 1`);
      await rm(outputs.fileOf(sink, 0));
    }
    await rename(outputs.fileOf('raw_csv', 0), outputs.fileOf('raw_csv', '0_0'));
    await rm(`${outputs.path}/_chk/gold`, { recursive: true });
    expect((await verify(WITH_ALL)).found).toEqual([]);
  });

  test.each([
    [0, 0, { amount: '2::BIGINT' }, 'value-wrong silver 0: amount is 2, its record gives 1; in batch 0'],
    [
      ...[0, 0, { device: "{'os': 'y'}" }],
      'value-wrong silver 0: device is {"os":"y","model":null}, its record gives {"model":null,"os":"x"}; in batch 0',
    ],
    [1, 2, { note: 'NULL::BIGINT' }, 'value-wrong silver 2: note is null, its record gives 4; in batch 1'],
    [
      ...[3, 6, { place: "{'city': 'Rome'}" }],
      'value-wrong silver 6: place is {"city":"Rome"}, its record gives {"city":"Oslo"}; in batch 3',
    ],
  ] as const)('a difference in micro-batch %i is found at offset %i: %j', async (at, of, to, expected) => {
    await rewriteParquet(topic.outputs.fileOf('silver', at), (rows) => {
      const columns = Object.entries(to).map(
        ([name, sql]) => `CASE WHEN "offset" = ${of} THEN ${sql} ELSE ${name} END AS ${name}`,
      );
      return `SELECT * REPLACE (${columns.join(', ')}) FROM ${rows}`;
    });
    const { found } = await verify(WITH_ALL);
    expect(found.filter((each) => !each.startsWith('csv-values'))).toEqual([expected]);
  });

  test('a silver file that lacks a column which an earlier one has is a difference', async () => {
    await rewriteParquet(topic.outputs.fileOf('silver', 2), (rows) => `SELECT * EXCLUDE (note) FROM ${rows}`);
    expect((await verify(WITH_ALL)).found).toEqual([
      expect.stringMatching(/^csv-values raw_csv: batch 2 .*note is "2", silver has null/),
      'value-wrong silver 4: note is null, its record gives 2; in batch 2',
    ]);
  });

  test('a record that landed in the other sink is found, before and after', async () => {
    const { outputs } = topic;
    const lineage = 'topic, "partition", "offset"';
    for (const [at, of] of [
      [0, 1],
      [3, 6],
    ] as const) {
      const bronze = `read_parquet('${outputs.fileOf('bronze', at)}')`;
      const row = `SELECT value AS bad_json, kafka_ts AS bad_ingest_ts, 'wrong_type' AS reason, 'what is wrong' AS detail, ${lineage}
        FROM ${bronze} WHERE "offset" >= ${of}`;
      await outputs.parquet(outputs.fileOf('quarantine', at), row);
      await rewriteParquet(
        outputs.fileOf('silver', at),
        (rows) => `SELECT * FROM ${rows} WHERE "offset" <> ${of}`,
      );
    }
    const { found } = await verify(WITH_ALL);
    expect(found.filter((each) => each.startsWith('wrong-sink'))).toEqual([
      'wrong-sink quarantine 1: in quarantine as wrong_type; by its value it belongs in silver',
      'wrong-sink quarantine 6: in quarantine as wrong_type; by its value it belongs in silver',
    ]);
  });

  test('a line of raw_csv that differs is found, before and after', async () => {
    for (const at of [0, 3]) {
      const path = topic.outputs.fileOf('raw_csv', at);
      const content = await readFile(path, 'utf8');
      await writeFile(path, content.replace('""os"":""x""', '""os"":""y""'));
    }
    expect((await verify(WITH_ALL)).found).toEqual([
      expect.stringMatching(/^csv-values raw_csv: batch 0 .*: device is .*"y".*, silver has .*"x"/),
      expect.stringMatching(/^csv-values raw_csv: batch 3 .*: device is .*"y".*, silver has .*"x"/),
    ]);
  });

  test('raw_csv can be peeked at and queried with the present columns', async () => {
    const options = { outputPath: topic.outputs.path, pipeline: WITH_ALL };
    expect((await peekOutputs({ ...options, sink: 'raw_csv', limit: 9 })).rows).toHaveLength(5);
    let answer = '';
    const sql = 'SELECT amount, note, place FROM raw_csv ORDER BY ALL NULLS FIRST';
    await queryOutputs({ ...options, sql }, async (result) => {
      for await (const chunk of queryCsv(result)) answer += chunk;
    });
    expect(answer.trim().split(/\r?\n/)).toEqual([
      ...['amount,note,place', '1,,', '1,,', '1,2,', '1,4,', '1,4,"{""city"":""Oslo""}"'],
    ]);
  });
});

describe('where only quarantine was written around the time when a field was added', () => {
  const strict = (pipeline: Pipeline): Pipeline => ({ ...pipeline, unknownFields: 'quarantine' });

  test('a record may be in quarantine by either pipeline', async () => {
    await read(strict(FIRST), [{}, {}]);
    await read(strict(FIRST), [{ note: 1 }, 'unknown_field'], [{ note: 1, amount: -1 }, 'unknown_field']);
    await read(strict(WITH_NOTE), [{ note: 1, amount: -1 }, 'bad_amount'], [{ note: 'x' }, 'wrong_type']);
    expect((await verify(strict(WITH_NOTE))).found).toEqual([]);
    await read(strict(WITH_NOTE), [{ note: 1 }, { note: '1' }], [{ note: 1, amount: -1 }, 'bad_amount']);
    expect((await verify(strict(WITH_NOTE))).found).toEqual([]);
  });

  test('a reason that neither gives is a difference, and so is that of the other pipeline where silver shows which one applied', async () => {
    await read(strict(FIRST), [{}, {}], [{ note: 1, amount: -1 }, 'bad_amount']);
    await read(strict(FIRST), [{ note: 1, amount: -1 }, 'wrong_type']);
    await read(strict(WITH_NOTE), [{ note: 1 }, { note: '1' }], [{ note: 1, amount: -1 }, 'unknown_field']);
    expect((await verify(strict(WITH_NOTE))).found).toEqual([
      expect.stringMatching(/^wrong-reason quarantine 1: in quarantine as bad_amount; .* as unknown_field$/),
      expect.stringMatching(/^wrong-reason quarantine 2: in quarantine as wrong_type; /),
      expect.stringMatching(/^wrong-reason quarantine 4: in quarantine as unknown_field; .* as bad_amount$/),
    ]);
  });
});
