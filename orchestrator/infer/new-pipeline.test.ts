import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { scratchFolder } from '../../tests/support/scratch-folder.ts';
import { loadPipeline } from '../pipeline/load-pipeline.ts';
import type { Type } from '../pipeline/model.ts';
import { type NewPipelineRequest, newPipeline } from './new-pipeline.ts';
import { writeFolder } from './write/write-folder.ts';

type Options = Partial<Pick<NewPipelineRequest, 'name' | 'topic' | 'key' | 'eventTime'>>;

/** Makes a pipeline from a text on standard input, in a checkout of its own. */
async function made(text: string, options: Options = {}) {
  const projectDir = scratchFolder();
  const request = {
    ...{ name: 'shop', from: '-', topic: undefined, key: undefined, eventTime: undefined, ...options },
    ...{ projectDir, stdin: Readable.from([Buffer.from(text)]) },
  };
  const result = await newPipeline(request);
  const folder = join(projectDir, 'pipelines', request.name);
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const pipeline = loadPipeline(request.name, projectDir);
  const types = Object.fromEntries(pipeline.fields.map(({ name, type }) => [name, shown(type)]));
  const required = pipeline.fields.filter((field) => field.required).map(({ name }) => name);
  return { ...result, projectDir, folder, read, pipeline, types, required };
}

const lines = (events: readonly unknown[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('');
const several = (count: number, make: (at: number) => unknown) =>
  lines(Array.from({ length: count }, (_, at) => make(at)));

function shown(type: Type): string {
  if (type.kind === 'decimal') return `decimal(${type.precision},${type.scale})`;
  if (type.kind === 'object')
    return `{${type.fields.map(({ name, type }) => `${name}:${shown(type)}`).join(',')}}`;
  if (type.kind === 'array') return `[${shown(type.items.type)}]`;
  if (type.kind === 'timestamp' && 'epoch' in type) return `epoch ${type.epoch}`;
  return 'format' in type && type.format !== 'iso8601' ? `${type.kind} ${type.format}` : type.kind;
}

describe('types', () => {
  it('follow from the digits as they are written', async () => {
    const { types } = await made(
      '{"count":1,"amount":199.00,"big":12345678901234567890,"share":0.123456789012,"ok":true,"text":"a"}\n' +
        '{"count":-2,"amount":88.5,"big":1,"share":1e-7,"ok":false,"text":"b"}\n',
    );
    expect(types).toEqual({
      ...{ count: 'integer', amount: 'decimal(18,2)', big: 'decimal(38,0)', share: 'double' },
      ...{ ok: 'boolean', text: 'string' },
    });
  });

  it('of objects and arrays are those of their parts', async () => {
    const { types } = await made(
      several(3, (at) => ({
        who: { id: at, at: { x: 1.5 } },
        lines: [
          { sku: 'a', price: 1.25 },
          { sku: 'b', price: 2 },
        ],
        m: [[1], []],
      })),
    );
    expect(types['who']).toBe('{id:integer,at:{x:double}}');
    expect(types['lines']).toBe('[{sku:string,price:decimal(18,2)}]');
    expect(types['m']).toBe('[[integer]]');
  });

  it('of numbers and texts are text, and other mixtures are left out', async () => {
    const { types, event, outcomes } = await made(
      several(10, (at) => ({
        id: at,
        mixed: at % 2 ? at : 'x',
        flag: at % 2 ? true : 'no',
        shape: at % 2 ? {} : [1],
      })),
    );
    expect(types).toEqual({ id: 'integer', mixed: 'string' });
    expect(event.leftOut.map(({ name }) => name)).toEqual(['flag', 'shape']);
    expect(outcomes).toMatchObject({ silver: 10, quarantine: 0 });
  });

  it('are assumed where there are only nulls or empty arrays, and a comment tells it', async () => {
    const { types, required, read } = await made(lines([{ id: 1, nothing: null, none: [] }]));
    expect(types).toEqual({ id: 'integer', nothing: 'string', none: '[string]' });
    expect(required).toEqual(['id', 'none']);
    expect(read('contract.odcs.yaml')).toContain('No value in any of them: text is assumed.');
    expect(read('contract.odcs.yaml')).toContain('Every array is empty: texts are assumed.');
  });

  it('follow most of many values, and the events with others go to quarantine', async () => {
    const { types, outcomes } = await made(several(200, (at) => ({ id: at, value: at === 7 ? 'n/a' : at })));
    expect(types['value']).toBe('integer');
    expect(outcomes).toMatchObject({ silver: 199, reasons: [['bad_value', 1]] });
  });

  it('deeper than ten levels are left out', async () => {
    const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1), b: 1 });
    const { outcomes, types } = await made(lines([{ id: 1, deep: deep(12) }]));
    expect(types['deep']).toContain('b:integer');
    expect(outcomes?.silver).toBe(1);
  });
});

