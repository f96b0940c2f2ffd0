import { join } from 'node:path';
import { loadPipeline } from '../../orchestrator/pipeline/load-pipeline.ts';
import { KAFKA_MS, type PlantedRecord } from './planted-topic.ts';

/**
 * A pipeline with every type that shares no name with the product's own: its events have no time,
 * and unknown fields are quarantined.
 */
export const everything = loadPipeline(
  'data/fixtures/pipelines/everything/',
  join(import.meta.dirname, '../..'),
);

/** A complete order with these changes, as JSON. */
export function orderText(change: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    order_id: '12345678-1234-1234-1234-123456789abc',
    shop: 'Main Street',
    channel: 'in store',
    quantity: 3,
    packs_of_six: -12,
    sequence: 123,
    total: 10.5,
    wei: '12345678901234567890.123456789012345678',
    tick: 0.0025,
    score: 1234.5e-7,
    gift: true,
    due: '2026-06-01',
    birthday: '29.02.2000',
    placed: '2026-01-01t10:00z',
    packed: '2026-01-01T10:00',
    logged: '01/Feb/2026:10:00:00 +0100',
    billed: '2/1/2026 1:05 pm',
    compact: '20260101100000+02',
    sent_s: 1767225600.5,
    sent_ms: '1767225600123.4567',
    customer: { id: 7, credit: '12.50', address: { country: 'NL', since: '2020-02-29', geo: [52.5, -4.9] } },
    tags: ['a', null, 1.5, 'say "hi", {x}: 5,'],
    lines: [
      { sku: 'a\u0001b', price: '1.250', discounts: [0.25, '0.5', null] },
      { sku: 'é', price: 0, discounts: [] },
    ],
    matrix: [[1, 2], null, []],
    ...change,
  });
}

const instant = (text: string) => `TIMESTAMPTZ '${text}+00'`;
const nothing = (type: string) => `NULL::${type}`;

/** The columns of its silver row, as SQL. */
const ORDER_COLUMNS: Readonly<Record<string, string>> = {
  order_id: "'12345678-1234-1234-1234-123456789abc'",
  shop: "'Main Street'",
  channel: "'in store'",
  quantity: '3::BIGINT',
  packs_of_six: '(-12)::BIGINT',
  sequence: '123::BIGINT',
  total: '10.5::DECIMAL(12,3)',
  wei: "'12345678901234567890.123456789012345678'::DECIMAL(38,18)",
  tick: '0.0025::DECIMAL(9,4)',
  score: '0.00012345::DOUBLE',
  gift: 'true',
  due: "DATE '2026-06-01'",
  birthday: "DATE '2000-02-29'",
  placed: instant('2026-01-01 10:00:00'),
  packed: instant('2026-01-01 08:00:00'),
  logged: instant('2026-02-01 09:00:00'),
  billed: instant('2026-02-01 13:05:00'),
  compact: instant('2026-01-01 08:00:00'),
  sent_s: instant('2026-01-01 00:00:00.5'),
  sent_ms: instant('2026-01-01 00:00:00.123456'),
  sent_us: nothing('TIMESTAMPTZ'),
  customer: `{'id': 7::BIGINT, 'email': ${nothing('VARCHAR')}, 'credit': 12.5::DECIMAL(10,2), 'address':
    {'country': 'NL', 'since': DATE '2020-02-29', 'geo': [52.5::DOUBLE, -4.9::DOUBLE]}}`,
  tags: `['a', NULL, '1.5', 'say "hi", {x}: 5,']`,
  lines: `[{'sku': 'a' || chr(1) || 'b', 'price': 1.25::DECIMAL(12,3), 'discounts': [0.25::DECIMAL(5,4), 0.5::DECIMAL(5,4), NULL]},
    {'sku': 'é', 'price': 0::DECIMAL(12,3), 'discounts': []::DECIMAL(5,4)[]}]`,
  matrix: '[[1::BIGINT, 2::BIGINT], NULL, []]',
};

/** An order and its silver row. @param columns the columns that the change affects, as SQL */
export function order(
  offset: number,
  change: Readonly<Record<string, unknown>> = {},
  columns: Readonly<Record<string, string>> = {},
  kafkaMs = KAFKA_MS + offset,
): PlantedRecord {
  const eventTime = `make_timestamptz(${kafkaMs}::BIGINT * 1000)`;
  const silver = { ...ORDER_COLUMNS, ...columns, event_time: eventTime };
  return { offset, value: orderText(change), silver, kafkaMs };
}
