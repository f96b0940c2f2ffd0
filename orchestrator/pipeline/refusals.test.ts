import { describe, expect, it } from 'vitest';
import { errorText, ProductError } from '../util/product-error.ts';
import type { Pipeline } from './model.ts';
import { resolvePipeline } from './resolve.ts';

const CONTRACT = `apiVersion: v3.1.0
kind: DataContract
id: test
version: 1.0.0
status: draft
schema:
  - name: events
    physicalType: topic
    properties:
      - { name: id, logicalType: string, required: true }
      - { name: at, logicalType: timestamp, required: true }
      - { name: amount, logicalType: number, physicalType: 'decimal(18,2)' }
      - PROPERTY
`;
const PIPELINE = `source: { topic: events, key: id }
event_time: { field: at, watermark: 5 minutes }
gold:
  - { name: gold, group_by: [id], window: 1 minute, measures: { events: count(*) } }
`;

function resolveTexts({ contract = CONTRACT, pipeline = PIPELINE }): Pipeline {
  return resolvePipeline({
    name: 'test',
    pipelineFile: 'pipeline.yml',
    pipelineText: () => pipeline,
    contract: (name) => ({ file: name, text: contract.replace('      - PROPERTY\n', '') }),
  });
}

/** The lines of the refusal. */
function refusalsOf(texts: { contract?: string; pipeline?: string }): string[] {
  try {
    resolveTexts(texts);
  } catch (error) {
    if (!(error instanceof ProductError) || error.code !== 'BAD_PIPELINE') throw error;
    const lines = error.message.split('\n');
    expect(lines.filter((line) => !/^[\w.]+:\d+:\d+: .+; allowed: .+\.$/su.test(line))).toEqual([]);
    expect(error.exitCode).toBe(2);
    expect(errorText(error)).toContain('npm run generate');
    expect(errorText(error)).not.toMatch(/^ +at /m);
    return lines;
  }
  return [];
}

const withProperty = (property: string) => CONTRACT.replace('PROPERTY', () => property);
const withGold = (table: string) => PIPELINE.replace(/gold:\n.*\n/, `gold:\n  - ${table}\n`);

const CONTRACTS = [
  ['apiVersion: v3.1.0', 'apiVersion: v3.0.2', '1:13: "v3.0.2" is not supported here; allowed: v3.1.0.'],
  ['kind: DataContract', 'kind: Data', '2:7: "Data" is not supported here; allowed: DataContract.'],
  [
    'id: test',
    'ident: test',
    '3:1: the key "ident" is not supported here; allowed: kind, apiVersion, schema',
  ],
  ['id: test', 'id: [test', '4:1: '],
  ['id: test', 'kind: x', '3:1: Map keys must be unique'],
  ['id: test', 'id: !ref test', '3:5: Unresolved tag: !ref'],
  ['physicalType: topic', 'physicalType: table', '8:19: "table" is not supported here; allowed: topic.'],
  ['    physicalType: topic\n', '', '7:5: physicalType is missing; allowed: a mapping with physicalType.'],
  [
    'name: events',
    'name: events\n    physicalName: other',
    '8:19: "other" is not the topic of pipeline.yml; allowed: events.',
  ],
  [
    '    properties:',
    '  - name: second\n    properties:',
    '9:5: the schema has 2 objects; allowed: one, the event of the topic.',
  ],
  [
    '    properties:',
    '    quality: [{ metric: rowCount, mustBe: 1 }]\n    properties:',
    '9:25: "rowCount" is not supported here; allowed: invalidValues.',
  ],
  ['{ name: id,', '{ nam: id,', '10:11: the key "nam" is not supported here; allowed: name, logicalType'],
  [
    '{ name: id,',
    '{ name: "",',
    '10:17: "" is no name of a column; allowed: 1 to 255 characters, none of them a control character.',
  ],
  ['{ name: id,', '{ name: "a\\tb",', '10:17: "a\\tb" is no name of a column; allowed: 1 to 255 characters'],
  ['{ name: id,', '{ name: "a\\u007f",', '10:17: "a\u007f" is no name of a column'],
  ['{ name: id,', '{ name: "a\\x85b",', '10:17: "a\u0085b" is no name of a column'],
  ['{ name: id,', '{ name: "\\ud83d",', '10:17: "\\ud83d" is no name of a column'],
  [
    '{ name: id,',
    `{ name: ${'x'.repeat(256)},`,
    `10:17: "${'x'.repeat(256)}" is no name of a column; allowed: 1 to 255 characters`,
  ],
  ['{ name: id,', '{ name: null,', '10:17: nothing is no text'],
  ['{ name: id,', '{ name: 12,', '10:17: 12 is no text'],
  [
    'name: amount',
    'name: ID',
    '12:17: ID is there twice (as id); allowed: names that differ by more than upper and lower case.',
  ],
  [
    'name: amount',
    'name: "İd"',
    '12:17: İd is there twice (as id); allowed: names that differ by more than upper and lower case.',
  ],
  ['name: amount', 'name: Kafka_tſ', '12:17: silver has a column kafka_ts of its own'],
  [
    'name: amount',
    'name: Partition',
    '12:17: silver has a column partition of its own; allowed: names but event_time, kafka_ts',
  ],
  [
    'required: true }\n      - { name: at',
    'required: yes }\n      - { name: at',
    '10:52: "yes" is neither true nor false; allowed: true or false.',
  ],
  [
    'decimal(18,2)',
    'decimal(39,2)',
    '12:60: "decimal(39,2)" is not supported here; allowed: decimal(p,s) with at most 38 digits, double.',
  ],
  ['decimal(18,2)', 'decimal(2,3)', '12:60: "decimal(2,3)" is not supported here'],
  ['decimal(18,2)', 'float', '12:60: "float" is not supported here'],
] as const;