describe('required fields', () => {
  it('are in every event and never null', async () => {
    const { required, read } = await made(
      lines([
        { a: 1, b: 1, c: 1 },
        { a: 2, b: null },
        { a: 3, b: 3, c: 3 },
      ]),
    );
    expect(required).toEqual(['a']);
    expect(read('contract.odcs.yaml')).toContain('# 1 of 3 events have no c.');
  });

  it('of several shapes are what they have in common', async () => {
    const { required, event, pipeline } = await made(
      lines([
        ...Array.from({ length: 6 }, (_, at) => ({
          order: `o${at}`,
          total: 5.25,
          ts: 1_710_064_800_000 + at,
        })),
        ...Array.from({ length: 4 }, (_, at) => ({
          pay: `p${at}`,
          order: `o${at}`,
          ts: 1_710_064_900_000 + at,
        })),
      ]),
    );
    expect(required).toEqual(['order', 'ts']);
    expect(event.notes.join()).toContain('2 shapes: 6 with order, total, ts; 4 with pay, order, ts');
    expect(pipeline.eventTime.field).toBe('ts');
  });

  it('are not spoilt by an event of something else', async () => {
    const { required, outcomes } = await made(
      several(60, (at) => (at === 30 ? { error: 'gone' } : { id: at, ts: 1_710_064_800 + at, value: at })),
    );
    expect(required).toEqual(['id', 'ts', 'value']);
    expect(outcomes).toMatchObject({ silver: 59, reasons: [['missing_id', 1]] });
  });

  it('of an object that few events have are none', async () => {
    const { pipeline } = await made(several(30, (at) => ({ id: at, ...(at === 3 && { extra: { x: 1 } }) })));
    const [, extra] = pipeline.fields;
    expect(extra?.type).toMatchObject({ kind: 'object', fields: [{ name: 'x', required: false }] });
  });
});

it('an event whose value is the name of its field is a header that slipped in', async () => {
  const { types, outcomes, read } = await made(
    several(40, (at) =>
      at % 8 === 0 ? { car_id: 'car_id', speed: 50 } : { car_id: `${at % 5}`, speed: 40 },
    ),
  );
  expect(types).toEqual({ car_id: 'string', speed: 'integer' });
  expect(read('pipeline.yml')).toContain("no_header_in_car_id: car_id <> 'car_id'");
  expect(outcomes).toMatchObject({ silver: 35, reasons: [['no_header_in_car_id', 5]] });
});

