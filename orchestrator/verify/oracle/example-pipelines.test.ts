import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { classifying } from '../../../tests/support/classified.ts';
import { EXAMPLES, exampleOf } from '../../../tests/support/example-pipelines.ts';
import { projectDir } from '../../../tests/support/project.ts';

/** The part of a contract that this test reads. */
interface Property {
  readonly name: string;
  readonly examples?: readonly unknown[];
  readonly properties?: readonly Property[];
  readonly items?: Property;
}

/** The value that a contract gives as the example of a property. */
function exampleValue({ examples, properties, items }: Property): unknown {
  if (properties) return eventOf(properties);
  return items ? [exampleValue(items)] : examples?.[0];
}

const eventOf = (properties: readonly Property[]): Record<string, unknown> =>
  Object.fromEntries(properties.map((property) => [property.name, exampleValue(property)]));

function propertiesOf(name: string): readonly Property[] {
  const path = join(projectDir, 'pipelines', name, 'contract.odcs.yaml');
  return parse(readFileSync(path, 'utf8')).schema[0].properties;
}

describe.each(EXAMPLES)('the example pipeline %s', (name) => {
  const classify = classifying(exampleOf(name));
  const event = eventOf(propertiesOf(name));

  it('has an example for each field, and the event of these is a silver row', () => {
    expect(JSON.stringify(event)).not.toBe('{}');
    for (const [field, value] of Object.entries(event)) expect(value, field).toBeDefined();
    expect(classify(JSON.stringify(event))).not.toEqual(expect.any(String));
  });

  it('needs each of its required fields', () => {
    const required = exampleOf(name).fields.filter((field) => field.required);
    for (const field of required) {
      expect(classify(JSON.stringify({ ...event, [field.name]: null }))).toBe(`missing_${field.name}`);
    }
  });
});

it.each([
  ['clickstream', { session_id: 's-1' }, 'bad_session_id'],
  ['clickstream', { occurred_at: 'yesterday' }, 'bad_occurred_at'],
  ['clickstream', { action: 'hover' }, 'bad_action'],
  ['clickstream', { device: { os: 'iOS' } }, 'wrong_type'],
  ['clickstream', { device: { kind: 'phone', screen: { width: 0, height: 1 } } }, 'bad_device'],
  ['clickstream', { device: { kind: 'phone', screen: { width: '390', height: 844 } } }, 'wrong_type'],
  ['clickstream', { unknown: 1 }, undefined],
  ['iot', { ts: '2026-01-01T10:00:00Z' }, 'bad_ts'],
  ['iot', { ts: '1767259800250' }, undefined],
  ['iot', { temperature_c: 85.5 }, 'bad_temperature_c'],
  ['iot', { temperature_c: '21.4' }, 'bad_temperature_c'],
  ['iot', { co2_ppm: 620.5 }, 'wrong_type'],
  ['iot', { battery_pct: 101 }, 'bad_battery_pct'],
  ['iot', { pressure_hpa: 1013 }, 'unknown_field'],
  ['orders', { total: '39.90' }, undefined],
  ['orders', { total: 39.905 }, 'bad_total'],
  ['orders', { total: 0 }, 'total_is_positive'],
  ['orders', { total: -39.9 }, 'total_is_positive'],
  ['orders', { lines: [] }, 'bad_lines'],
  ['orders', { lines: [{ sku: 'A-1001', quantity: 0, price: 1 }] }, 'bad_lines'],
  ['orders', { lines: [{ sku: 'A-1001', quantity: 1, price: 1.005 }] }, 'bad_lines'],
  ['orders', { lines: [null] }, 'bad_lines'],
  ['orders', { customer: { email: 'ada@example.com' } }, 'bad_customer'],
  ['orders', { customer: { id: 'c-00042', country: 'nl' } }, 'bad_customer'],
  ['orders', { currency: 'CHF' }, 'bad_currency'],
  ['orders', { deliver_on: '2026-02-30' }, 'wrong_type'],
] as const)('%s with %o: %s', (name, change, reason) => {
  const outcome = classifying(exampleOf(name))(JSON.stringify({ ...eventOf(propertiesOf(name)), ...change }));
  if (reason === undefined) expect(outcome).not.toEqual(expect.any(String));
  else expect(outcome).toBe(reason);
});
