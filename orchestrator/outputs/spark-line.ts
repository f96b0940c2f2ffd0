const BLOCKS = [...'▁▂▃▄▅▆▇█'];
const EIGHTHS = ['', ...'▏▎▍▌▋▊▉'];
/** Nothing at all, as opposed to little. */
const NOTHING = '·';

/** Values over time as a line of blocks, each as high as its share of the largest; what is 0 is a dot. */
export function sparkLine(values: readonly number[]): string {
  const most = Math.max(0, ...values);
  return values
    .map((value) => (value <= 0 ? NOTHING : BLOCKS[Math.ceil((value / most) * BLOCKS.length) - 1]))
    .join('');
}

/** A bar as long as a value's share of the largest, in eighths of a character, and never invisible. */
export function bar(value: number, largest: number, width: number): string {
  const eighths = largest <= 0 ? 0 : Math.max(1, Math.round((value / largest) * width * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}