const PROPERTIES = [
  [
    '{ name: a, logicalType: time }',
    '33: "time" is not supported here; allowed: string, integer, number, boolean',
  ],
  ['{ name: a }', '9: logicalType is missing'],
  [
    '{ name: a, logicalType: string, unique: true }',
    '49: that values are unique is not checked; allowed: false.',
  ],
  [
    '{ name: a, logicalType: string, physicalName: b }',
    '55: "b" is another name than the property\'s; allowed: a.',
  ],
  [
    '{ name: a, logicalType: string, physicalType: varchar(10) }',
    '55: "varchar(10)" is not supported here; allowed: string.',
  ],
  [
    '{ name: a, logicalType: string, items: { logicalType: string } }',
    '48: of a property of logicalType string; allowed: of an array alone.',
  ],
  [
    '{ name: a, logicalType: string, customProperties: [{ property: epoch, value: seconds }] }',
    '86: of a property of logicalType string; allowed: of a timestamp alone.',
  ],
  [
    '{ name: a, logicalType: timestamp, customProperties: [{ property: epoch, value: hours }] }',
    '89: "hours" is not supported here; allowed: seconds, milliseconds, microseconds.',
  ],
  ['{ name: a, logicalType: object }', '9: the object has no properties'],
  ['{ name: a, logicalType: object, properties: [] }', '53: there are no properties'],
  ['{ name: a, logicalType: array }', '9: the array has no items'],
  [
    '{ name: a, logicalType: array, items: { logicalType: number, minimum: 1 } }',
    '70: the key "minimum" is not supported here',
  ],
  [
    `${'{ name: a, logicalType: array, items: '.repeat(1)}${'{ logicalType: array, items: '.repeat(10)}{ logicalType: string }${' }'.repeat(11)}`,
    '308: objects and arrays are nested too deeply; allowed: 10 levels.',
  ],
  [
    '{ name: a, logicalType: string, logicalTypeOptions: { minimum: 1 } }',
    '63: the key "minimum" is not supported here; allowed: minLength, maxLength, pattern, format.',
  ],
  ['{ name: a, logicalType: string, logicalTypeOptions: { minLength: -1 } }', '74: -1 is out of range'],
  [
    '{ name: a, logicalType: string, logicalTypeOptions: { minLength: 3, maxLength: 2 } }',
    '88: 2 is below minLength; allowed: 3 or more.',
  ],
  [
    '{ name: a, logicalType: string, logicalTypeOptions: { format: phone } }',
    '71: "phone" is not supported here; allowed: uuid, email, ipv4, ipv6, hostname, uri, password.',
  ],
  [
    "{ name: a, logicalType: string, logicalTypeOptions: { pattern: '^(a+)+$' } }",
    '78: a group is repeated without a bound; allowed: at most 100 times',
  ],
  [
    '{ name: a, logicalType: boolean, logicalTypeOptions: { format: x } }',
    '64: the key "format" is not supported here',
  ],
  [
    '{ name: a, logicalType: integer, logicalTypeOptions: { format: u64 } }',
    '72: "u64" is not supported here; allowed: i8, i16, i32, i64, u8, u16, u32.',
  ],
  [
    '{ name: a, logicalType: integer, logicalTypeOptions: { minimum: 0.5 } }',
    '73: 0.5 is no such value; allowed: a whole number of 64 bits.',
  ],
  [
    '{ name: a, logicalType: integer, logicalTypeOptions: { minimum: 0x10 } }',
    '73: 0x10 is not such a number',
  ],
  ["{ name: a, logicalType: integer, logicalTypeOptions: { minimum: '1' } }", '73: "1" is not such a number'],
  [
    '{ name: a, logicalType: number, logicalTypeOptions: { multipleOf: 0.01 } }',
    '63: the key "multipleOf" is not supported here',
  ],
  [
    '{ name: a, logicalType: integer, logicalTypeOptions: { multipleOf: 0 } }',
    '76: 0 is not above 0; allowed: a number above 0.',
  ],
  [
    '{ name: a, logicalType: number, logicalTypeOptions: { format: f32 } }',
    '71: "f32" is not supported here; allowed: f64.',
  ],
  [
    '{ name: a, logicalType: number, physicalType: "decimal(9,2)", logicalTypeOptions: { minimum: 1e3 } }',
    '102: 1e3 is no such value; allowed: a number without an exponent',
  ],
  [
    '{ name: a, logicalType: date, logicalTypeOptions: { minimum: 2020-02-30 } }',
    '70: "2020-02-30" is no such value; allowed: a date such as',
  ],
  [
    '{ name: a, logicalType: date, logicalTypeOptions: { format: HH:mm } }',
    '69: the pattern does not name one year; allowed: year, month and day',
  ],
  [
    '{ name: a, logicalType: timestamp, logicalTypeOptions: { format: yyyy-MM-dd E } }',
    '85: E is not supported in a pattern; allowed: yyyy uuuu yy',
  ],
  [
    '{ name: a, logicalType: timestamp, logicalTypeOptions: { defaultTimezone: Europe/Berlin } }',
    '83: "Europe/Berlin" has no fixed offset; allowed: UTC, or an offset such as +02:00',
  ],
  [
    '{ name: a, logicalType: array, logicalTypeOptions: { uniqueItems: true }, items: { logicalType: string } }',
    '75: that items are unique is not checked',
  ],
  [
    '{ name: a, logicalType: object, logicalTypeOptions: { required: [b] }, properties: [{ name: c, logicalType: string }] }',
    '74: "b" is not supported here; allowed: c.',
  ],
  [
    '{ name: a, logicalType: string, quality: [{ type: sql, query: SELECT 1, mustBe: 0 }] }',
    '59: "sql" is not supported here; allowed: text, library.',
  ],
  [
    '{ name: a, logicalType: string, quality: [{ metric: nullValues, mustBe: 0 }] }',
    '61: "nullValues" is not supported here; allowed: invalidValues.',
  ],
  [
    '{ name: a, logicalType: string, quality: [{ metric: invalidValues, mustBeLessThan: 5, arguments: { validValues: [a] } }] }',
    '76: the key "mustBeLessThan" is not supported here',
  ],
  [
    '{ name: a, logicalType: string, quality: [{ metric: invalidValues, mustBe: 5, arguments: { validValues: [a] } }] }',
    '84: 5 invalid values; allowed: 0.',
  ],
  [
    '{ name: a, logicalType: string, quality: [{ metric: invalidValues, mustBe: 0, arguments: { validValues: [1] } }] }',
    '114: 1 is no text; allowed: a text in quotes.',
  ],
  [
    '{ name: a, logicalType: string, quality: [{ metric: invalidValues, mustBe: 0, arguments: { validValues: [] } }] }',
    '113: there are no valid values',
  ],
] as const;

