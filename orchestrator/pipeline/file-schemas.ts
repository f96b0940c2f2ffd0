import { TOPIC_PATTERN } from '../settings/setting-kinds.ts';
import { CONTRACT_KEYS, LOGICAL_TYPES, OBJECT_KEYS } from './contract/contract.ts';
import { EPOCH_UNITS, INTEGER_FORMATS, OPTIONS } from './contract/field-types.ts';
import { PROPERTY_KEYS, RULE_KEYS } from './contract/property.ts';
import { STRING_FORMATS } from './contract/string-formats.ts';
import { STRATEGIES } from './generate/generation.ts';
import { GENERATE_KEYS } from './generate/read-generation.ts';
import { EXPECTATION, MOST_PARTITIONS, PIPELINE_KEYS, TABLE_NAME, UNKNOWN_FIELDS } from './pipeline-file.ts';

/*
 * JSON Schemas (draft 7, which editors know best) of the two files that people write. An editor
 * completes keys and words by them, and marks what is not executed. They have the keys of the
 * readers, and each key has to be described: one that is added to a reader is missed by the
 * compiler.
 */

type Schema = Readonly<Record<string, unknown>>;
type Parts<Key extends string> = Readonly<Record<Key, Schema>>;

const ANYTHING: Schema = {};
const text = (description: string, more: Schema = {}): Schema => ({ type: 'string', description, ...more });
const listOf = (items: Schema, description: string): Schema => ({
  type: 'array',
  minItems: 1,
  items,
  description,
});
const mappingOf = (values: Schema, description: string, more: Schema = {}): Schema => ({
  type: 'object',
  additionalProperties: values,
  description,
  ...more,
});

/** A mapping with these keys and no others, in the reader's order. */
function mapping<const Key extends string>(
  keys: readonly Key[],
  parts: Parts<Key>,
  required: readonly Key[] = [],
): Schema {
  const properties = Object.fromEntries(keys.map((key) => [key, parts[key]]));
  return {
    type: 'object',
    properties,
    additionalProperties: false,
    ...(required.length > 0 && { required }),
  };
}

const DURATION = text('A count and a unit, such as "30 seconds", "5 minutes", "1 hour" or "1 day"');
const CONDITIONS = (description: string) =>
  mappingOf(text('A condition over silver’s columns, such as: city IS NOT NULL'), description, {
    propertyNames: { pattern: EXPECTATION.source },
  });

function pipelineSchema(): Schema {
  const { document, source, eventTime, expectations, rawCsv, goldTable } = PIPELINE_KEYS;
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'pipeline.yml of medallion-stream',
    description: 'What is done with the events of a contract. Reference: docs/pipelines.md',
    ...mapping(
      document,
      {
        contract: text('The path of the contract in this folder; contract.odcs.yaml by default'),
        source: mapping(
          source,
          {
            topic: text('The topic of the events', { pattern: `^(?:${TOPIC_PATTERN})$` }),
            partitions: {
              ...{ type: 'integer', minimum: 1, maximum: MOST_PARTITIONS, default: 3 },
              description: 'Partitions of the topic when it is created',
            },
            key: text('The scalar field that is the record’s key; none by default'),
          },
          ['topic'],
        ),
        event_time: mapping(
          eventTime,
          {
            field: text('A required timestamp of the event, or kafka_ts, the record’s own time'),
            watermark: DURATION,
          },
          ['field', 'watermark'],
        ),
        unknown_fields: {
          enum: UNKNOWN_FIELDS,
          description: 'What is done with an event that has a member which the contract does not have',
        },
        expectations: mapping(expectations, {
          expect: CONDITIONS('Rows for which a condition is false are counted, and stay'),
          expect_or_quarantine: CONDITIONS('Rows for which a condition is false go to quarantine'),
        }),
        raw_csv: mapping(rawCsv, {
          columns: listOf({ type: 'string' }, 'Columns of silver; every scalar one by default'),
        }),
        gold: {
          type: 'array',
          description: 'Aggregations of silver by windows of event time',
          items: mapping(
            goldTable,
            {
              name: text('The name of the table, its folder and its query', { pattern: TABLE_NAME.source }),
              group_by: listOf({ type: 'string' }, 'Scalar columns of silver but doubles'),
              window: DURATION,
              slide: { ...DURATION, description: 'From one window to the next; a divisor of the window' },
              measures: mappingOf(
                text('count(*), or count, sum, min, max, avg of one expression'),
                'Columns of the table with what they aggregate',
                { minProperties: 1 },
              ),
            },
            ['name', 'window', 'measures'],
          ),
        },
        generate: mapping(GENERATE_KEYS, {
          strategy: { enum: STRATEGIES, description: 'Where the producer takes its events from' },
          fields: mappingOf(
            { type: 'object' },
            'Hints of what the producer writes into a field, by its path',
          ),
        }),
      },
      ['source', 'event_time'],
    ),
  };
}

type LogicalType = (typeof LOGICAL_TYPES)[number];

