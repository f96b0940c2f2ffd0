/** What is shown of a value: a text in quotation marks, anything else as it is written; null for a missing one. */
export type ShownValue = string | { readonly literal: string } | null;

/** Characters of a text that are shown. */
const SHOWN = 60;

/** One column that differs: what the file has and what it should have, cut to where they part. */
export function contrast(
  column: string,
  is: ShownValue,
  should: ShownValue,
  authority = 'its record gives',
): string {
  const from = is === null || should === null ? 0 : partingOf(textOf(is), textOf(should));
  const place = from === 0 ? '' : ` from character ${from + 1} on`;
  return `${column}${place} is ${shown(is, from)}, ${authority} ${shown(should, from)}`;
}

const textOf = (value: NonNullable<ShownValue>): string =>
  typeof value === 'string' ? value : value.literal;

/** Where two texts begin to differ, less a few characters for their surroundings; 0 when that is near the beginning. */
function partingOf(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  return at < SHOWN / 2 ? 0 : at - 10;
}

function shown(value: ShownValue, from: number): string {
  if (value === null) return 'null';
  const text = textOf(value);
  const part = text.slice(from, from + SHOWN);
  const more = text.length - from - SHOWN;
  return `${typeof value === 'string' ? JSON.stringify(part) : part}${more > 0 ? ` (and ${more} more characters)` : ''}`;
}

/** Days since 1970 as ISO 8601. */
export function dateText(days: number): string {
  return new Date(days * 86_400_000).toISOString().slice(0, 10);
}

/** Unix microseconds as ISO 8601. */
export function instantText(us: bigint): string {
  const micros = ((us % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const date = new Date(Number((us - micros) / 1000n));
  if (Number.isNaN(date.getTime())) return `${us} µs since 1970`;
  return date.toISOString().replace('.000Z', `.${String(micros).padStart(6, '0')}Z`);
}
