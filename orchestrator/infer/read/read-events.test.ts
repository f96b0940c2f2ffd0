import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { onlyObject, readEvents } from './read-events.ts';
import { readInput } from './read-input.ts';

const read = (text: string, isCut = false) => readEvents({ text, isCut, shown: 'events.json' });
const texts = (text: string) => read(text).events.map((event) => event.text);
const inputOf = (bytes: Buffer) => readInput('-', Readable.from([bytes]));

describe('events', () => {
  it('are lines, with CRLF, blank lines and a byte order mark', async () => {
    const input = await inputOf(Buffer.from('\ufeff{"a":1}\r\n\r\n  {"a":2}  \r\n'));
    expect(readEvents(input)).toMatchObject({
      form: 'json-lines',
      events: [{ text: '{"a":1}' }, { text: '{"a":2}' }],
    });
  });

  it('are the elements of an array, on one line and with their digits', () => {
    const array = '[\n  {"a": 1.50,\n   "b": [ "x y", "q\\"]}" ] },\n  {"a": 1e3}\n]\n';
    expect(read(array).form).toBe('json-array');
    expect(texts(array)).toEqual(['{"a":1.50,"b":["x y","q\\"]}"]}', '{"a":1e3}']);
  });

  it('are objects one after another, over several lines', () => {
    const documents = '{\n "a": {}\n}\n{\n "a": {"b": 1}\n}{"a":\n2}';
    expect(read(documents).form).toBe('json-documents');
    expect(texts(documents)).toEqual(['{"a":{}}', '{"a":{"b":1}}', '{"a":2}']);
  });

  it('that are broken are skipped, with their lines', () => {
    expect(read('{"a":1}\n{"a":\n{"a":2}\n[1]\n{"a":3}\nnull\n{"a":4}').skipped).toEqual([
      { line: 2, why: 'no valid JSON: "{\\"a\\":"' },
      { line: 4, why: 'an array instead of an object' },
      { line: 6, why: 'null instead of an object' },
    ]);
    expect(read('[{"a":1},\n{"a":2},\n5,\n{"a":3}]').skipped).toEqual([
      { line: 3, why: '5 instead of an object' },
    ]);
  });

  it('on a first line that is broken do not change the form', () => {
    expect(read('{"a":1\n{"a":2}\n{"a":3}\n')).toMatchObject({ form: 'json-lines', skipped: [{ line: 1 }] });
  });

  it('at the end of what was read are dropped when they are not complete', () => {
    expect(read('{"a":1}\n{"a":', true)).toMatchObject({
      isCut: true,
      skipped: [],
      events: [{ text: '{"a":1}' }],
    });
  });

  it.each([
    ['', /^events.json has no events: it is empty\.$/],
    ['a,b\n1,2\n3,4\n', /a table with commas/],
    ['<a/>', /XML/],
    ['x\ny\n{"a":1}\n', /^2 of 3 parts of events.json are no JSON object: line 1/],
  ])('cannot be read from %j', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});

describe('a file', () => {
  it.each([
    [gzipSync('{}'), /gzip/],
    [Buffer.from('Obj\u0001avro'), /Avro/],
    [Buffer.from('PAR1…'), /Parquet/],
    [Buffer.from('\ufeff{"a":1}', 'utf16le'), /UTF-16/],
    [Buffer.from([0x7b, 0, 0x7d]), /zero bytes/],
  ])('that is no text of JSON is named for what it is', async (bytes, message) => {
    await expect(inputOf(bytes)).rejects.toMatchObject({
      code: 'BAD_EVENTS',
      message: expect.stringMatching(message),
    });
  });

  it('that does not exist is named', async () => {
    await expect(readInput('/nowhere/e.jsonl', Readable.from([]))).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: expect.stringContaining('/nowhere/e.jsonl'),
    });
  });

  it('that is one object can be a schema', () => {
    expect(onlyObject({ text: ' {"a":\n1}\n', isCut: false, shown: '' })).toEqual({ a: 1 });
    expect(onlyObject({ text: '{"a":1}\n{"a":2}', isCut: false, shown: '' })).toBeUndefined();
  });
});