const LIMIT: Schema = { type: ['number', 'string'], description: 'A value of the type; times as ISO 8601' };
const COUNT: Schema = { type: 'integer', minimum: 0 };
const OPTION_SCHEMAS: Readonly<Record<string, Schema>> = {
  minimum: LIMIT,
  maximum: LIMIT,
  exclusiveMinimum: LIMIT,
  exclusiveMaximum: LIMIT,
  multipleOf: { type: 'number', exclusiveMinimum: 0 },
  minLength: COUNT,
  maxLength: COUNT,
  minItems: COUNT,
  maxItems: COUNT,
  pattern: text('A regular expression of ECMA-262, found anywhere in the text'),
  defaultTimezone: text('UTC, or an offset such as +02:00'),
  uniqueItems: { const: false },
  required: { type: 'array', items: { type: 'string' } },
};
const PATTERN = text('A pattern of the JDK’s DateTimeFormatter; ISO 8601 by default');
const FORMATS: Partial<Readonly<Record<LogicalType, Schema>>> = {
  string: { enum: [...Object.keys(STRING_FORMATS), 'password'] },
  integer: { enum: Object.keys(INTEGER_FORMATS) },
  number: { enum: ['f64'] },
  date: PATTERN,
  timestamp: PATTERN,
};
/** The options of a logical type, whichever column type it has. */
const OPTIONS_OF: Readonly<Record<LogicalType, readonly string[]>> = {
  ...OPTIONS,
  number: [...new Set([...OPTIONS.double, ...OPTIONS.decimal])],
};

/** A property of a logical type, or the items of an array. */
function propertySchema(logicalType: LogicalType, isNamed: boolean): Schema {
  const options = OPTIONS_OF[logicalType].map((name) => [
    name,
    name === 'format' ? FORMATS[logicalType] : (OPTION_SCHEMAS[name] ?? ANYTHING),
  ]);
  const own: Readonly<Record<string, Schema>> = {
    name: text('The member of the JSON object and the column', { minLength: 1, maxLength: 255 }),
    logicalType: { const: logicalType },
    logicalTypeOptions: {
      ...{ type: 'object', additionalProperties: false },
      properties: Object.fromEntries(options),
    },
    required: { type: 'boolean', description: 'The member is there and not null' },
    unique: { const: false },
    quality: { $ref: '#/definitions/quality' },
    ...(logicalType === 'number' && {
      physicalType: text('decimal(p,s) for exact numbers; double by default', {
        pattern: '^(double|decimal\\( *\\d{1,2} *, *\\d{1,2} *\\))$',
      }),
    }),
    ...(logicalType === 'timestamp' && { customProperties: { $ref: '#/definitions/customProperties' } }),
    ...(logicalType === 'object' && { properties: { $ref: '#/definitions/properties' } }),
    ...(logicalType === 'array' && { items: { $ref: '#/definitions/items' } }),
  };
  const elsewhere = ['properties', 'items'].filter((key) => own[key] === undefined);
  const keys = PROPERTY_KEYS.filter((key) => !elsewhere.includes(key));
  const inside = logicalType === 'object' ? ['properties'] : logicalType === 'array' ? ['items'] : [];
  return {
    type: 'object',
    properties: Object.fromEntries(keys.map((key) => [key, own[key] ?? ANYTHING])),
    additionalProperties: false,
    required: [...(isNamed ? ['name'] : []), 'logicalType', ...inside],
  };
}

function contractSchema(): Schema {
  const anything = <Key extends string>(keys: readonly Key[]) =>
    Object.fromEntries(keys.map((key) => [key, ANYTHING])) as Parts<Key>;
  const anyType = (isNamed: boolean) => ({
    anyOf: LOGICAL_TYPES.map((type) => propertySchema(type, isNamed)),
  });
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'contract.odcs.yaml of medallion-stream',
    description:
      'What an event is: the part of the Open Data Contract Standard 3.1 that is executed. Reference: docs/pipelines.md',
    ...mapping(
      CONTRACT_KEYS,
      {
        ...anything(CONTRACT_KEYS),
        kind: { const: 'DataContract' },
        apiVersion: { const: 'v3.1.0' },
        schema: {
          ...{ type: 'array', minItems: 1, maxItems: 1, description: 'One object, the event of the topic' },
          items: mapping(
            OBJECT_KEYS,
            {
              ...anything(OBJECT_KEYS),
              physicalType: { const: 'topic' },
              logicalType: { const: 'object' },
              properties: { $ref: '#/definitions/properties' },
            },
            ['physicalType', 'properties'],
          ),
        },
      },
      ['kind', 'apiVersion', 'schema'],
    ),
    definitions: {
      properties: listOf({ $ref: '#/definitions/property' }, 'The fields'),
      property: anyType(true),
      items: anyType(false),
      quality: {
        type: 'array',
        description: 'Valid values, and rules of type text for people',
        items: {
          anyOf: [
            { type: 'object', properties: { type: { const: 'text' } }, required: ['type'] },
            mapping(
              RULE_KEYS,
              {
                ...anything(RULE_KEYS),
                type: { const: 'library' },
                metric: { const: 'invalidValues' },
                mustBe: { const: 0 },
                arguments: {
                  ...{ type: 'object', additionalProperties: false, required: ['validValues'] },
                  properties: { validValues: { type: 'array', minItems: 1 } },
                },
              },
              ['metric', 'mustBe', 'arguments'],
            ),
          ],
        },
      },
      customProperties: {
        type: 'array',
        items: {
          anyOf: [
            {
              type: 'object',
              properties: { property: { const: 'epoch' }, value: { enum: EPOCH_UNITS } },
              required: ['property', 'value'],
            },
            {
              type: 'object',
              properties: { property: { type: 'string', pattern: '^(?!epoch$)' } },
              required: ['property'],
            },
          ],
        },
      },
    },
  };
}

/** Where the JSON Schemas are, in the project. */
export const SCHEMAS_FOLDER = 'docs/schemas';

/** The files in `docs/schemas`, by their path in the project. */
export function schemaFiles(): readonly { readonly path: string; readonly text: string }[] {
  const print = (schema: Schema) => `${JSON.stringify(schema, null, 2)}\n`;
  return [
    { path: `${SCHEMAS_FOLDER}/pipeline.schema.json`, text: print(pipelineSchema()) },
    { path: `${SCHEMAS_FOLDER}/contract.schema.json`, text: print(contractSchema()) },
  ];
}