describe('the event time', () => {
  const field = async (event: object, options?: Options) =>
    (await made(lines([event, event]), options)).pipeline.eventTime.field;

  it.each([
    [{ updated_at: '2026-01-01T00:00:00Z', created_at: '2026-01-01T00:00:00Z' }, 'created_at'],
    [{ time: '2026-01-01 00:00', occurredAt: '2026-01-01T00:00:00+02:00' }, 'occurredAt'],
    [{ event_time: '2026-01-01T00:00:00Z', timestamp: 1_710_064_800 }, 'event_time'],
    [{ ts: '1649692100.0120409', response_time: 12 }, 'ts'],
    [{ day: '2026-01-01', id: 1 }, 'kafka_ts'],
    [{ id: 1, duration: 1_710_064_800 }, 'kafka_ts'],
  ])('of %j is %s', async (event, expected) => {
    expect(await field(event)).toBe(expected);
  });

  it('is not a field that an event lacks, and the file tells how it could be', async () => {
    const { pipeline, read } = await made(lines([{ id: 1, ts: 1_710_064_800 }, { id: 2 }]));
    expect(pipeline.eventTime.field).toBe('kafka_ts');
    expect(read('pipeline.yml').replaceAll('\n# ', ' ')).toContain(
      'Not every event has ts: make it required',
    );
  });

  it('is the field that the user names, which is required then', async () => {
    const text = lines([{ id: 1, made: 1_710_064_800 }, { id: 2, made: 1_710_064_801 }, { id: 3 }]);
    const { pipeline, required, outcomes } = await made(text, { eventTime: 'made' });
    expect(pipeline.eventTime.field).toBe('made');
    expect(required).toContain('made');
    expect(outcomes?.reasons).toEqual([['missing_made', 1]]);
  });

  it('named by the user is a time, or the sentence lists those that are', async () => {
    await expect(field({ id: 1, ts: 1_710_064_800 }, { eventTime: 'id' })).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: expect.stringContaining("kafka_ts for the record's own time (ts)"),
    });
  });
});

describe('key, identifiers and gold', () => {
  it('follow from names and repeated values', async () => {
    const { pipeline, read } = await made(
      several(60, (at) => ({
        order_id: `o-${at}`,
        user_id: `u${at % 7}`,
        kind: at % 2 ? 'a' : 'b',
        zip: 12_345,
        price: at + 0.25,
      })),
    );
    expect(pipeline.source).toEqual({ topic: 'shop', partitions: 3, key: 'user_id' });
    expect(read('contract.odcs.yaml')).toContain('primaryKey: true');
    expect(pipeline.gold).toMatchObject([
      {
        groupBy: ['user_id'],
        windowMs: 60_000,
        measures: [{ name: 'events' }, { name: 'sum_price' }, { name: 'avg_price' }, { name: 'max_price' }],
      },
    ]);
  });

  it('do not collide with one another', async () => {
    const { pipeline } = await made(
      several(30, (at) => ({ events: at % 2 ? 'x' : 'y', window_start: 1.5 * at })),
    );
    expect(pipeline.gold[0]?.groupBy).toEqual(['events']);
    expect(pipeline.gold[0]?.measures[0]?.name).toBe('events_2');
  });

  it('are those that the user names', async () => {
    const { pipeline } = await made(lines([{ a: 'x', b: 1 }]), { key: 'a', topic: 'other.topic' });
    expect(pipeline.source).toMatchObject({ topic: 'other.topic', key: 'a' });
    await expect(made(lines([{ a: 'x' }]), { key: 'z' })).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: expect.stringContaining('(a)'),
    });
    await expect(made(lines([{ a: 'x' }]), { topic: 'a b' })).rejects.toMatchObject({ code: 'BAD_USAGE' });
  });
});

describe('names', () => {
  it('of columns of silver, and those that differ only in case, are left out', async () => {
    const { types, event, read } = await made(
      lines([
        { topic: 'a', OFFSET: 1, kafka_ts: 5, id: 1, Id: 2, event_time: 'soon' },
        { id: 3, Topic: 'x' },
      ]),
    );
    expect(types).toEqual({ id: 'integer' });
    expect(event.leftOut.map(({ name }) => name).sort()).toEqual(
      ['Id', 'OFFSET', 'Topic', 'event_time', 'kafka_ts', 'topic'].sort(),
    );
    expect(read('contract.odcs.yaml')).toContain('# Left out: "kafka_ts", because silver has a column');
  });

  it('with control characters are left out, and `__proto__` is a name like any other', async () => {
    const { event, outcomes } = await made('{"a\\u0009b":1,"__proto__":5,"constructor":6,"id":1}\n');
    expect(event.leftOut.map(({ name }) => name)).toEqual(['a\tb']);
    expect(event.fields.map(({ name }) => name)).toEqual(['__proto__', 'constructor', 'id']);
    expect(outcomes?.silver).toBe(1);
  });

  it('and values that YAML reads in its own way stay what they are', async () => {
    const { types, outcomes, read } = await made(
      several(20, (at) => ({ no: 'yes', null: at % 2 ? '1e3: # x' : "it's\n", true: 'on', y: 1 })),
    );
    expect(Object.keys(types)).toEqual(['no', 'null', 'true', 'y']);
    expect(outcomes?.silver).toBe(20);
    expect(read('contract.odcs.yaml')).toContain('- name: "no"');
  });
});