const PIPELINES = [
  ['topic: events,', '', '1:9: topic is missing'],
  ['topic: events', 'topic: two words', '1:18: "two words" is no topic\'s name'],
  [
    'topic: events',
    'topic: events, partitions: 0',
    '1:38: 0 is out of range; allowed: a whole number from 1 to 1000.',
  ],
  ['key: id', 'key: card', '1:31: "card" is not supported here; allowed: id, at, amount.'],
  [
    'event_time:',
    'event-time:',
    '2:1: the key "event-time" is not supported here; allowed: contract, source, event_time',
  ],
  [
    'field: at',
    'field: amount',
    '2:22: amount is of type decimal; allowed: a required timestamp: at, kafka_ts.',
  ],
  ['field: at', 'field: then', '2:22: "then" is not supported here; allowed: at, kafka_ts.'],
  [
    '5 minutes',
    '5 minuts',
    '2:37: "5 minuts" is no duration; allowed: a count and a unit, such as "30 seconds"',
  ],
  ['5 minutes', '5', '2:37: 5 is no text; allowed: a count and a unit'],
  ['5 minutes', '1 month', '2:37: "1 month" is no duration'],
  ['5 minutes', '999999 days', '2:37: "999999 days" is out of range; allowed: from 0 seconds to 36500 days.'],
  [
    'gold:',
    'unknown_fields: drop\ngold:',
    '3:17: "drop" is not supported here; allowed: ignore, quarantine.',
  ],
  [
    'gold:',
    'raw_csv: { columns: [id, card] }\ngold:',
    '3:26: "card" is not supported here; allowed: id, amount, event_time',
  ],
  ['gold:', 'raw_csv: { columns: [id, at] }\ngold:', '3:26: "at" is not supported here'],
  ['gold:', 'raw_csv: { columns: [id, id] }\ngold:', '3:21: id is there twice'],
  ['gold:', 'raw_csv: { columns: [] }\ngold:', '3:21: there are no columns'],
  [
    'gold:',
    'expectations: { expects: {} }\ngold:',
    '3:17: the key "expects" is not supported here; allowed: expect, expect_or_quarantine.',
  ],
  [
    'gold:',
    'expectations: { expect: { cheap: amount < } }\ngold:',
    '3:42: the text ends too early; allowed: a column',
  ],
  [
    'gold:',
    'expectations: { expect: { cheap: "amount < \'1\'" } }\ngold:',
    '3:44: string is compared with decimal(18,2)',
  ],
  [
    'gold:',
    'expectations: { expect: { no-id: id IS NULL } }\ngold:',
    '3:27: "no-id" is no expectation\'s name; allowed: letters, digits and _, not beginning with a digit.',
  ],
  [
    'gold:',
    'expectations: { expect: { a: order-id IS NULL } }\ngold:',
    '3:30: order is no column; allowed: id, amount',
  ],
  [
    'gold:',
    'expectations: { expect: { a: "日付 IS NULL" } }\ngold:',
    '3:31: 日 is not supported in an expression; allowed: columns (in backticks where a name has more than',
  ],
  [
    'gold:',
    'expectations: { expect: { a: "`id IS NULL" } }\ngold:',
    '3:31: ` is not supported in an expression',
  ],
  [
    'gold:',
    'expectations: { expect: { a: "`i``d` IS NULL" } }\ngold:',
    '3:31: `i``d` is no column; allowed: id, amount',
  ],
  [
    'gold:',
    'expectations: { expect: { a: "id.`x.y` IS NULL" } }\ngold:',
    '3:31: id.`x.y` is no column; allowed: id, amount',
  ],
  [
    'gold:',
    'expectations: { expect: { bad_id: id IS NULL } }\ngold:',
    "3:27: bad_id is a reason of the job's own; allowed: another name.",
  ],
  [
    'gold:',
    'expectations: { expect: { a: id IS NULL }, expect_or_quarantine: { a: id IS NULL } }\ngold:',
    '3:68: a is there twice',
  ],
  [
    'gold:',
    'expectations: { expect: { at_there: at IS NULL } }\ngold:',
    '3:37: at is no column; allowed: id, amount, event_time, kafka_ts, topic, partition, offset.',
  ],
  ['gold:', 'targets: {}\ngold:', '3:1: the key "targets" is not supported here'],
] as const;

