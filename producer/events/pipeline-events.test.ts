import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadPipeline } from '../../orchestrator/pipeline/load-pipeline.ts';
import type { Item, Pipeline } from '../../orchestrator/pipeline/model.ts';
import { resolved } from '../../tests/support/resolved.ts';
import { createRecordStream, type FaultPlan, NO_FAULTS, SCENARIOS } from '../faults/record-stream.ts';
import { countedClock, STEADY } from '../generate/event-clock.ts';
import type { OutgoingRecord } from '../generate/event-source.ts';
import { reasonsBy } from './classified-events.ts';
import { contractEvents, type OpenWriter, pipelineEvents, sampleEvents } from './pipeline-events.ts';

const START_MS = Date.UTC(2026, 0, 1);
const projectDir = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'sample-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Wish {
  readonly writer?: OpenWriter;
  readonly plan?: FaultPlan;
  readonly count?: number;
  readonly seed?: string;
  readonly pauseMs?: number;
}

function recordsOf(pipeline: Pipeline, wish: Wish = {}): OutgoingRecord[] {
  const { writer = contractEvents(pipeline), plan = NO_FAULTS, count = 500, seed = '7', pauseMs = 1 } = wish;
  const open = pipelineEvents(pipeline, writer, START_MS);
  const clock = countedClock(START_MS, 5, STEADY);
  const stream = createRecordStream({ open, seed, clock, profile: STEADY, plan });
  return Array.from({ length: count }, (_, at) => stream.next(START_MS + at * pauseMs));
}

const eventsOf = (pipeline: Pipeline, wish?: Wish) =>
  recordsOf(pipeline, wish).map(({ value }) => JSON.parse(value ?? '') as Record<string, unknown>);

/** Wrong outcomes of records by the reading of the contract that `verify` has. */
function unexpected(pipeline: Pipeline, records: readonly OutgoingRecord[]): unknown[] {
  const reasonOf = reasonsBy(pipeline);
  return records.flatMap(({ value, timestampMs, trace }) => {
    const reason = value === null ? 'null_value' : reasonOf(value, timestampMs);
    return reason === trace?.reason ? [] : [{ value, reason, expected: trace?.reason, fault: trace?.fault }];
  });
}

const EVENT_TIME = '- { name: at, logicalType: timestamp, required: true }';
const PIPELINE = 'source: { topic: t, key: id }\nevent_time: { field: at, watermark: 1 minute }';
const ID = '- { name: id, logicalType: string, required: true }';

const PIPELINES: Readonly<Record<string, () => Pipeline>> = {
  everything: () => loadPipeline('./data/fixtures/pipelines/everything', projectDir),
  readings: () => loadPipeline('./data/fixtures/pipelines/readings', projectDir),
  'JDK patterns, decimals, limits': () =>
    resolved(
      `- { name: id, logicalType: integer, required: true }
- { name: at, logicalType: timestamp, required: true, logicalTypeOptions: { format: "M/d/yy H:mm" } }
- { name: amount, logicalType: number, physicalType: "decimal(9,3)", required: true, logicalTypeOptions: { minimum: 0.5, maximum: 2, multipleOf: 0.005 } }
- { name: lat, logicalType: number, required: true }
- { name: code, logicalType: string, required: true, logicalTypeOptions: { pattern: "^[A-Z]{2}-(?:\\\\d{3}|x+)$", maxLength: 7 } }
- { name: born, logicalType: date, logicalTypeOptions: { format: dd.MM.yyyy } }
- { name: tiny, logicalType: integer, logicalTypeOptions: { format: i8, exclusiveMinimum: 3 } }
- { name: open, logicalType: boolean }`,
      `${PIPELINE}\nunknown_fields: quarantine`,
    ),
  'conditions of one and several fields': () =>
    resolved(
      `${ID}\n${EVENT_TIME}
- { name: low, logicalType: integer, required: true }
- { name: high, logicalType: integer, required: true }
- { name: country, logicalType: string }
- name: where
  logicalType: object
  required: true
  properties: [{ name: zip, logicalType: string, required: true, logicalTypeOptions: { minLength: 5, maxLength: 5 } }]`,
      `${PIPELINE}
expectations:
  expect_or_quarantine:
    in_order: low <= high
    known_country: country IN ('NL', 'DE') AND country IS NOT NULL
    small: high BETWEEN 10 AND 60`,
    ),
  'the record’s own time': () =>
    resolved(
      `${ID}\n- { name: n, logicalType: number }`,
      'source: { topic: t }\nevent_time: { field: kafka_ts, watermark: 1 minute }',
    ),
};

