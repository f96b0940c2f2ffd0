/**
 * Names of fields and columns. A name is any text that a member of a JSON object and a column of
 * Parquet can have. Control characters are excluded: they break lines of CSV and of logs, and the
 * product's own helper columns have one, so that no field can have their names.
 */

const MOST_CODE_POINTS = 255;
/** Control characters, and halves of surrogate pairs, which have no bytes in UTF-8. */
const REFUSED = /[\p{Cc}\p{Cs}]/u;
/** A name that needs no backticks, in SQL and in paths. */
const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What a name of a field can be, for refusals. */
export const COLUMN_NAME_FORM = `1 to ${MOST_CODE_POINTS} characters, none of them a control character`;

/** Whether a text can be the name of a field, and so of a column. */
export function isColumnName(text: string): boolean {
  return text !== '' && !REFUSED.test(text) && [...text].length <= MOST_CODE_POINTS;
}

/** Whether a name stands for itself in SQL, without backticks (keywords aside). */
export const isPlainName = (name: string): boolean => PLAIN.test(name);

/**
 * The form in which Spark and DuckDB compare names: two names are the same column when this is
 * equal. As `String.equalsIgnoreCase` of Java does, each character is taken to upper and then to
 * lower case, so that `ſ` is `s`, and `ı` is `i`.
 */
export function foldCase(name: string): string {
  return [...name].map((character) => lower(upper(character))).join('');
}

const upper = (character: string): string => {
  const folded = [...character.toUpperCase()];
  return folded.length === 1 ? (folded[0] ?? '') : character;
};

const lower = (character: string): string => [...character.toLowerCase()][0] ?? '';

/**
 * A column, or a member of an object in one, as the text of a path: `customer.country`. A name
 * that is not plain stands in backticks, with its own backticks doubled: `` customer.`a.b` ``.
 */
export function pathText(names: readonly string[]): string {
  return names.map((name) => (isPlainName(name) ? name : inBackticks(name))).join('.');
}

/** A name in backticks, as SQL has it. */
export const inBackticks = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

const PART = /`((?:[^`]|``)+)`|[^.`]+/g;

/** The names of a path, see `pathText`. */
export function pathNames(path: string): readonly string[] {
  return Array.from(path.matchAll(PART), ([whole, quoted]) => quoted?.replaceAll('``', '`') ?? whole);
}