describe('the folder', () => {
  it('has the four files, the sample to the letter, and pipeline.json as generate writes it', async () => {
    const text = '{"id" : 1.50,  "t":"ü"}\r\n\r\n{"id":2,"t":"\\u00fc"}\r\n';
    const { files, read, folder } = await made(text);
    expect(files).toEqual(['contract.odcs.yaml', 'pipeline.yml', 'sample.jsonl', 'pipeline.json']);
    expect(readdirSync(folder).sort()).toEqual([...files].sort());
    expect(read('sample.jsonl')).toBe('{"id" : 1.50,  "t":"ü"}\n{"id":2,"t":"\\u00fc"}\n');
  });

  it('has at most 1,000 events as its sample', async () => {
    const { sampled, read } = await made(several(1200, (at) => ({ id: at })));
    expect(sampled).toBe(1000);
    expect(read('sample.jsonl').split('\n')).toHaveLength(1001);
  });

  it('is the same for the same events', async () => {
    const text = several(50, (at) => ({
      id: at,
      kind: at % 3 ? 'a' : 'b',
      at: `2026-01-01T00:00:${10 + (at % 50)}Z`,
    }));
    const [one, other] = [await made(text), await made(text)];
    for (const name of one.files) expect(other.read(name)).toBe(one.read(name));
  });

  it('is not overwritten when it has files, and is taken when it is empty', async () => {
    const projectDir = scratchFolder();
    const folder = join(projectDir, 'pipelines', 'shop');
    mkdirSync(folder, { recursive: true });
    const request = { from: '-', topic: undefined, key: undefined, eventTime: undefined, projectDir };
    const again = () =>
      newPipeline({ ...request, name: 'shop', stdin: Readable.from([Buffer.from('{"id":1}')]) });
    await again();
    writeFileSync(join(folder, 'pipeline.yml'), 'mine');
    await expect(again()).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: expect.stringContaining('exists and has'),
    });
    expect(readFileSync(join(folder, 'pipeline.yml'), 'utf8')).toBe('mine');
  });

  it.each(['', ' ', '-x', 'a\nb', './work/.hidden'])('cannot be named %j', async (name) => {
    await expect(made('{"id":1}', { name })).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: expect.stringContaining("cannot be a pipeline's name"),
    });
  });

  it('whose place is no folder, or full of files meanwhile, is named and leaves nothing', () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'file'), '');
    mkdirSync(join(folder, 'taken', 'x'), { recursive: true });
    for (const place of ['file/shop', 'taken']) {
      expect(() => writeFolder(join(folder, place), { a: 'b' })).toThrow(
        expect.objectContaining({ code: 'BAD_USAGE', message: expect.stringContaining(place) }),
      );
    }
    expect(readdirSync(folder).sort()).toEqual(['file', 'taken']);
  });

  it('does not appear, nor any folder above it, when the events are refused', async () => {
    const projectDir = scratchFolder();
    const request = { from: '-', topic: undefined, key: undefined, eventTime: undefined, projectDir };
    await expect(
      newPipeline({ ...request, name: './deep/er', stdin: Readable.from([Buffer.from('nonsense')]) }),
    ).rejects.toMatchObject({ code: 'BAD_EVENTS' });
    expect(existsSync(join(projectDir, 'deep'))).toBe(false);
  });
});
