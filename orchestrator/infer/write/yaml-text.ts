/** Words that some version of YAML reads as something else than a text. */
const RESERVED = /^(y|n|yes|no|on|off|true|false|null|nan|inf)$/i;
const PLAIN = /^[A-Za-z_](?:[A-Za-z0-9_. /-]*[A-Za-z0-9_])?$/;
/** Characters that a YAML file cannot have, or that end a line in it. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\ufeff\ufffe\uffff]/u;

/**
 * A text as YAML on one line, in quotes where it needs them. YAML 1.1 and 1.2 read it alike, inside
 * brackets as well.
 */
export function yamlText(text: string): string {
  if (PLAIN.test(text) && !RESERVED.test(text)) return text;
  if (text.includes('\\') && !UNPRINTABLE.test(text)) return `'${text.replaceAll("'", "''")}'`;
  // A text in JSON is one in YAML, once characters are escaped that JSON leaves as they are.
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** An SQL expression as the value of a block mapping, without quotes where none are needed. */
export function yamlExpression(sql: string): string {
  return /^[A-Za-z_][\w ()*.'<>=-]*[\w)']$/.test(sql) ? sql : yamlText(sql);
}

/** A text in double quotes as sentences and comments show it, on one line and cut at 40 characters. */
export function shownText(text: string): string {
  const characters = [...text];
  const cut = characters.length > 40 ? `${characters.slice(0, 39).join('')}…` : text;
  return JSON.stringify(cut).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, '·');
}

/** The widest line of a comment. */
const WIDTH = 100;

/** Sentences as comment lines of a YAML file. */
export function comment(sentences: readonly string[], indent: string): string[] {
  const lines: string[] = [];
  for (const word of sentences
    .map((text) => `${text}.`)
    .join(' ')
    .split(/\s+/)) {
    const last = lines.at(-1);
    if (word === '') continue;
    if (last !== undefined && last.length + 1 + word.length <= WIDTH)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${indent}# ${word}`);
  }
  return lines;
}