const TABLES = [
  ['{ window: 1 minute, measures: { n: count(*) } }', '5: name is missing'],
  [
    '{ name: Gold, window: 1 minute, measures: { n: count(*) } }',
    '13: "Gold" cannot be a table\'s name; allowed: lower-case letters',
  ],
  ['{ name: silver, window: 1 minute, measures: { n: count(*) } }', '13: "silver" cannot be a table\'s name'],
  [
    '{ name: g, group_by: [at], window: 1 minute, measures: { n: count(*) } }',
    '27: "at" is not supported here; allowed: id, amount, kafka_ts, topic, partition.',
  ],
  ['{ name: g, group_by: [id, id], window: 1 minute, measures: { n: count(*) } }', '26: id is there twice'],
  [
    '{ name: g, window: 500 milliseconds, measures: { n: count(*) } }',
    '24: "500 milliseconds" is out of range; allowed: from 1 second',
  ],
  [
    '{ name: g, window: 1 minute, slide: 25 seconds, measures: { n: count(*) } }',
    '41: "25 seconds" does not divide the window; allowed: a divisor of 1 minute.',
  ],
  [
    '{ name: g, window: 1 minute, slide: 2 minutes, measures: { n: count(*) } }',
    '41: "2 minutes" does not divide the window',
  ],
  [
    '{ name: g, window: 1 hour, slide: 10 seconds, measures: { n: count(*) } }',
    '39: every row would be in 360 windows; allowed: at most 100.',
  ],
  ['{ name: g, window: 1 minute, measures: {} }', '44: there are no measures'],
  [
    '{ name: g, group_by: [id], window: 1 minute, measures: { Id: count(*) } }',
    '62: the table has a column Id already',
  ],
  [
    '{ name: g, window: 1 minute, measures: { window_end: count(*) } }',
    '46: the table has a column window_end already',
  ],
  [
    '{ name: g, window: 1 minute, measures: { n: median(amount) } }',
    '49: median is not expected here; allowed: count(*), or count, sum',
  ],
  [
    '{ name: g, window: 1 minute, measures: { n: sum(amount + id) } }',
    '62: string in arithmetic; allowed: integer, decimal or double.',
  ],
  ["{ name: g, window: 1 minute, measures: { n: 'sum(price)' } }", '54: price is no column'],
] as const;

