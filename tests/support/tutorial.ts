/** A command of a document, and the output that the document shows. */
export interface ConsoleBlock {
  readonly kind: 'console';
  /** The arguments of `npm run`. */
  readonly args: readonly string[];
  readonly shown: readonly string[];
  /** The lines of the document with the output: from, and up to before, these indexes. */
  readonly from: number;
  readonly to: number;
}

/** A change of a file that a document shows. */
export interface DiffBlock {
  readonly kind: 'diff';
  readonly file: string;
  readonly lines: readonly string[];
}

/**
 * The blocks of a Markdown document that begin with three backticks and `console` or `diff FILE`.
 * A console block has one command, `$ npm run …`, and then its output.
 * @throws Error for a command that is no `npm run`
 */
export function blocksOf(document: string): readonly (ConsoleBlock | DiffBlock)[] {
  const lines = document.split('\n');
  const blocks: (ConsoleBlock | DiffBlock)[] = [];
  for (let at = 0; at < lines.length; at++) {
    const [, language, file = ''] = /^```(\w+)(?: (\S+))?$/.exec(lines[at] ?? '') ?? [];
    if (language === undefined) continue;
    const end = lines.indexOf('```', at + 1);
    const content = lines.slice(at + 1, end);
    if (language === 'diff') blocks.push({ kind: 'diff', file, lines: content });
    if (language === 'console') {
      const [command = '', ...shown] = content;
      blocks.push({ kind: 'console', args: argumentsOf(command), shown, from: at + 2, to: end });
    }
    at = end;
  }
  return blocks;
}

function argumentsOf(command: string): readonly string[] {
  const [, rest] = /^\$ npm run (.+)$/.exec(command) ?? [];
  if (rest === undefined) throw new Error(`a console block begins with "$ npm run", not ${command}`);
  return Array.from(rest.matchAll(/"([^"]*)"|(\S+)/g), ([, text, word]) => text ?? word ?? '');
}

/**
 * Applies a change to a text: lines that begin with a blank are there, those with `-` as well and
 * are removed, those with `+` are added.
 * @throws Error when the text does not have these lines once
 */
export function changed(text: string, { lines, file }: DiffBlock): string {
  const side = (sign: string) =>
    lines
      .filter((line) => !line.startsWith(sign))
      .map((line) => `${line.slice(1)}\n`)
      .join('');
  const parts = text.split(side('+'));
  if (parts.length !== 2) throw new Error(`${file} has the lines of the change ${parts.length - 1} times`);
  return parts.join(side('-'));
}

/** A line of a document that stands for any lines of an output. */
const ANY_LINES = '…';

/**
 * An output as a pattern of it: numbers, times, spark-lines and widths of columns may differ.
 */
function comparable(lines: readonly string[]): readonly string[] {
  return lines.map((line) =>
    line
      .replace(/[▁-█▉-▏·]+/g, '▁')
      .replace(/\d+ min \d+ s/g, '0 s')
      .replace(/\d+(?:[.,:]\d+)*/g, '0')
      .replace(/ +/g, ' ')
      .trimEnd(),
  );
}

/**
 * Whether an output is as a document shows it.
 * @returns the first line that is not, or undefined
 */
export function firstDifference(
  shown: readonly string[],
  actual: readonly string[],
): { readonly shown: string | undefined; readonly actual: string | undefined } | undefined {
  const [expected, found] = [comparable(shown), comparable(actual)];
  let at = 0;
  for (const [index, line] of expected.entries()) {
    if (line !== ANY_LINES) {
      if (line !== found[at]) return { shown: shown[index], actual: actual[at] };
      at += 1;
      continue;
    }
    const next = expected[index + 1];
    at = next === undefined ? found.length : found.indexOf(next, at);
    if (at < 0) return { shown: shown[index + 1], actual: undefined };
  }
  return at === found.length ? undefined : { shown: undefined, actual: actual[at] };
}

/** The document with other outputs, by their blocks. */
export function withOutputs(
  document: string,
  outputs: readonly { readonly block: ConsoleBlock; readonly lines: readonly string[] }[],
): string {
  const lines = document.split('\n');
  for (const { block, lines: output } of [...outputs].reverse()) {
    lines.splice(block.from, block.to - block.from, ...output);
  }
  return lines.join('\n');
}
