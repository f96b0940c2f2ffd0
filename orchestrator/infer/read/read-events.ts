import { type JsonObject, readJsonObject } from '../../verify/oracle/json-value.ts';
import { counted, grouped } from '../inferred.ts';
import { shownText } from '../write/yaml-text.ts';
import { documentsIn, inOneLine, lineCounter, type TextPart } from './json-text.ts';
import { badEvents, EVENTS_HINT, type Input } from './read-input.ts';

/** One event: its JSON on one line, to the letter, and its value. */
export interface SourceEvent {
  readonly text: string;
  readonly value: JsonObject;
}

/** A part of the file that is no event. */
export interface Skipped {
  /** The line at which it begins, from 1. */
  readonly line: number;
  readonly why: string;
}

export interface EventFile {
  readonly form: 'json-lines' | 'json-array' | 'json-documents';
  readonly events: readonly SourceEvent[];
  readonly skipped: readonly Skipped[];
  /** Whether the file has more events than were read. */
  readonly isCut: boolean;
}

/** More events do not change what is inferred, and take memory. */
const MOST_EVENTS = 50_000;
/** So many skipped parts are told one by one. */
const SHOWN_SKIPPED = 3;

/**
 * Reads events: JSON lines, a JSON array, or objects one after another over several lines.
 * @throws ProductError BAD_EVENTS when there are none, or most of them are broken
 */
export function readEvents(input: Input): EventFile {
  const { text, shown } = input;
  const form = formOf(text);
  const parts = form === 'json-lines' ? linesOf(input) : documentsIn(text, form === 'json-array');
  const lineAt = lineCounter(text);
  const events: SourceEvent[] = [];
  const skipped: Skipped[] = [];
  let isCut = input.isCut;
  for (const part of parts) {
    if (events.length === MOST_EVENTS) {
      isCut = true;
      break;
    }
    const value = readJsonObject(part.text);
    if (value) events.push({ text: form === 'json-lines' ? part.text : inOneLine(part.text), value });
    else if (!(part.isLast && input.isCut)) skipped.push({ line: lineAt(part.at), why: whyNoEvent(part) });
  }
  refuseMostlyBroken(events, skipped, text, shown);
  return { form, events, skipped, isCut };
}

/** The object of a file that is one JSON object: an event, or a JSON Schema. */
export function onlyObject({ text, isCut }: Input): JsonObject | undefined {
  return isCut ? undefined : readJsonObject(text.trim());
}

function formOf(text: string): EventFile['form'] {
  const first = /\S/.exec(text)?.[0];
  if (first === '[') return 'json-array';
  if (first !== '{') return 'json-lines';
  const [firstLine = ''] = text.trimStart().split('\n', 1);
  if (readJsonObject(firstLine.trim())) return 'json-lines';
  const [document] = documentsIn(text, false);
  return document && readJsonObject(document.text) ? 'json-documents' : 'json-lines';
}

function* linesOf({ text }: Input): Generator<TextPart> {
  let at = 0;
  while (at < text.length) {
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(at, end).trim();
    if (line !== '') yield { text: line, at, isLast: newline < 0 };
    at = end + 1;
  }
}

function whyNoEvent({ text, isLast }: TextPart): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const isOpen = isLast && /^[{[]/.test(text) && !/[}\]]$/.test(text);
    return `${isOpen ? 'cut off' : 'no valid JSON'}: ${shownText(text)}`;
  }
  if (value === null) return 'null instead of an object';
  if (Array.isArray(value)) return 'an array instead of an object';
  if (typeof value === 'object')
    return 'nested deeper than 1,000 levels, or with a number of more than 1,000 digits';
  return `${JSON.stringify(value).slice(0, 40)} instead of an object`;
}

function refuseMostlyBroken(
  events: readonly SourceEvent[],
  skipped: readonly Skipped[],
  text: string,
  shown: string,
): void {
  if (events.length > 0 && skipped.length <= events.length) return;
  if (events.length + skipped.length === 0) throw badEvents(`${shown} has no events: it is empty.`);
  if (events.length === 0) {
    const table = separatorOf(text);
    if (table) {
      throw badEvents(
        `${shown} has no JSON: it looks like a table with ${table} between the columns.`,
        "Convert it to JSON lines, for example: `duckdb -c \"COPY (FROM 'FILE.csv') TO 'events.jsonl'\"`.",
      );
    }
    if (/^\s*</.test(text)) throw badEvents(`${shown} has no JSON: it looks like XML or HTML.`);
  }
  throw badEvents(
    `${grouped(skipped.length)} of ${counted(events.length + skipped.length, 'part')} of ${shown} are no JSON object: ${skippedText(skipped)}.`,
    EVENTS_HINT,
  );
}

/** The first skipped parts as text: `line 3: no valid JSON: "…"`. */
export function skippedText(skipped: readonly Skipped[]): string {
  const shown = skipped.slice(0, SHOWN_SKIPPED).map(({ line, why }) => `line ${line}: ${why}`);
  const more = skipped.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${grouped(more)} more`] : [])].join('; ');
}

/** The separator that the first lines have the same number of times; undefined when they do not. */
function separatorOf(text: string): string | undefined {
  const lines = text.split('\n', 5).filter((line) => line.trim() !== '');
  const separators = { commas: ',', semicolons: ';', tabs: '\t', bars: '|' };
  return Object.entries(separators).find(([, separator]) => {
    const counts = lines.map((line) => line.split(separator).length - 1);
    return (counts[0] ?? 0) > 0 && counts.every((count) => count === counts[0]);
  })?.[0];
}