it('has more than sixty malformed files to refuse', () => {
  const all = [...CONTRACTS, ...PROPERTIES, ...PIPELINES, ...TABLES].map((each) => each.join('\n'));
  expect(new Set(all).size).toBeGreaterThan(60);
  expect(all).toHaveLength(new Set(all).size);
});

it('takes the files that the refusals below are made of', () => {
  expect(refusalsOf({})).toEqual([]);
});

describe('a contract', () => {
  it.each(CONTRACTS)('with %s as %s is refused at its place', (old, now, expected) => {
    expect(CONTRACT).toContain(old);
    const [first] = refusalsOf({ contract: CONTRACT.replace(old, now) });
    expect(first).toMatch(startOf(`contract.odcs.yaml:${expected}`));
  });

  it.each(PROPERTIES)('with the property %s is refused at its place', (property, expected) => {
    const [first] = refusalsOf({ contract: withProperty(property) });
    expect(first).toMatch(startOf(`contract.odcs.yaml:13:${expected}`));
  });

  it('keeps what is for people and other tools', () => {
    const property = `{ name: a, logicalType: string, description: A, tags: [x], primaryKey: true, unique: false, examples: [b],
        classification: secret, customProperties: [{ property: mine, value: { any: [thing] } }],
        quality: [{ type: text, description: It is never empty. }] }`;
    const contract = withProperty(property).replace(
      'id: test',
      'id: test\nteam: { name: t }\nservers: []\nslaProperties: []\ntags: [a]\ncustomProperties: []',
    );
    expect(resolveTexts({ contract }).fields).toHaveLength(4);
  });

  it('has the anchors of YAML followed', () => {
    const contract = CONTRACT.replace('logicalType: string', 'logicalType: &text string').replace(
      'PROPERTY',
      '{ name: b, logicalType: *text }',
    );
    expect(resolveTexts({ contract }).fields.at(-1)?.type).toEqual({ kind: 'string' });
  });

  it('is named when it is not there', () => {
    expect(() =>
      resolvePipeline({
        name: 'test',
        pipelineFile: 'pipeline.yml',
        pipelineText: () => `contract: ../other.yaml\n${PIPELINE}`,
        contract: () => ({ file: '', text: CONTRACT }),
      }),
    ).toThrow(/^pipeline.yml:1:11: "..\/other.yaml" leaves the pipeline's folder; allowed: a path inside it/);
  });
});

describe('a pipeline.yml', () => {
  it('that replays a sample is refused in a folder without one', () => {
    const resolveWith = (hasSample: boolean) =>
      resolvePipeline({
        name: 'test',
        pipelineFile: 'pipeline.yml',
        pipelineText: () => `${PIPELINE}generate: { strategy: sample }\n`,
        contract: (file) => ({ file, text: CONTRACT.replace('      - PROPERTY\n', '') }),
        hasSample,
      });
    expect(() => resolveWith(false)).toThrow(
      'pipeline.yml:5:23: the folder has no sample.jsonl; allowed: contract, or a file sample.jsonl beside it',
    );
    expect(resolveWith(true).generate?.strategy).toBe('sample');
  });

  it.each(PIPELINES)('with %s as %s is refused at its place', (old, now, expected) => {
    expect(PIPELINE).toContain(old);
    const [first] = refusalsOf({ pipeline: PIPELINE.replace(old, now) });
    expect(first).toMatch(startOf(`pipeline.yml:${expected}`));
  });

  it.each(TABLES)('with the gold table %s is refused at its place', (table, expected) => {
    const [first] = refusalsOf({ pipeline: withGold(table) });
    expect(first).toMatch(startOf(`pipeline.yml:4:${expected}`));
  });

  it('with two tables of a name is refused', () => {
    const [first] = refusalsOf({
      pipeline: `${PIPELINE}  - { name: gold, window: 1 minute, measures: { n: count(*) } }\n`,
    });
    expect(first).toMatch(startOf('pipeline.yml:5:13: gold is there twice'));
  });

  it('whose event time is not required is refused', () => {
    const [first] = refusalsOf({ contract: CONTRACT.replace('timestamp, required: true', 'timestamp') });
    expect(first).toMatch(
      startOf('pipeline.yml:2:22: at is not required; allowed: a required timestamp: kafka_ts.'),
    );
  });

  it('has every refusal of both files named at once', () => {
    const refusals = refusalsOf({
      contract: withProperty('{ name: a, logicalType: text }').replace('18,2', '18,20'),
      pipeline: PIPELINE.replace('key: id', 'key: ix').replace('count(*)', 'count(**)'),
    });
    expect(refusals.map((line) => line.split(': ')[0])).toEqual([
      'contract.odcs.yaml:12:60',
      'contract.odcs.yaml:13:33',
      'pipeline.yml:4:80',
      'pipeline.yml:1:31',
    ]);
  });
});

it('runs nothing that a file says', () => {
  const pipeline = PIPELINE.replace('count(*)', `"\${process.exit(1)}"`);
  expect(refusalsOf({ pipeline })[0]).toMatch(
    startOf('pipeline.yml:4:74: $ is not supported in an expression'),
  );
});

/** A pattern for texts that begin with this text. */
function startOf(text: string): RegExp {
  return new RegExp(`^${text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}`);
}
