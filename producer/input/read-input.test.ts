import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InputCounts } from '../report.ts';
import { assertReadable, type InputOptions, readInput } from './send-input.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'read-input-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const input = (text: string, isLooped = false): InputOptions => {
  const from = join(folder, 'events.jsonl');
  writeFileSync(from, text);
  return { from, keyOf: undefined, form: 'auto', isLooped };
};
const counts = (): InputCounts => ({ events: 0, records: 0, withoutKey: 0, isWhole: false });
const READING = { form: 'auto', keyField: 'id' } as const;
const TEXT = '{"id":1}\n{"value":null}\nx\n';

describe('readInput', () => {
  it('passes on every line and counts what each is', async () => {
    const [found, values] = [counts(), [] as string[]];
    const take = async ({ value }: { readonly value: unknown }) => values.push(String(value)) > 0;
    await readInput(input(TEXT), READING, take, new AbortController().signal, found);
    expect(values).toEqual(['{"id":1}', 'null', 'x']);
    expect(found).toEqual({ events: 2, records: 1, withoutKey: 2, isWhole: true });
  });

  it('begins a looped file again until no more is taken', async () => {
    const found = counts();
    let left = 8;
    await readInput(input(TEXT, true), READING, async () => --left > 0, new AbortController().signal, found);
    expect(found).toMatchObject({ events: 5, records: 3, isWhole: false });
  });

  it('leaves a looped file when its signal is aborted', async () => {
    const [found, stop] = [counts(), new AbortController()];
    const take = async () => {
      if (found.events + found.records === 5) stop.abort();
      return !stop.signal.aborted;
    };
    await readInput(input(TEXT, true), READING, take, stop.signal, found);
    expect(found.isWhole).toBe(false);
  });

  it('refuses to loop over no lines, a folder, and standard input twice', async () => {
    const signal = new AbortController().signal;
    const empty = readInput(input('\n\n', true), READING, async () => true, signal, counts());
    await expect(empty).rejects.toThrow('has no lines');
    expect(() => assertReadable({ ...input('x'), from: folder })).toThrow('is a folder');
    expect(() => assertReadable({ ...input('x'), from: join(folder, 'none') })).toThrow('cannot be read');
    expect(() => assertReadable(input('', true))).toThrow('is empty');
    expect(() => assertReadable({ ...input('x', true), from: '-' })).toThrow('only once');
    expect(() => assertReadable(input('x', true))).not.toThrow();
  });
});