/** Whether a field, or what is in it, has a constraint. */
const isConstrained = ({ type, constraints }: Item): boolean =>
  Object.keys(constraints).length > 0 ||
  (type.kind === 'object' && type.fields.some(isConstrained)) ||
  (type.kind === 'array' && isConstrained(type.items));

describe.each(Object.entries(PIPELINES))('events of a pipeline with %s', (_, pipelineOf) => {
  it('become silver rows', () => {
    const pipeline = pipelineOf();
    expect(unexpected(pipeline, recordsOf(pipeline, { count: 2000 }))).toEqual([]);
  });

  it('go to quarantine with the reason of the answer key where they are malformed', () => {
    const pipeline = pipelineOf();
    const records = recordsOf(pipeline, { plan: { ...NO_FAULTS, malformedRate: 1 }, count: 3000 });
    expect(unexpected(pipeline, records)).toEqual([]);
    const kinds = new Set(records.map(({ trace }) => trace?.fault?.split(':')[1]));
    const { unknownFields, eventTime, expectations } = pipeline;
    const has = (kind: string, is: boolean) => (is ? [kind] : []);
    expect([...kinds].toSorted()).toEqual(
      [
        ...['broken_json', 'missing_field', 'tombstone', 'wrong_type'],
        ...has('bad_timestamp', eventTime.field !== 'kafka_ts'),
        ...has('broken_constraint', pipeline.fields.some(isConstrained)),
        ...has('broken_expectation', expectations.expectOrQuarantine.length > 0),
        ...has('unknown_field', unknownFields === 'quarantine'),
      ].toSorted(),
    );
    const reasons = new Set(records.map(({ trace }) => trace?.reason));
    for (const { name, required } of pipeline.fields)
      if (required) expect(reasons).toContain(`missing_${name}`);
  });

  it('are the same bytes for a seed at any rate of sending, faults included', () => {
    const pipeline = pipelineOf();
    const digest = (wish: Wish) =>
      createHash('sha256')
        .update(
          JSON.stringify(
            recordsOf(pipeline, { plan: SCENARIOS.messy, count: 1000, ...wish }).map(
              ({ key, value, trace }) => [key, value, trace?.fault],
            ),
          ),
        )
        .digest('hex');
    expect(digest({ pauseMs: 0 })).toBe(digest({ pauseMs: 200 }));
    expect(digest({ seed: '8' })).not.toBe(digest({}));
  });
});

describe('values of a contract', () => {
  it('do not change when a field is added', () => {
    const before = eventsOf(resolved(`${ID}\n${EVENT_TIME}\n- { name: n, logicalType: integer }`, PIPELINE));
    const after = eventsOf(
      resolved(
        `${ID}\n- { name: more, logicalType: string }\n${EVENT_TIME}\n- { name: n, logicalType: integer }`,
        PIPELINE,
      ),
    );
    expect(after.map(({ more: _more, ...event }) => event)).toEqual(before);
  });

  it('differ in every event for the primary key, and repeat for the record’s key', () => {
    const events = eventsOf(
      resolved(
        `- { name: no, logicalType: string, required: true, primaryKey: true }\n${ID}\n${EVENT_TIME}`,
        PIPELINE,
      ),
      { count: 5000 },
    );
    expect(new Set(events.map(({ no }) => no)).size).toBe(5000);
    expect(new Set(events.map(({ id }) => id)).size).toBeLessThan(1001);
  });

  it('follow the hints', () => {
    const pipeline = resolved(
      `${ID}\n${EVENT_TIME}
- { name: amount, logicalType: number, physicalType: "decimal(10,2)", required: true }
- { name: country, logicalType: string, required: true }
- { name: status, logicalType: string, required: true }
- { name: seq, logicalType: integer, required: true }
- { name: from, logicalType: string, required: true }
- { name: to, logicalType: string, required: true }
- { name: note, logicalType: string }
- { name: lines, logicalType: array, required: true, items: { logicalType: object, properties: [{ name: price, logicalType: number, required: true }] } }`,
      `${PIPELINE}
generate:
  fields:
    amount: { distribution: lognormal, median: 20, spread: 1 }
    country: { values: [NL, DE], weights: [9, 1] }
    status: { constant: ok }
    seq: { sequence: { start: 5, step: 2 } }
    from: { faker: location.city }
    to: { same_as: from }
    note: { null_share: 1 }
    lines: { length: { min: 2, max: 2 } }
    "lines[].price": { distribution: uniform, min: 1, max: 2 }`,
    );
    const events = eventsOf(pipeline, { count: 4000 });
    const amounts = events.map(({ amount }) => Number(amount)).toSorted((one, two) => one - two);
    expect(Math.abs((amounts[2000] ?? 0) - 20)).toBeLessThan(2);
    const dutch = events.filter(({ country }) => country === 'NL').length / events.length;
    expect(Math.abs(dutch - 0.9)).toBeLessThan(0.03);
    expect(events.slice(0, 3).map(({ seq }) => seq)).toEqual([5, 7, 9]);
    expect(
      events.every(({ status, note, from, to }) => status === 'ok' && note === null && from === to),
    ).toBe(true);
    const lines = events.map((event) => event['lines'] as readonly { readonly price: number }[]);
    expect(lines.every((list) => list.length === 2)).toBe(true);
    expect(lines.flat().every(({ price }) => price >= 1 && price <= 2)).toBe(true);
  });

  it.each([
    [
      'a pattern that no text was found for',
      `- { name: x, logicalType: string, required: true, logicalTypeOptions: { pattern: "^(?!a)a$" } }`,
      '',
      /no value of x was found/,
    ],
    [
      'a hint outside the contract',
      `- { name: x, logicalType: integer, required: true, logicalTypeOptions: { maximum: 5 } }`,
      'generate: { fields: { x: { constant: 9 } } }',
      /reason bad_x: give/,
    ],
    [
      'a condition that no event meets',
      `- { name: x, logicalType: integer, required: true }`,
      'expectations: { expect_or_quarantine: { never: x < x } }',
      /reason never: give/,
    ],
  ])('are refused at the start: %s', (_, property, more, message) => {
    const pipeline = resolved(`${ID}\n${EVENT_TIME}\n${property}`, `${PIPELINE}\n${more}`);
    expect(() => pipelineEvents(pipeline, contractEvents(pipeline), START_MS)).toThrow(message);
  });
});

