import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { pipelineChanges } from './pipeline-changes.ts';
import { pipelineText, resolvePipeline } from './resolve.ts';

const folder = resolve(fileURLToPath(import.meta.url), '../../../data/fixtures/pipelines/everything');
const CONTRACT = readFileSync(join(folder, 'contract.odcs.yaml'), 'utf8');
const PIPELINE = readFileSync(join(folder, 'pipeline.yml'), 'utf8');

type Change = readonly [old: string, now: string];

/** The pipeline with one text of either file replaced. */
function pipelineWith(...changes: Change[]) {
  const changed = (text: string) =>
    changes.reduce((result, [old, now]) => result.replace(old, () => now), text);
  for (const [old] of changes) expect(CONTRACT + PIPELINE).toContain(old);
  return resolvePipeline({
    name: 'everything',
    pipelineFile: 'pipeline.yml',
    pipelineText: () => changed(PIPELINE),
    contract: (name) => ({ file: name, text: changed(CONTRACT) }),
  });
}
const before = pipelineWith();
const NEW_FIELD = '      - name: gift\n';
const NEW_TABLE = '  - name: overall\n';

describe('a pipeline that merely adds', () => {
  it.each<[string, readonly string[], readonly Change[]]>([
    [
      'an optional field',
      ['the field note'],
      [[NEW_FIELD, `      - { name: note, logicalType: string }\n${NEW_FIELD}`]],
    ],
    [
      'an optional field that raw_csv has as well',
      ['the field note'],
      [
        [NEW_FIELD, `      - { name: note, logicalType: string }\n${NEW_FIELD}`],
        ['event_time, shop,', 'event_time, note, shop,'],
      ],
    ],
    [
      'an optional field of an object and one of an array',
      ['the field customer.phone', 'the field lines[].colour'],
      [
        [
          '          - name: email\n',
          '          - { name: phone, logicalType: string }\n          - name: email\n',
        ],
        [
          '            - name: discounts\n',
          '            - { name: colour, logicalType: string }\n            - name: discounts\n',
        ],
      ],
    ],
    [
      'a gold table',
      ['the gold table hourly'],
      [[NEW_TABLE, `  - { name: hourly, window: 1 hour, measures: { n: count(*) } }\n${NEW_TABLE}`]],
    ],
    [
      'an expectation that is counted',
      [],
      [['    has_channel:', '    has_shop: shop IS NOT NULL\n    has_channel:']],
    ],
    ['blanks, and words of another case', [], [['due IS NULL OR due', 'due is null  or due']]],
    [
      'another topic, key and number of partitions',
      [],
      [
        ['    physicalName: orders\n', ''],
        ['{ topic: orders, partitions: 2, key: order_id }', '{ topic: others, partitions: 5 }'],
      ],
    ],
  ])('is compatible: %s', (_, added, changes) => {
    expect(pipelineChanges(before, pipelineWith(...changes))).toEqual({ added, changed: [] });
  });
});

describe('a pipeline that makes other outputs', () => {
  it.each<[string, Change]>([
    [
      'the field note is new and required',
      [NEW_FIELD, `      - { name: note, logicalType: string, required: true }\n${NEW_FIELD}`],
    ],
    [
      'the field sequence is gone',
      [
        '      - name: sequence\n        logicalType: integer\n        description: Any 64-bit integer.\n',
        '',
      ],
    ],
    [
      'the type of total was {"kind":"decimal","precision":12,"scale":3}, and is {"kind":"decimal","precision":13,"scale":3}',
      ['decimal(12,3)', 'decimal(13,3)'],
    ],
    [
      'whether sequence is required was false, and is true',
      ['description: Any 64-bit integer.', 'required: true'],
    ],
    [
      'the constraints of tags[] was {"maxLength":20}, and is {"maxLength":21}',
      ['maxLength: 20', 'maxLength: 21'],
    ],
    ['the type of customer.address.since was', ['since, logicalType: date', 'since, logicalType: timestamp']],
    [
      'the order of the fields of customer.address was country, since, geo, and is country, geo, since',
      [
        '              - { name: since, logicalType: date }\n              - { name: geo, logicalType: array, items: { logicalType: number, required: true } }\n',
        '              - { name: geo, logicalType: array, items: { logicalType: number, required: true } }\n              - { name: since, logicalType: date }\n',
      ],
    ],
    ['the watermark (ms) was 120000, and is 180000', ['watermark: 2 minutes', 'watermark: 3 minutes']],
    [
      'unknown_fields was quarantine, and is ignore',
      ['unknown_fields: quarantine', 'unknown_fields: ignore'],
    ],
    ['expect_or_quarantine was', ['quantity * 0.01', 'quantity * 0.02']],
    ['the columns of raw_csv was order_id, event_time, shop,', ['event_time, shop,', 'shop, event_time,']],
    ['the gold table overall is gone', [NEW_TABLE, '  - name: total\n']],
    ['group_by of the gold table by_shop was shop, gift, and is shop', ['[shop, gift]', '[shop]']],
    [
      'the slide (ms) of the gold table by_shop was 300000, and is 600000',
      ['slide: 5 minutes', 'slide: 10 minutes'],
    ],
    [
      'the measures of the gold table by_shop was orders: count(*), with_channel: count(channel)',
      ['with_channel: count(channel)', 'with_shop: count(shop)'],
    ],
  ])('differs, and it is said that %s', (expected, change) => {
    const now = pipelineWith(change);
    expect(pipelineChanges(before, now).changed.some((text) => text.startsWith(expected))).toBe(true);
    expect(now.fingerprint).not.toBe(before.fingerprint);
  });
});

it('differs when the event time is another field', () => {
  const now = pipelineWith(
    ['field: kafka_ts', 'field: placed'],
    ['placed < TIMESTAMP', 'event_time < TIMESTAMP'],
    ['max(placed)', 'max(event_time)'],
  );
  expect(pipelineChanges(before, now).changed).toContain('the event time was kafka_ts, and is placed');
});

describe('the resolved text', () => {
  it('is the same for files that differ in comments, quotes and order of keys alone', () => {
    const now = pipelineWith(
      [
        'source: { topic: orders, partitions: 2, key: order_id }',
        '# a comment\nsource: { key: "order_id", topic: orders, partitions: 2 }',
      ],
      ['description: Any 64-bit integer.', "description: 'Any of 64 bits.'"],
    );
    expect(pipelineText(now)).toBe(pipelineText(before));
  });
});
