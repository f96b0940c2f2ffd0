/** A column of a plain-text table. */
export interface TextColumn {
  readonly title: string;
  /** Numbers stand right. */
  readonly align: 'left' | 'right';
  /** Cut only when cutting the others is not enough: instants, counts. */
  readonly rigid?: boolean;
}

/** Between two columns. */
const GAP = '  ';
/** A column is not cut below this many characters. */
const LEAST_WIDTH = 6;

/**
 * Lays out a table in a given width: the widest columns are cut first, cells that were cut end in "…". Control characters
 * become visible, so that a value cannot move the cursor or colour the terminal.
 * @returns lines without trailing spaces, the titles first
 */
export function textTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly string[] {
  const cells = [columns.map(({ title }) => title), ...rows].map((row) => row.map(printable));
  const wanted = columns.map((_column, at) => Math.max(...cells.map((row) => lengthOf(row[at] ?? ''))));
  const available = width - GAP.length * (columns.length - 1);
  const flexible = columns.map(({ rigid = false }) => !rigid);
  const widths = shrink(shrink(wanted, available, flexible), available);
  return cells.map((row) =>
    columns
      .map(({ align }, at) => clip(row[at] ?? '', widths[at] ?? 0, align))
      .join(GAP)
      .trimEnd(),
  );
}

/** Takes from the widest column that may give, until all fit or none can give more. */
function shrink(
  wanted: readonly number[],
  available: number,
  mayGive: readonly boolean[] = wanted.map(() => true),
): readonly number[] {
  const widths = [...wanted];
  const giving = () => widths.map((width, at) => (mayGive[at] && width > LEAST_WIDTH ? width : 0));
  let excess = widths.reduce((sum, width) => sum + width, 0) - available;
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
  const characters = [...text];
  const cut = characters.length > width ? `${characters.slice(0, width - 1).join('')}…` : text;
  const padding = ' '.repeat(width - Math.min(characters.length, width));
  return align === 'left' ? cut + padding : padding + cut;
}

function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to be replaced.
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '·');
}

const lengthOf = (text: string): number => [...text].length;
