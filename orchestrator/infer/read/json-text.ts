/** A part of a text that should be one JSON value. */
export interface TextPart {
  readonly text: string;
  /** Where it begins. */
  readonly at: number;
  /** Whether the text ends with it or inside it. */
  readonly isLast: boolean;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{}]/gs;
const SEPARATOR = /[\s,]*/y;
const SCALAR = /"(?:[^"\\]|\\.)*"?|[^\s,[\]{}"]+|./sy;

/**
 * The JSON values that follow one another in a text, or in the array that is the whole text. Values
 * are found by their brackets, and not checked.
 */
export function* documentsIn(text: string, inArray: boolean): Generator<TextPart> {
  let at = inArray ? text.indexOf('[') + 1 : 0;
  for (;;) {
    SEPARATOR.lastIndex = at;
    SEPARATOR.test(text);
    at = SEPARATOR.lastIndex;
    const first = text[at];
    if (first === undefined || (inArray && first === ']')) return;
    const end = first === '{' || first === '[' ? endOfBrackets(text, at) : endOfScalar(text, at);
    yield { text: text.slice(at, end).trim(), at, isLast: end === text.length };
    at = end;
  }
}

/** Behind the bracket that closes the one at `from`; the text's end where none does. */
function endOfBrackets(text: string, from: number): number {
  let depth = 0;
  TOKEN.lastIndex = from;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const [token] = match;
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    if (depth === 0) return TOKEN.lastIndex;
  }
  return text.length;
}

function endOfScalar(text: string, from: number): number {
  SCALAR.lastIndex = from;
  SCALAR.test(text);
  return SCALAR.lastIndex;
}

/** JSON without the white space between its tokens. All else stays to the letter. */
export function inOneLine(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|\s+/gs, (token) => (token.startsWith('"') ? token : ''));
}

/** The number of the line of a place, from 1. Places are asked for in ascending order. */
export function lineCounter(text: string): (at: number) => number {
  let line = 1;
  let counted = 0;
  return (at) => {
    for (let next = text.indexOf('\n', counted); next >= 0 && next < at; next = text.indexOf('\n', counted)) {
      line += 1;
      counted = next + 1;
    }
    return line;
  };
}
