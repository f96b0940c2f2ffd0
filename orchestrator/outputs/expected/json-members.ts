/** A member's value in a JSON object: its source text, `null` for null. Numbers keep every digit this way. */
export type JsonMembers = ReadonlyMap<string, string>;

const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/y;
const SPACE_OR_SEPARATOR = /[\s:,]*/y;
const SCALAR = /[^\s,\]}]+/y;
const NESTED_UNTIL_BRACKET = /[^"[\]{}]*(?:"[^"\\]*(?:\\.[^"\\]*)*"[^"[\]{}]*)*/y;

/** The end of what the sticky pattern matches at this place of the text. */
function endOf(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  pattern.test(text);
  return pattern.lastIndex;
}

/** The end of the JSON value that begins here. */
function endOfValue(text: string, from: number): number {
  const first = text[from];
  if (first === '"') return endOf(STRING, text, from);
  if (first !== '{' && first !== '[') return endOf(SCALAR, text, from);
  let depth = 0;
  let at = from;
  do {
    const isOpening = text[at] === '{' || text[at] === '[';
    depth += isOpening ? 1 : -1;
    at = depth === 0 ? at + 1 : endOf(NESTED_UNTIL_BRACKET, text, at + 1);
  } while (depth > 0);
  return at;
}

/**
 * The members of a JSON object with their values as source text: `JSON.parse` would give `1.005` and
 * `1.00499999999999989` as one number. Of a name that comes twice the last counts, as for `JSON.parse`.
 *
 * @returns undefined when the text is not exactly one JSON object (RFC 8259)
 */
export function readJsonMembers(text: string): JsonMembers | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
  } catch {
    return undefined;
  }
  // From here on the text is known to be valid, which makes the scan short.
  const members = new Map<string, string>();
  let at = endOf(SPACE_OR_SEPARATOR, text, text.indexOf('{') + 1);
  while (text[at] !== '}') {
    const endOfName = endOf(STRING, text, at);
    const name: string = JSON.parse(text.slice(at, endOfName));
    const value = endOf(SPACE_OR_SEPARATOR, text, endOfName);
    const end = endOfValue(text, value);
    members.set(name, text.slice(value, end));
    at = endOf(SPACE_OR_SEPARATOR, text, end);
  }
  return members;
}
