/** A member of a JSON object, or an element of an array without a name, with its place in the text. */
export interface JsonMember {
  readonly name: string;
  /** Where its value begins and ends. */
  readonly from: number;
  readonly to: number;
}

const STRING = /"(?:[^"\\]|\\.)*"/y;
const SPACE = /[ \t\n\r]*/y;
const SCALAR = /[^\s,\]}]+/y;

/**
 * The members of the object, or the elements of the array, that begins at a place in valid JSON. The
 * exact text of every value stays what it is.
 */
export function jsonMembers(text: string, start = 0): readonly JsonMember[] {
  const members: JsonMember[] = [];
  let at = after(SPACE, text, start);
  const isObject = text[at] === '{';
  at = after(SPACE, text, at + 1);
  while (at < text.length && text[at] !== '}' && text[at] !== ']') {
    let name = '';
    if (isObject) {
      const end = after(STRING, text, at);
      name = JSON.parse(text.slice(at, end));
      at = after(SPACE, text, after(SPACE, text, end) + 1);
    }
    const to = endOfValue(text, at);
    members.push({ name, from: at, to });
    at = after(SPACE, text, to);
    if (text[at] === ',') at = after(SPACE, text, at + 1);
  }
  return members;
}

function endOfValue(text: string, at: number): number {
  if (text[at] === '"') return after(STRING, text, at);
  if (text[at] !== '{' && text[at] !== '[') return after(SCALAR, text, at);
  let depth = 0;
  for (let place = at; place < text.length; ) {
    const character = text[place];
    if (character === '"') {
      place = after(STRING, text, place);
      continue;
    }
    if (character === '{' || character === '[') depth += 1;
    if (character === '}' || character === ']') depth -= 1;
    place += 1;
    if (depth === 0) return place;
  }
  return text.length;
}

/** Where a sticky pattern that begins at a place ends. */
function after(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** The text with one value replaced. */
export const withValue = (text: string, { from, to }: JsonMember, json: string): string =>
  text.slice(0, from) + json + text.slice(to);

/** The object's text without a member. */
export function withoutMember(text: string, name: string): string {
  const members = jsonMembers(text).filter((member) => member.name !== name);
  return `{${members.map((member) => `${JSON.stringify(member.name)}:${text.slice(member.from, member.to)}`).join(',')}}`;
}
