import { expect, it } from 'vitest';
import { agreementOf } from '../support/drawn-agreement.ts';

it('job and verify agree on every record of drawn contracts', async () => {
  const seeds = Array.from({ length: 24 }, (_, at) => `drawn-${at}`);
  const { differences, outcomes, values, unmet } = await agreementOf(seeds, 50);
  expect(differences).toEqual([]);
  expect(values).toBe(1200);
  // The records reach every kind of outcome; otherwise they would prove little.
  expect(Object.keys(outcomes)).toEqual(expect.arrayContaining([...KINDS]));
  expect(outcomes['silver']).toBeGreaterThan(values / 5);
  expect(unmet).toBeGreaterThan(20);
});

const KINDS = [
  ...['silver', 'null_value', 'schema_registry_header', 'not_json_object', 'missing', 'bad', 'wrong_type'],
  ...['unknown_field', 'e_2'],
] as const;
