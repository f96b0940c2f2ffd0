import { describe, expect, it } from 'vitest';
import { readJsonObject } from '../../verify/oracle/json-value.ts';
import { inferSchema } from './infer-schema.ts';
import { isJsonSchema } from './schema-node.ts';

function inferred(schema: object) {
  const root = readJsonObject(JSON.stringify(schema));
  if (!root) throw new Error('no object');
  return inferSchema(root);
}

/** The item of a property, as far as the contract has it. */
function item(property: object, name = 'value', defs: object = {}) {
  const { fields, leftOut } = inferred({
    properties: { other: { type: 'string' }, [name]: property },
    required: [name],
    $defs: defs,
  });
  const field = fields.find((candidate) => candidate.name === name);
  return field ?? leftOut[0]?.why;
}

describe('a property of a JSON Schema', () => {
  it.each<[object, object]>([
    [{ type: 'string' }, { logicalType: 'string', required: true }],
    [{ type: ['string', 'null'] }, { logicalType: 'string', required: false }],
    [{ anyOf: [{ type: 'integer' }, { type: 'null' }] }, { logicalType: 'integer', required: false }],
    [{ oneOf: [{ $ref: '#/$defs/x' }, { type: 'null' }] }, { logicalType: 'boolean', required: false }],
    [{ type: 'string', format: 'date-time' }, { logicalType: 'timestamp' }],
    [{ type: 'string', format: 'date' }, { logicalType: 'date' }],
    [{ type: 'string', format: 'uuid' }, { options: { format: 'uuid' } }],
    [{ type: 'string', minLength: 1, maxLength: 9 }, { options: { minLength: 1, maxLength: 9 } }],
    [{ type: 'string', pattern: '^[a-z]\\d$' }, { options: { pattern: '^[a-z]\\d$' } }],
    [{ type: 'string', pattern: '(?<=x)y' }, { why: [expect.stringContaining('beyond those')] }],
    [
      { type: 'string', format: 'time' },
      { logicalType: 'string', why: ['The format time is not executed'] },
    ],
    [{ enum: ['a', 'b', null] }, { logicalType: 'string', required: false, validValues: ['a', 'b'] }],
    [{ const: 'a' }, { logicalType: 'string', validValues: ['a'] }],
    [{ oneOf: [{ const: 1 }, { const: 2 }] }, { logicalType: 'integer', validValues: ['1', '2'] }],
    [
      { type: 'integer', minimum: 0, exclusiveMaximum: 10 },
      { options: { minimum: 0, exclusiveMaximum: 10 } },
    ],
    [{ type: 'integer', minimum: 0, exclusiveMinimum: true }, { options: { exclusiveMinimum: 0 } }],
    [{ type: 'integer', format: 'int32' }, { options: { format: 'i32' } }],
    [{ type: 'number' }, { logicalType: 'number' }],
    [{ type: 'number', multipleOf: 0.01 }, { physicalType: 'decimal(18,2)' }],
    [
      { type: 'number', multipleOf: 0.25 },
      { physicalType: 'decimal(18,2)', options: { multipleOf: 0.25 } },
    ],
    [{ type: ['string', 'integer'] }, { logicalType: 'string' }],
    [
      { type: 'array', items: { type: 'integer' }, minItems: 1 },
      { items: { logicalType: 'integer', required: true }, options: { minItems: 1 } },
    ],
    [{ type: 'array', items: { type: ['integer', 'null'] } }, { items: { required: false } }],
    [
      { allOf: [{ $ref: '#/$defs/o' }, { properties: { b: { type: 'integer' } }, required: ['a'] }] },
      {
        logicalType: 'object',
        fields: [
          { name: 'a', required: true },
          { name: 'b', required: false },
        ],
      },
    ],
  ])('%j', (property, expected) => {
    const defs = { x: { type: 'boolean' }, o: { type: 'object', properties: { a: { type: 'string' } } } };
    expect(item(property, 'value', defs)).toMatchObject(expected);
  });

  it.each([
    [{ type: ['string', 'object'] }, /several kinds/],
    [{ type: 'object', additionalProperties: { type: 'string' } }, /does not name the members/],
    [{ type: 'array', prefixItems: [{ type: 'string' }] }, /a schema for each place/],
    [{ type: 'array' }, /does not describe its elements/],
    [{}, /does not name its type/],
    [{ type: 'object', properties: { self: { $ref: '#/properties/value' } } }, /contains itself/],
  ])('%j is left out', (property, why) => {
    expect(item(property)).toMatch(why);
  });

  it('that is a number of a time has its unit from format, description or examples', () => {
    expect(item({ type: 'integer', format: 'unix-time' })).toMatchObject({ epoch: 'seconds' });
    expect(item({ type: 'integer', description: 'Milliseconds since the epoch' })).toMatchObject({
      epoch: 'milliseconds',
    });
    expect(item({ type: 'integer', examples: [1_710_064_800_000] }, 'created_at')).toMatchObject({
      epoch: 'milliseconds',
    });
    expect(item({ type: 'integer' }, 'created_at')).toMatchObject({
      logicalType: 'integer',
      why: [expect.stringContaining('unit is unknown')],
    });
  });
});

describe('a JSON Schema', () => {
  it('that allows no other members quarantines events with unknown ones', () => {
    const properties = { a: { type: 'string' } };
    expect(inferred({ properties, additionalProperties: false }).unknownFields).toBe('quarantine');
    expect(
      inferred({ properties: { ...properties, b: {} }, additionalProperties: false }).unknownFields,
    ).toBe('ignore');
  });

  it('of alternatives is one event, with what all of them require', () => {
    const a = { properties: { kind: { const: 'a' }, x: { type: 'integer' } }, required: ['kind', 'x'] };
    const b = { properties: { kind: { const: 'b' }, y: { type: 'integer' } }, required: ['kind'] };
    expect(
      inferred({ type: 'object', oneOf: [{ $ref: '#/$defs/a' }, { $ref: '#/$defs/b' }], $defs: { a, b } })
        .fields,
    ).toMatchObject([
      { name: 'kind', required: true, validValues: ['a', 'b'] },
      { name: 'x', required: false },
      { name: 'y', required: false },
    ]);
  });

  it.each([
    [{ type: 'string' }, /no object with properties/],
    [{ $ref: '#' }, /refers to itself/],
    [{ properties: { a: { $ref: 'other.json#/x' } } }, /"other\.json#\/x" leads outside/],
    [{ properties: { a: { $ref: '#/$defs/none' } } }, /leads to nothing/],
    [{ properties: { a: {} } }, /can have no property.*a: the schema does not name/],
  ])('%j is refused', (schema, message) => {
    expect(() => inferred(schema)).toThrow(message);
  });

  it('is told from an event', () => {
    expect(isJsonSchema({ $schema: 'https://json-schema.org/draft/2020-12/schema' })).toBe(true);
    expect(isJsonSchema({ type: 'object', properties: {} })).toBe(true);
    expect(isJsonSchema({ type: 'click', properties: { a: 1 } })).toBe(false);
  });
});
