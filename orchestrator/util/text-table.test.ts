import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { displayWidth, foldedTable, type TextColumn, textTable, visibleText } from './text-table.ts';

const COLUMNS: readonly TextColumn[] = [
  { title: 'n', align: 'right' },
  { title: 'text', align: 'left' },
];

describe('a table', () => {
  it('is cut to its width', () => {
    const rows = [
      ['12', 'short'],
      ['3', 'long enough to be cut'],
    ];
    expect(textTable(COLUMNS, rows, 16)).toEqual([' n  text', '12  short', ' 3  long enough…']);
  });

  it('gives a wide character two columns, and cuts no character in two', () => {
    const rows = [
      ['1', '日本語テキスト'],
      ['2', '👩‍👩‍👧‍👦 family'],
      ['3', 'e\u0301te\u0301'],
    ];
    const lines = textTable(COLUMNS, rows, 11);
    expect(lines).toEqual(['n  text', '1  日本語…', '2  👩‍👩‍👧‍👦 fami…', '3  e\u0301te\u0301']);
    for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(11);
  });

  it('aligns what follows a wide character', () => {
    const columns: readonly TextColumn[] = [COLUMNS[1] as TextColumn, { title: 'n', align: 'right' }];
    expect(
      textTable(
        columns,
        [
          ['東京', '1'],
          ['Rome', '22'],
        ],
        40,
      ),
    ).toEqual(['text   n', '東京   1', 'Rome  22']);
  });
});

describe('a value', () => {
  it.each([
    ['a line break and a tab', 'a\r\n\tb', 'a\\r\\n\\tb'],
    ['a colour', '\u001b[31mred', '\\u001b[31mred'],
    ['a control of one byte more', '\u009b31m', '\\u009b31m'],
    ['an override of the direction', 'abc\u202edef\u202c', 'abc\\u202edef\\u202c'],
    ['an isolate and a mark', '\u2067x\u2069\u200f', '\\u2067x\\u2069\\u200f'],
    ['what has no width', 'a\u200bb\ufeff', 'a\\u200bb\\ufeff'],
    ['half a character', 'a\ud800b', 'a\\ud800b'],
    ['an emoji with joiners', '👩‍👧', '👩‍👧'],
    ['a text from right to left', 'שלום', 'שלום'],
  ])('with %s is shown so that nothing in it is obeyed or hidden', (_what, text, shown) => {
    expect(visibleText(text)).toBe(shown);
    expect(displayWidth(text)).toBe(stringWidth(shown));
  });
});

describe('a folded table', () => {
  const columns = Array.from(
    { length: 12 },
    (_, at): TextColumn => ({ title: `column_${at}`, align: 'left' }),
  );
  const row = (text: string) => columns.map((_column, at) => `${text}${at}`);

  it('is one table where the columns fit', () => {
    const rows = [row('a'), row('b')];
    expect(foldedTable(columns, rows, 200)).toEqual(textTable(columns, rows, 200));
  });

  it('has its columns in several tables where they do not, with the number of the row in each', () => {
    const lines = foldedTable(columns, [row('a'), row('b')], 40);
    expect(lines.slice(0, 8)).toEqual([
      'row  column_0  column_1  column_2',
      '  1  a0        a1        a2',
      '  2  b0        b1        b2',
      '',
      'row  column_3  column_4  column_5',
      '  1  a3        a4        a5',
      '  2  b3        b4        b5',
      '',
    ]);
    const titles = lines
      .filter((line) => line.startsWith('row'))
      .flatMap((line) => line.split(/ +/).slice(1));
    expect(titles).toEqual(columns.map(({ title }) => title));
  });

  it('has no line that is wider, but for a column that may not be cut', () => {
    const long = columns.map(() => 'x'.repeat(100));
    for (const width of [20, 60, 100]) {
      for (const line of foldedTable(columns, [long], width)) expect(line.length).toBeLessThanOrEqual(width);
    }
  });
});
