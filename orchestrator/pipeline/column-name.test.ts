import { describe, expect, it } from 'vitest';
import { foldCase, isColumnName, pathNames, pathText } from './column-name.ts';
import { silverColumns, typeOfColumn } from './model.ts';
import { resolvePipeline } from './resolve.ts';
import { printExpression } from './sql/sql-check.ts';

const ODD = [
  'order-id',
  '日付',
  'select',
  'a.b',
  '`',
  'a`b',
  '``',
  '.',
  ' x ',
  "it's",
  '"',
  '\\',
  '__proto__',
  '1',
  '💳',
];

describe('a path', () => {
  it.each(ODD.map((name) => [name]))('has the name %j in it', (name) => {
    for (const names of [[name], ['customer', name], [name, 'id'], [name, name]]) {
      expect(pathNames(pathText(names))).toEqual(names);
    }
  });

  it('has plain names without backticks, also those that are keywords', () => {
    expect(pathText(['customer', 'country'])).toBe('customer.country');
    expect(pathText(['and', 'a.b', 'x`y'])).toBe('and.`a.b`.`x``y`');
  });

  it('is another one for a name with a dot than for a member of an object', () => {
    expect(pathText(['a.b'])).not.toBe(pathText(['a', 'b']));
  });
});

it.each([
  ['ID', 'id'],
  ['ſ', 'S'],
  ['ı', 'I'],
  ['İ', 'i'],
  ['\u212a', 'k'],
  ['É', 'é'],
])('%s and %s are the same column', (one, other) => {
  expect(foldCase(one)).toBe(foldCase(other));
});

it.each([
  ['ß', 'ss'],
  ['é', 'e'],
  ['a.b', 'a b'],
])('%s and %s are different columns', (one, other) => {
  expect(foldCase(one)).not.toBe(foldCase(other));
});

it.each([
  ['', false],
  ['a\nb', false],
  ['\u0000', false],
  ['\u0085', false],
  ['\udc00', false],
  ['💳'.repeat(255), true],
  ['💳'.repeat(256), false],
  ['\u2028', true],
])('%j can be a name: %s', (name, can) => {
  expect(isColumnName(name)).toBe(can);
});

describe('a contract with odd names', () => {
  const text = (name: string) => ({ name, logicalType: 'string' });
  const contract = {
    ...{ kind: 'DataContract', apiVersion: 'v3.1.0' },
    schema: [
      {
        physicalType: 'topic',
        properties: [
          ...ODD.map(text),
          { name: 'a', logicalType: 'object', properties: [text('b'), text('c`.d')] },
          { name: 'and', logicalType: 'boolean' },
        ],
      },
    ],
  };
  const conditions = {
    dotted: '`a.b` = a.b',
    ticks: 'a.`c``.d` IS NOT NULL AND `a``b` IS NULL',
    keyword: '`and` OR `order-id` = `日付`',
    plain: '`select` = select',
  };
  const pipeline = resolvePipeline({
    name: 'odd',
    pipelineFile: 'pipeline.yml',
    pipelineText: () =>
      JSON.stringify({
        source: { topic: 't', key: 'order-id' },
        event_time: { field: 'kafka_ts', watermark: '1 minute' },
        expectations: { expect: conditions },
        raw_csv: { columns: ['日付', 'a.b', '1'] },
        gold: [
          {
            ...{ name: 'g', group_by: ['a.b', 'order-id'], window: '1 minute' },
            measures: { 'how-many': 'count(*)', 'max of a.b': 'max(`a.b`)', ['__proto__']: 'min(a.b)' },
          },
        ],
      }),
    contract: (file) => ({ file, text: JSON.stringify(contract) }),
  });
  const silver = silverColumns(pipeline.fields, pipeline.eventTime);

  it('has columns of these names, and expressions that name them', () => {
    expect(silver.slice(0, ODD.length).map(({ name }) => name)).toEqual(ODD);
    const { expect: counted } = pipeline.expectations;
    expect(counted.map(({ expression }) => printExpression(expression))).toEqual([
      '`a.b` = a.b',
      'a.`c``.d` IS NOT NULL AND `a``b` IS NULL',
      '`and` OR `order-id` = `日付`',
      'select = select',
    ]);
    expect(counted[0]?.expression).toEqual({
      op: '=',
      args: [
        { op: 'column', name: '`a.b`' },
        { op: 'column', name: 'a.b' },
      ],
    });
    expect(typeOfColumn('a.`c``.d`', silver)).toEqual({ kind: 'string' });
    expect(typeOfColumn('`a.c`', silver)).toBeUndefined();
  });

  it('has gold tables, a key and lines of raw_csv with them', () => {
    const [table] = pipeline.gold;
    expect(table?.groupBy).toEqual(['a.b', 'order-id']);
    expect(table?.measures.map(({ name }) => name)).toEqual(['how-many', 'max of a.b', '__proto__']);
    expect(pipeline.source.key).toBe('order-id');
    expect(pipeline.rawCsv.columns).toEqual(['日付', 'a.b', '1']);
  });
});
