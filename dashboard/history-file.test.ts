import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HistoryFile } from './history-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'history-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const HISTORY = {
  topic: 'transactions',
  series: [{ stepMs: 2000, at: [2000], values: { lag: [null] } }],
  events: [{ at: '2026-11-26T17:00:00.000Z', kind: 'stream' as const, text: 'it began' }],
  verified: null,
};

it('is read as it was written', () => {
  const path = join(folder, 'new');
  expect(new HistoryFile(path).read('transactions')).toBeUndefined();
  new HistoryFile(path).write(HISTORY);
  expect(new HistoryFile(path).read('transactions')).toMatchObject(HISTORY);
});

it('is not taken for another topic', () => {
  new HistoryFile(folder).write(HISTORY);
  expect(new HistoryFile(folder).read('orders')).toBeUndefined();
});

it.each(['', '{', '{"version":2}', 'null', '{"version":1,"topic":"transactions","series":7}'])(
  'is none when the file has %j',
  (text) => {
    writeFileSync(join(folder, 'history.json'), text);
    expect(new HistoryFile(folder).read('transactions')).toBeUndefined();
  },
);
