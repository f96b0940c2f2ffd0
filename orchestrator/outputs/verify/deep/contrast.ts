import type { Cell } from '../../duckdb/database.ts';

/** Characters of a text that are shown. */
const SHOWN = 60;

/** One column that differs: what the file has and what it should have, cut to where they part. */
export function contrast(column: string, is: Cell, should: Cell, authority = 'its record gives'): string {
  const from = typeof is === 'string' && typeof should === 'string' ? partingOf(is, should) : 0;
  const place = from === 0 ? '' : ` from character ${from + 1} on`;
  return `${column}${place} is ${shown(column, is, from)}, ${authority} ${shown(column, should, from)}`;
}

/** Where two texts begin to differ, less a few characters for their surroundings; 0 when that is near the beginning. */
function partingOf(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  return at < SHOWN / 2 ? 0 : at - 10;
}

function shown(column: string, cell: Cell, from: number): string {
  if (typeof cell === 'string') {
    const part = cell.slice(from, from + SHOWN);
    return `${JSON.stringify(part)}${from + SHOWN < cell.length ? ` (and ${cell.length - from - SHOWN} more characters)` : ''}`;
  }
  if (typeof cell === 'bigint') return column === 'amount' ? decimal(cell) : instant(cell);
  return String(cell);
}

function decimal(cents: bigint): string {
  const digits = String(cents < 0n ? -cents : cents).padStart(3, '0');
  return `${cents < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

function instant(us: bigint): string {
  const micros = ((us % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const date = new Date(Number((us - micros) / 1000n));
  if (Number.isNaN(date.getTime())) return `${us} µs since 1970`;
  return date.toISOString().replace('.000Z', `.${String(micros).padStart(6, '0')}Z`);
}
