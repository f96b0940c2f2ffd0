import { TextError } from '../text-error.ts';

/**
 * A token of an expression's text. A `word` is a name or a function, a `keyword` is one of the
 * reserved words in upper case, a `name` was written in backticks.
 */
export interface SqlToken {
  readonly kind: 'word' | 'keyword' | 'name' | 'number' | 'text' | 'symbol' | 'end';
  readonly text: string;
  readonly at: number;
  /** The token as it was written. */
  readonly shown: string;
}

/** Words that name a column only when they stand in backticks. */
export const KEYWORDS: ReadonlySet<string> = new Set([
  'AND',
  'OR',
  'NOT',
  'IN',
  'BETWEEN',
  'LIKE',
  'IS',
  'NULL',
  'TRUE',
  'FALSE',
  'DISTINCT',
]);

const TOKEN =
  /(?<space>\s+)|(?<comment>--|\/\*)|(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))|(?<word>[A-Za-z_][A-Za-z0-9_]*)|`(?<name>(?:[^`]|``)+)`|'(?<text>(?:[^']|'')*)'|(?<symbol><>|!=|<=|>=|[-+*/%=<>(),.])/y;

const CHARACTERS = `columns (in backticks where a name has more than letters, digits and _), numbers such as 5, 1.50 or 1e3, texts in single quotes, and the operators of the subset`;

/** Splits an SQL text. `!=` becomes `<>`. The last token is of kind `end`. @throws TextError */
export function tokenize(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  let at = 0;
  while (at < sql.length) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(sql);
    const groups = match?.groups ?? {};
    if (!match || groups['comment'] !== undefined) {
      const shown = /^(--|\/\*|[\w.]+|.)/su.exec(sql.slice(at))?.[0] ?? '';
      throw new TextError(at, `${shown} is not supported in an expression`, CHARACTERS);
    }
    const token = tokenOf(groups, at, match[0]);
    if (token) tokens.push(token);
    at += match[0].length;
  }
  return [...tokens, { kind: 'end', text: '', at: sql.length, shown: '' }];
}

function tokenOf(
  groups: Record<string, string | undefined>,
  at: number,
  shown: string,
): SqlToken | undefined {
  const { space, number, word, name, text, symbol } = groups;
  if (space !== undefined) return undefined;
  if (number !== undefined) return { kind: 'number', text: number, at, shown };
  if (name !== undefined) return { kind: 'name', text: name.replaceAll('``', '`'), at, shown };
  if (text !== undefined) return { kind: 'text', text: text.replaceAll("''", "'"), at, shown };
  if (symbol !== undefined) return { kind: 'symbol', text: symbol === '!=' ? '<>' : symbol, at, shown };
  const upper = (word ?? '').toUpperCase();
  if (KEYWORDS.has(upper)) return { kind: 'keyword', text: upper, at, shown };
  return { kind: 'word', text: word ?? '', at, shown };
}
