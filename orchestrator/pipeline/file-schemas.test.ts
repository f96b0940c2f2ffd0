import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { drawnPipeline } from '../../tests/support/drawn-contracts.ts';
import { projectDir } from '../../tests/support/project.ts';
import { schemaFiles } from './file-schemas.ts';

const read = (path: string) => readFileSync(join(projectDir, path), 'utf8');
const FILES = { 'contract.odcs.yaml': 'contract', 'pipeline.yml': 'pipeline' } as const;
type Kind = (typeof FILES)[keyof typeof FILES];

const validator = (kind: Kind) => {
  const file = schemaFiles().find(({ path }) => path.endsWith(`/${kind}.schema.json`));
  return z.fromJSONSchema(JSON.parse(file?.text ?? ''));
};
const VALIDATORS = { contract: validator('contract'), pipeline: validator('pipeline') };
const isValid = (kind: Kind, text: string) => VALIDATORS[kind].safeParse(parse(text)).success;

const PIPELINES = ['pipelines', 'data/fixtures/pipelines'].flatMap((root) =>
  readdirSync(join(projectDir, root)).map((name) => join(root, name)),
);
const COMMITTED = PIPELINES.flatMap((folder) =>
  Object.entries(FILES).map(([name, kind]) => [join(folder, name), kind] as const),
);

describe('the JSON Schemas', () => {
  it.each(schemaFiles().map((file) => [file.path, file.text]))('%s is up to date', (path, text) => {
    expect(read(path)).toBe(text);
  });

  it.each(COMMITTED)('take %s, whose first line names its schema', (path, kind) => {
    const [first = ''] = read(path).split('\n');
    const [, schema = ''] = /^# yaml-language-server: \$schema=(\S+)$/.exec(first) ?? [];
    expect(schema.endsWith(`/docs/schemas/${kind}.schema.json`)).toBe(true);
    expect(existsSync(join(projectDir, path, '..', schema))).toBe(true);
    expect(isValid(kind, read(path))).toBe(true);
  });

  it('take whatever the resolver takes', () => {
    for (let at = 0; at < 20; at++) {
      const { contract, pipeline } = drawnPipeline(`schema-${at}`);
      expect([isValid('contract', contract), isValid('pipeline', pipeline)], `${at}`).toEqual([true, true]);
    }
  });

  const contract = read('data/fixtures/pipelines/everything/contract.odcs.yaml');
  it.each([
    ['apiVersion: v3.1.0', 'apiVersion: v3.0.2'],
    ['kind: DataContract', 'kind: Contract'],
    ['physicalType: topic', 'physicalType: table'],
    ['id: everything', 'ident: everything'],
    ['logicalType: integer', 'logicalType: int'],
    ['required: true', 'required: yes'],
    ['required: true', 'mandatory: true'],
    ['format: uuid', 'format: guid'],
    ['format: i32', 'format: u64'],
    ['multipleOf: 6', 'multiplesOf: 6'],
    ['decimal(12,3)', 'decimal(12,3'],
    ['metric: invalidValues', 'metric: nullValues'],
    ['minLength: 2', 'minItems: 2'],
  ])('mark a contract with %s as %s', (old, now) => {
    expect(contract).toContain(old);
    expect(isValid('contract', contract.replace(old, now))).toBe(false);
  });

  const pipeline = read('data/fixtures/pipelines/everything/pipeline.yml');
  it.each([
    ['topic: orders', 'topic: two words'],
    ['partitions: 2', 'partitions: 0'],
    ['event_time:', 'event-time:'],
    ['watermark: 2 minutes', 'delay: 2 minutes'],
    ['watermark: 2 minutes', 'watermark: 5'],
    ['unknown_fields: quarantine', 'unknown_fields: drop'],
    ['expect_or_quarantine:', 'expect_or_drop:'],
    ['has_channel:', 'has-channel:'],
    ['name: by_shop', 'name: ByShop'],
    ['    measures: { orders: count(*)', '    measure: { orders: count(*)'],
  ])('mark a pipeline.yml with %s as %s', (old, now) => {
    expect(pipeline).toContain(old);
    expect(isValid('pipeline', pipeline.replace(old, now))).toBe(false);
  });
});
