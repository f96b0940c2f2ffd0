/**
 * The members of a JSON object, each as its text in the object: numbers keep their digits, and
 * texts their escapes. The last of several members of a name counts.
 *
 * @param text a JSON object that `JSON.parse` takes
 */
export function memberTexts(text: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  let at = text.indexOf('{') + 1;
  for (;;) {
    const begin = text.indexOf('"', at);
    if (begin < 0) return members;
    const end = endOfText(text, begin);
    const colon = text.indexOf(':', end);
    at = endOfValue(text, colon + 1);
    members.set(JSON.parse(text.slice(begin, end)) as string, text.slice(colon + 1, at).trim());
    if (text[at] !== ',') return members;
    at += 1;
  }
}

/** Where a JSON text that begins here ends: after its closing quotation mark. */
function endOfText(text: string, begin: number): number {
  let at = begin + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Where a value ends: at the comma or bracket of what it is in. */
function endOfValue(text: string, begin: number): number {
  let depth = 0;
  for (let at = begin; ; at++) {
    const letter = text[at];
    if (letter === '"') at = endOfText(text, at) - 1;
    else if (letter === '{' || letter === '[') depth += 1;
    else if (depth === 0 && (letter === ',' || letter === '}' || letter === ']')) return at;
    else if (letter === '}' || letter === ']') depth -= 1;
  }
}
