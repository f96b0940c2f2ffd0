/** A member of a JSON object, or an element of an array without a name, with its place in the text. */
export interface JsonMember {
  readonly name: string;
  /** Where its value begins and ends. */
  readonly from: number;
  readonly to: number;
}

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
      const end = endOfString(text, at);
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

/** The texts of an object's members by name. The last of several members of a name counts. */
export function memberTexts(text: string): ReadonlyMap<string, string> {
  return new Map(jsonMembers(text).map(({ name, from, to }) => [name, text.slice(from, to)]));
}

function endOfValue(text: string, at: number): number {
  if (text[at] === '"') return endOfString(text, at);
  if (text[at] !== '{' && text[at] !== '[') return after(SCALAR, text, at);
  let depth = 0;
  for (let place = at; place < text.length; ) {
    const character = text[place];
    if (character === '"') {
      place = endOfString(text, place);
      continue;
    }
    if (character === '{' || character === '[') depth += 1;
    if (character === '}' || character === ']') depth -= 1;
    place += 1;
    if (depth === 0) return place;
  }
  return text.length;
}

/** Step by step: a regular expression would need a stack for the characters of a long text. */
function endOfString(text: string, begin: number): number {
  let at = begin + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Where a sticky pattern that begins at a place ends. */
function after(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/**
 * The object's text with another JSON for a member.
 * @returns undefined where it has no such member
 */
export function withMember(text: string, name: string, json: string): string | undefined {
  return withValueAt(text, [name], json);
}

/**
 * The text with another JSON at a place inside it. A path has names of members, and null for the
 * first element of an array.
 * @returns undefined where it has no such place
 */
export function withValueAt(
  text: string,
  [name, ...inside]: readonly (string | null)[],
  json: string,
): string | undefined {
  if (name === undefined) return json;
  if (!/^\s*[[{]/.test(text)) return undefined;
  const members = jsonMembers(text);
  const member = name === null ? members[0] : members.findLast((each) => each.name === name);
  const value = member && withValueAt(text.slice(member.from, member.to), inside, json);
  return value === undefined ? undefined : text.slice(0, member?.from) + value + text.slice(member?.to);
}

/** The object's text without a member. */
export function withoutMember(text: string, name: string): string {
  const members = jsonMembers(text).filter((member) => member.name !== name);
  return `{${members.map((member) => `${JSON.stringify(member.name)}:${text.slice(member.from, member.to)}`).join(',')}}`;
}

/** The text of a record's key that is this JSON: a text as it is, a number or a boolean by its letters. */
export function keyText(json: string | undefined): string | null {
  if (json === undefined || json === 'null' || json.startsWith('{') || json.startsWith('[')) return null;
  if (!json.startsWith('"')) return json;
  return json.includes('\\') ? (JSON.parse(json) as string) : json.slice(1, -1);
}
