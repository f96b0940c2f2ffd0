import { describe, expect, it } from 'vitest';
import { ProducerError } from '../errors.ts';
import { memberTexts } from '../events/json-members.ts';
import { type LineReading, recordOfLine } from './line-record.ts';
import { MAX_LINE_BYTES, readLines } from './lines.ts';

const chunksOf = async function* (bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
};

async function linesOf(bytes: Buffer, size = bytes.length || 1): Promise<(readonly [number, string])[]> {
  const found: (readonly [number, string])[] = [];
  for await (const lines of readLines(chunksOf(bytes, size), 'the test')) {
    found.push(...lines.map((line) => [line.number, line.bytes.toString('latin1')] as const));
  }
  return found;
}

describe('readLines', () => {
  const text = Buffer.from('\u00ef\u00bb\u00bfone\r\n\n \u00ff\u00fe two\n\r\n{broken', 'latin1');

  it.each([1, 2, 3, 7, 1000])(
    'keeps every byte and leaves out empty lines, in chunks of %d',
    async (size) => {
      expect(await linesOf(text, size)).toEqual([
        [1, 'one'],
        [3, ' \u00ff\u00fe two'],
        [5, '{broken'],
      ]);
    },
  );

  it('has no lines of an empty input', async () => {
    expect(await linesOf(Buffer.alloc(0))).toEqual([]);
    expect(await linesOf(Buffer.from('\n\r\n'))).toEqual([]);
    expect(await linesOf(Buffer.from('a'))).toEqual([[1, 'a']]);
  });

  it.each([
    ['gzip', [0x1f, 0x8b, 8, 0], 'gunzip'],
    ['UTF-16', [0xff, 0xfe, 0x61, 0], 'iconv'],
  ])('refuses %s with the way to text', async (what, bytes, hint) => {
    const error = await linesOf(Buffer.from(bytes)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ProducerError);
    expect((error as ProducerError).message).toContain(what);
    expect((error as ProducerError).hint).toContain(hint);
  });

  it('refuses a line that no record can be, by its number, before all of it is read', async () => {
    let chunks = 0;
    const endless = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from('short\n');
      for (;;) {
        chunks += 1;
        yield Buffer.alloc(1024 * 1024, 'x');
      }
    };
    const read = async (): Promise<void> => {
      for await (const lines of readLines(endless(), 'big.json')) expect(lines).toHaveLength(1);
    };
    await expect(read()).rejects.toThrow('line 2 of big.json has more than 16 MiB');
    expect(chunks).toBeLessThanOrEqual(MAX_LINE_BYTES / 1024 / 1024 + 1);
  });
});

describe('memberTexts', () => {
  it('has the text of each member as it stands there', () => {
    const text = ' { "a" : 1.50 , "b\\"}" : { "x": [1, {"y": "],}"}] }, "c":"\\u00e9,", "d":[ ] ,"a":-0.0}  ';
    expect([...memberTexts(text)]).toEqual([
      ['a', '-0.0'],
      ['b"}', '{ "x": [1, {"y": "],}"}] }'],
      ['c', '"\\u00e9,"'],
      ['d', '[ ]'],
    ]);
    expect([...memberTexts('{ }')]).toEqual([]);
    expect([...memberTexts('{"__proto__":1}')]).toEqual([['__proto__', '1']]);
  });
});

describe('recordOfLine', () => {
  const NOW = 5;
  const read = (text: string | Buffer, reading: Partial<LineReading> = {}) => {
    const { value, ...rest } = recordOfLine(
      { number: 3, bytes: Buffer.from(text) },
      { form: 'auto', keyField: 'id', ...reading },
      NOW,
    );
    return { ...rest, value: value === null ? null : String(value) };
  };
  const plain = (value: string, key: string | null) => ({ key, value, timestampMs: NOW, line: 3 });

  it.each<[string, string | null]>([
    ['{"id":"c1","amount":1.50}', 'c1'],
    ['{"id":"\\u00e9"}', 'é'],
    ['{"id":12345678901234567890}', '12345678901234567890'],
    ['{"id":1.50}', '1.50'],
    ['{"id":true}', 'true'],
    ['{"id":null}', null],
    ['{"id":{"a":1}}', null],
    ['{"other":1}', null],
    ['{broken', null],
    ['[1]', null],
    ['text', null],
  ])('sends %s as it is, with the key %j', (text, key) => {
    expect(read(text)).toEqual(plain(text, key));
  });

  it('finds the key in objects, and the whole name before that', () => {
    const text = '{"customer":{"id":7,"a.b":1},"customer.name":"x"}';
    expect(read(text, { keyField: 'customer.id' }).key).toBe('7');
    expect(read(text, { keyField: 'customer.name' }).key).toBe('x');
    expect(read(text, { keyField: 'customer.a.b' }).key).toBe('1');
    expect(read(text, { keyField: 'customer.id.x' }).key).toBeNull();
    expect(read(text, { keyField: null }).key).toBeNull();
  });

  it('sends bytes that are no text as they are', () => {
    const bytes = Buffer.from([0x7b, 0xff, 0x7d]);
    const { value } = recordOfLine({ number: 1, bytes }, { form: 'auto', keyField: 'id' }, NOW);
    expect(value).toEqual(bytes);
  });

  it('takes an object of value and what else a record has for a record', () => {
    expect(
      read('{"key":"k","value":{"id":"v", "n":1.50},"headers":{"h":["1","2"]},"timestamp":1769853600000}'),
    ).toEqual({
      key: 'k',
      value: '{"id":"v", "n":1.50}',
      headers: { h: ['1', '2'] },
      timestampMs: 1_769_853_600_000,
      line: 3,
    });
    expect(read('{"value":{"id":"v"},"timestamp":"2026-01-31T11:00:00.5+01:00"}')).toMatchObject({
      key: 'v',
      timestampMs: Date.parse('2026-01-31T10:00:00.5Z'),
    });
    expect(read('{"key":null,"value":{"id":"v"}}').key).toBeNull();
    expect(read('{"key":1.0,"value":"{\\"id\\":\\"v\\"}"}')).toMatchObject({
      key: '1.0',
      value: '{"id":"v"}',
    });
    expect(read('{"value":"{\\"id\\":\\"v\\"}"}').key).toBe('v');
    expect(read('{"value":null}')).toEqual({ key: null, value: null, timestampMs: NOW, line: 3 });
  });

  it.each([
    ['{"value":1}', 'its value is no object, text or null'],
    ['{"value":[]}', 'its value is no object, text or null'],
    ['{"key":"k"}', 'it has no value'],
    ['{"value":"x","unit":"C"}', '"unit" is none of key, value, headers, timestamp'],
    ['{"value":"x","key":{}}', 'its key is no text, number or null'],
    ['{"value":"x","headers":{"a":1}}', 'its headers are no object of texts'],
    ['{"value":"x","timestamp":"2026-01-31 10:00:00"}', 'its timestamp is neither'],
    ['{"value":"x","timestamp":-1}', 'its timestamp is neither'],
    ['x', 'it is no JSON object'],
  ])('takes %s for an event, and refuses it where records are asked for', (text, fault) => {
    expect(read(text, { keyField: null })).toEqual(plain(text, null));
    expect(() => read(text, { form: 'records' })).toThrow(`line 3 of the input is no record: ${fault}`);
  });

  it('takes a record for an event where events are asked for', () => {
    const text = '{"value":"on","timestamp":1769853600000}';
    expect(read(text, { form: 'events', keyField: 'value' })).toEqual(plain(text, 'on'));
  });
});
