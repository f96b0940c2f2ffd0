import { describe, expect, it } from 'vitest';
import { resolved } from '../../../tests/support/resolved.ts';
import { parsePipeline } from '../load-pipeline.ts';
import { pipelineText } from '../resolve.ts';
import { fieldPathText, parseFieldPath } from './field-path.ts';

const FIELDS = `- { name: id, logicalType: string, required: true, primaryKey: true }
- { name: at, logicalType: timestamp, required: true }
- { name: amount, logicalType: number, physicalType: "decimal(9,2)" }
- { name: n, logicalType: integer, required: true }
- { name: note, logicalType: string }
- { name: tags, logicalType: array, logicalTypeOptions: { maxItems: 4 }, items: { logicalType: string } }
- { name: customer, logicalType: object, properties: [{ name: city, logicalType: string }] }`;
const REST = 'source: { topic: t, key: id }\nevent_time: { field: at, watermark: 1 minute }';
const of = (generate: string) => resolved(FIELDS, `${REST}\n${generate}`);

describe('generate of pipeline.yml', () => {
  it('is resolved into pipeline.json, with the primary key, and is no part of the fingerprint', () => {
    const pipeline = of(`generate:
  strategy: contract
  fields:
    amount: { distribution: lognormal, median: 20, spread: 1, null_share: 0.1 }
    n: { distribution: zipf, values: [1, 2], exponent: 1 }
    customer.city: { faker: location.city }
    "tags[]": { constant: x }
    tags: { length: { min: 0, max: 2 } }`);
    expect(pipeline.generate).toEqual({
      strategy: 'contract',
      unique: ['id'],
      fields: [
        { path: ['amount'], hint: { values: { kind: 'lognormal', median: 20, spread: 1 }, nullShare: 0.1 } },
        { path: ['n'], hint: { values: { kind: 'values', values: ['1', '2'], weights: [1, 0.5] } } },
        { path: ['customer', 'city'], hint: { values: { kind: 'faker', method: 'location.city' } } },
        { path: ['tags', null], hint: { values: { kind: 'values', values: ['x'], weights: [1] } } },
        { path: ['tags'], hint: { length: { min: 0, max: 2 } } },
      ],
    });
    expect(parsePipeline(pipelineText(pipeline), 'pipeline.json')).toEqual(pipeline);
    expect(of('').fingerprint).toBe(pipeline.fingerprint);
  });

  it('is left out where nothing is said', () => {
    expect(resolved(FIELDS.replace(', primaryKey: true', ''), REST)).not.toHaveProperty('generate');
  });

  it.each([
    ['strategy: random', '3:23: "random" is not supported here; allowed: transactions, sample, contract'],
    ['strategy: transactions', '3:23: the contract has no field txn_id; allowed: sample or contract'],
    ['hints: {}', '3:13: the key "hints" is not supported here; allowed: strategy, fields'],
    ['fields: { city: { constant: x } }', '3:23: the contract has no field "city"; allowed: id, at, amount'],
    ['fields: { "tags[": { constant: x } }', '3:28: "tags[" is no path of a field; allowed: names with dots'],
    ['fields: { at: { constant: x } }', '3:23: at is the event time; allowed: other fields'],
    [
      'fields: { n: { distribution: pareto } }',
      '3:42: "pareto" is not supported here; allowed: lognormal, normal, uniform, zipf',
    ],
    ['fields: { n: { distribution: normal, mean: 1 } }', '3:26: stddev is missing'],
    ['fields: { n: { distribution: uniform, min: 3, max: 1 } }', '3:64: 1 is below 3; allowed: 3 or more'],
    [
      'fields: { note: { distribution: normal, mean: 1, stddev: 1 } }',
      '3:45: normal of type string; allowed: zipf, or numbers',
    ],
    ['fields: { n: { constant: 1.5 } }', '3:38: 1.5 is no whole number; allowed: a whole number'],
    [
      'fields: { n: { constant: 1, median: 2 } }',
      '3:49: median does not belong to this hint; allowed: constant',
    ],
    [
      'fields: { n: { constant: 1, faker: word.noun } }',
      '3:26: the hint has constant and faker; allowed: one of',
    ],
    [
      'fields: { n: { values: [1, 2], weights: [1] } }',
      '3:53: 1 weights for 2 values; allowed: a number above 0 for each value',
    ],
    ['fields: { n: { null_share: 0.5 } }', '3:40: the field is required; allowed: fields that are not'],
    ['fields: { note: { null_share: 2 } }', '3:43: 2 is out of range; allowed: a number from 0 to 1'],
    [
      'fields: { note: { faker: system.exec } }',
      '3:38: "system.exec" is not supported here; allowed: airline.airport',
    ],
    ['fields: { note: { same_as: note } }', '3:29: note refers to itself'],
    ['fields: { note: { same_as: n } }', '3:40: "n" is of another type'],
    ['fields: { id: { same_as: note } }', '3:38: "note" is not required, and the field is'],
    [
      'fields: { tags: { length: { min: 1, max: 5 } } }',
      '3:54: 5 is out of range; allowed: a whole number from 1 to 4',
    ],
    ['fields: { tags: { constant: x } }', '3:41: of a field of type array; allowed: hints of what is in it'],
    ['fields: { note: {} }', '3:29: the hint is empty'],
  ])('refuses %s', (generate, message) => {
    expect(() => of(`generate: { ${generate} }`)).toThrow(`pipeline.yml:${message}`);
  });
});

it.each([
  ['a', ['a']],
  ['a.b[].c', ['a', 'b', null, 'c']],
  ['m[][]', ['m', null, null]],
  ['order-id', ['order-id']],
  ['`a.b`.`c``d[]`', ['a.b', 'c`d[]']],
])('the path %s names a field and is written like that', (text, path) => {
  expect(parseFieldPath(text)).toEqual(path);
  expect(fieldPathText(path)).toBe(text);
});
