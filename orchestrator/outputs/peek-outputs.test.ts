import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { peekOutputs } from './peek-outputs.ts';
import { peekJson, peekText } from './peek-summary.ts';
import { PlantedOutputs, rowsOf } from './testing/planted-outputs.ts';
import { textTable } from './text-table.ts';

let outputs: PlantedOutputs;

beforeEach(async () => {
  outputs = await PlantedOutputs.create();
});
afterEach(() => outputs.remove());

async function plant(): Promise<void> {
  await outputs.start({ 0: 0 });
  await outputs.commit(0, { 0: 3 });
  await outputs.commit(1, { 0: 5 });
  await outputs.batch(0, rowsOf(0, 0, 3));
  await outputs.batch(1, rowsOf(0, 3, 5));
  await outputs.batch(2, rowsOf(0, 5, 9));
}

test('rows and files of committed micro-batches per sink, and the newest rows of one', async () => {
  await plant();
  const peek = await peekOutputs({ outputPath: outputs.path, sink: 'silver', limit: 2 });
  expect(peek.sinks.map(({ sink, rows, files }) => [sink, rows, files])).toEqual([
    ['bronze', 5, 2],
    ['silver', 5, 2],
    ['quarantine', 0, 0],
    ['gold', 0, 0],
    ['raw_csv', 5, 2],
  ]);
  expect(peekJson(peek)['rows']).toMatchObject([
    { txn_id: 'txn-0-4', event_time: '2025-01-02 03:04:05', amount: '1.00' },
    { txn_id: 'txn-0-3' },
  ]);
  const text = peekText(peek, 80);
  expect(text).toMatch(/event_time \(UTC\).*\n2025-01-02 03:04:05 {2}card1 +1.00/);
  expect(text).toMatch(/quarantine +0 +0 +no rows yet/);
  for (const line of text.split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
});

test.each(['bronze', 'quarantine', 'gold', 'raw_csv'] as const)('%s can be looked at', async (sink) => {
  await plant();
  await outputs.quarantine(1, rowsOf(0, 4, 5));
  await outputs.gold(0, [{ card: 'A', start: 1_735_787_040_000, count: 3, sum: '1.00', max: '0.50' }]);
  const peek = await peekOutputs({ outputPath: outputs.path, sink, limit: 10 });
  expect(peek.rows.length).toBe({ bronze: 5, quarantine: 1, gold: 1, raw_csv: 5 }[sink]);
  expect(peekText(peek, 100)).toContain(`Newest rows of ${sink}:`);
});

test('a sink without rows says so, no rows at all are no data', async () => {
  const options = { outputPath: outputs.path, sink: 'gold', limit: 5 } as const;
  await expect(peekOutputs(options)).rejects.toMatchObject({ code: 'NO_DATA' });
  await plant();
  expect(peekText(await peekOutputs(options), 80)).toMatch(/gold: no rows yet, a window follows/);
});

test('a value that is not UTF-8 does not hide its row', async () => {
  await plant();
  // DuckDB writes no such text, so bytes of a finished file are changed.
  const path = outputs.fileOf('bronze', 1);
  const bytes = await readFile(path);
  for (let at = bytes.indexOf('the record'); at >= 0; at = bytes.indexOf('the record', at)) bytes[at] = 0xff;
  await writeFile(path, bytes);
  const peek = await peekOutputs({ outputPath: outputs.path, sink: 'bronze', limit: 1 });
  expect(peekJson(peek)['rows']).toMatchObject([{ offset: '4', value: '(hidden: not UTF-8)' }]);
});

test('a table is cut to its width, and control characters do not reach the terminal', () => {
  const columns = [
    { title: 'n', align: 'right' },
    { title: 'text', align: 'left' },
  ] as const;
  expect(
    textTable(
      columns,
      [
        ['12', 'a\u001b[31mred\nline'],
        ['3', 'long enough to be cut'],
      ],
      16,
    ),
  ).toEqual([' n  text', '12  a·[31mred·l…', ' 3  long enough…']);
});
