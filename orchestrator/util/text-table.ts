import stringWidth from 'string-width';

/** A column of a plain-text table. */
export interface TextColumn {
  readonly title: string;
  /** Numbers are aligned right. */
  readonly align: 'left' | 'right';
  /** Cut only when cutting the others is not enough: instants, counts. */
  readonly rigid?: boolean;
}

/** The gap between two columns. */
const GAP = '  ';
/** A column is not cut below this many columns of the terminal. */
const LEAST_WIDTH = 6;
/** In a folded table a column is not cut below this. */
const FOLDED_WIDTH = 24;

/**
 * Lays out a table in a given width: the widest columns are cut first, cells that were cut end in
 * "…". Characters that are invisible become visible, see `visibleText`.
 * @param width columns of the terminal, of which a wide character (CJK, emoji) takes two
 * @returns lines without trailing spaces, the titles first
 */
export function textTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly string[] {
  const cells = visibleCells(columns, rows);
  const available = availableWidth(columns, width);
  const flexible = columns.map(({ rigid = false }) => !rigid);
  const widths = shrink(shrink(widthsOf(columns, cells), available, flexible), available);
  return cells.map((row) =>
    columns
      .map(({ align }, at) => clip(row[at] ?? '', widths[at] ?? 0, align))
      .join(GAP)
      .trimEnd(),
  );
}

/**
 * The same table. Where the columns do not fit beside each other, they are in several tables below
 * each other, separated by an empty line, and rows are numbered.
 */
export function foldedTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly string[] {
  const wanted = widthsOf(columns, visibleCells(columns, rows));
  const least = wanted.map((own, at) => (columns[at]?.rigid ? own : Math.min(own, LEAST_WIDTH)));
  if (sum(least) <= availableWidth(columns, width)) return textTable(columns, rows, width);
  const numbered = Math.max('row'.length, String(rows.length).length);
  const parts: number[][] = [];
  let left = 0;
  for (const [at, own] of wanted.entries()) {
    const needed = GAP.length + (columns[at]?.rigid ? own : Math.min(own, FOLDED_WIDTH));
    if (parts.length === 0 || needed > left) {
      parts.push([]);
      left = width - numbered;
    }
    parts.at(-1)?.push(at);
    left -= needed;
  }
  return parts.flatMap((part, index) => {
    const partOf = [ROW_NUMBER, ...part.flatMap((at) => columns[at] ?? [])];
    const cells = rows.map((row, number) => [String(number + 1), ...part.map((at) => row[at] ?? '')]);
    return [...(index === 0 ? [] : ['']), ...textTable(partOf, cells, width)];
  });
}

const ROW_NUMBER: TextColumn = { title: 'row', align: 'right', rigid: true };

/** The width of a text in columns of the terminal, after `visibleText`. */
export const displayWidth = (text: string): number => stringWidth(visibleText(text));

/**
 * Characters that a terminal obeys or hides: controls, line and paragraph separators, and those by
 * which Unicode changes the direction of text, marks its order of bytes, or has no width. The joiner
 * (U+200D) is a part of emoji.
 */
const INVISIBLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to be shown.
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]|\p{Surrogate}/gu;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/**
 * A text on one line, with the escapes of JSON for characters that a terminal obeys or hides, so
 * that a value can neither move the cursor, colour the terminal, nor change the order of what stands
 * beside it.
 */
export function visibleText(text: string): string {
  return text.replace(
    INVISIBLE,
    (character) => SHORT_ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

const visibleCells = (
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
): readonly (readonly string[])[] =>
  [columns.map(({ title }) => title), ...rows].map((row) => row.map(visibleText));

const widthsOf = (columns: readonly TextColumn[], cells: readonly (readonly string[])[]): readonly number[] =>
  columns.map((_column, at) => Math.max(...cells.map((row) => stringWidth(row[at] ?? ''))));

const availableWidth = (columns: readonly TextColumn[], width: number): number =>
  width - GAP.length * (columns.length - 1);

/** Cuts the widest column that may be cut, until all fit or none can be cut further. */
function shrink(
  wanted: readonly number[],
  available: number,
  mayGive: readonly boolean[] = wanted.map(() => true),
): readonly number[] {
  const widths = [...wanted];
  const giving = () => widths.map((width, at) => (mayGive[at] && width > LEAST_WIDTH ? width : 0));
  let excess = sum(widths) - available;
  for (let from = giving(); excess > 0 && Math.max(...from) > 0; from = giving()) {
    const widest = from.indexOf(Math.max(...from));
    const second = Math.max(LEAST_WIDTH, ...from.filter((_width, at) => at !== widest));
    const width = widths[widest] ?? 0;
    const taken = Math.min(excess, Math.max(1, width - second));
    widths[widest] = width - taken;
    excess -= taken;
  }
  return widths;
}

function clip(text: string, width: number, align: TextColumn['align']): string {
  const cut = cutTo(text, width);
  const padding = ' '.repeat(width - stringWidth(cut));
  return align === 'left' ? cut + padding : padding + cut;
}

const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The beginning of a text that is wider, with "…" after it. No character is cut in two. */
function cutTo(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let kept = '';
  let left = width - 1;
  for (const { segment } of GRAPHEMES.segment(text)) {
    left -= stringWidth(segment);
    if (left < 0) break;
    kept += segment;
  }
  return `${kept}…`;
}