describe('a sample', () => {
  const pipeline = () =>
    resolved(
      `- { name: no, logicalType: string, required: true, primaryKey: true }
- { name: id, logicalType: string, required: true }
- { name: at, logicalType: timestamp, required: true }
- { name: seen, logicalType: timestamp }
- { name: amount, logicalType: number, physicalType: "decimal(9,2)" }`,
      PIPELINE,
    );
  const sample = (lines: readonly string[]) => {
    writeFileSync(join(folder, 'sample.jsonl'), lines.join('\n'));
    return sampleEvents(folder, pipeline(), START_MS);
  };
  const LINES = [
    '{"no": "ord-007", "id": "a", "at": "2020-05-01 10:00:00+02:00", "seen": "2020-05-01T07:59:00Z", "amount": 1.50, "more": [1, {"x": 1e3}]}',
    '{"no": "ord-009", "id": "b", "at": "2020-05-01T10:00:01.25Z", "seen": "1999-01-01T00:00:00Z", "amount": "2.00"}',
  ];

  it('is replayed in order with new times and ids in the form they had, and nothing else changed', () => {
    const { open } = sample(LINES);
    expect(recordsOf(pipeline(), { writer: open, count: 3 }).map(({ key, value }) => [key, value])).toEqual([
      [
        'a',
        '{"no": "ord-010", "id": "a", "at": "2026-01-01 02:00:00+02:00", "seen": "2025-12-31T23:59:00Z", "amount": 1.50, "more": [1, {"x": 1e3}]}',
      ],
      [
        'b',
        '{"no": "ord-011", "id": "b", "at": "2026-01-01T00:00:00.20Z", "seen": "1999-01-01T00:00:00Z", "amount": "2.00"}',
      ],
      [
        'a',
        '{"no": "ord-012", "id": "a", "at": "2026-01-01 02:00:00+02:00", "seen": "2025-12-31T23:59:00Z", "amount": 1.50, "more": [1, {"x": 1e3}]}',
      ],
    ]);
  });

  it('is replayed without the events that the pipeline would refuse, and says so', () => {
    const { open, note } = sample([...LINES, '{"no": "x"}', 'no json']);
    expect(note).toBe(
      '2 of 4 events of sample.jsonl would go to quarantine (missing_id 1, not_json_object 1) and are not replayed',
    );
    const records = recordsOf(pipeline(), { writer: open, plan: SCENARIOS.messy, count: 3000 });
    expect(unexpected(pipeline(), records)).toEqual([]);
    expect(
      new Set(records.filter(({ trace }) => trace?.fault === 'hot_key').map(({ key }) => key)).size,
    ).toBe(1);
  });

  it('is refused where no event of it is right', () => {
    expect(() => sample(['{"no": "x"}'])).toThrow(
      /none of the 1 events of .*sample.jsonl becomes a silver row \(missing_id 1\)/,
    );
  });
});
