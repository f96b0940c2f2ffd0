import { isUtf8 } from 'node:buffer';

/** The exact text of a JSON number, where a JavaScript number would lose it. */
class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type JsonValue = null | boolean | string | number | JsonNumber | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [name: string]: JsonValue };

/** The limits of Spark's JSON parser (Jackson): to the job, a text that exceeds them is no JSON. */
const MOST_LEVELS = 1000;
const MOST_DIGITS = 1000;

/**
 * A number whose text JavaScript does not reproduce: many digits, an exponent, zeros at the end, a
 * tiny fraction, -0.
 */
const TELLS_LESS =
  /[:,[][ \t\n\r]*-?(?:[0-9.]{16}|[0-9.]{1,15}[eE]|[0-9]{1,15}\.[0-9]{0,14}0(?![0-9])|0\.0{6}|(?<=-)0(?![.0-9]))/;

/**
 * Reads a text that is exactly one JSON object (RFC 8259), with the exact text of every number.
 * When a name occurs twice, the last one counts.
 * @returns undefined for any other text
 */
export function readJsonObject(text: string): JsonObject | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
  // Each level takes at least two characters.
  if (text.length > 2 * MOST_LEVELS && levelsOf(text) > MOST_LEVELS) return undefined;
  return TELLS_LESS.test(text) ? new ValidJson(text).object() : (parsed as JsonObject);
}

/** The member of an object. Null where it does not exist. */
export function memberOf(object: JsonObject, name: string): JsonValue {
  return Object.hasOwn(object, name) ? (object[name] ?? null) : null;
}

/** The text of a JSON number. Undefined for any other value. */
export function numberText(value: JsonValue): string | undefined {
  if (typeof value === 'number') return String(value);
  return value instanceof JsonNumber ? value.text : undefined;
}

const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/y;
const NUMBER = /[-+.0-9eE]+/y;
const SPACE_OR_SEPARATOR = /[ \t\n\r:,]*/y;
const STRING_OR_BRACKET = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]/g;
const WORDS: Readonly<Record<string, JsonValue>> = { n: null, t: true, f: false };

/** The depth of valid JSON. */
function levelsOf(text: string): number {
  let levels = 0;
  let deepest = 0;
  for (const [token] of text.matchAll(STRING_OR_BRACKET)) {
    if (token === '{' || token === '[') deepest = Math.max(deepest, ++levels);
    else if (token === '}' || token === ']') levels -= 1;
  }
  return deepest;
}

/**
 * Reads a text that is known to be one valid JSON object, nested within the limit. That keeps the
 * reader short.
 */
class ValidJson {
  readonly #text: string;
  #at: number;
  #hasLongNumber = false;

  constructor(text: string) {
    this.#text = text;
    this.#at = text.indexOf('{');
  }

  /** @returns undefined where a number is longer than Spark's parser accepts */
  object(): JsonObject | undefined {
    const value = this.#value();
    return this.#hasLongNumber ? undefined : (value as JsonObject);
  }

  #value(): JsonValue {
    const first = this.#text[this.#at] ?? '';
    if (first === '"') return JSON.parse(this.#token(STRING));
    if (first === '{') return this.#members();
    if (first === '[') return this.#elements();
    const word = WORDS[first];
    if (word === undefined) return this.#number();
    this.#at += first === 'f' ? 5 : 4;
    return word;
  }

  #number(): JsonNumber {
    const text = this.#token(NUMBER);
    this.#hasLongNumber ||= text.length > MOST_DIGITS && text.replace(/[^0-9]/g, '').length > MOST_DIGITS;
    return new JsonNumber(text);
  }

  #members(): JsonObject {
    // Without a prototype `__proto__` is a name like any other.
    const members: Record<string, JsonValue> = Object.create(null);
    this.#enter();
    while (this.#text[this.#at] !== '}') {
      const name: string = JSON.parse(this.#token(STRING));
      this.#token(SPACE_OR_SEPARATOR);
      members[name] = this.#value();
      this.#token(SPACE_OR_SEPARATOR);
    }
    this.#at += 1;
    return members;
  }

  #elements(): readonly JsonValue[] {
    const elements: JsonValue[] = [];
    this.#enter();
    while (this.#text[this.#at] !== ']') {
      elements.push(this.#value());
      this.#token(SPACE_OR_SEPARATOR);
    }
    this.#at += 1;
    return elements;
  }

  #enter(): void {
    this.#at += 1;
    this.#token(SPACE_OR_SEPARATOR);
  }

  /** What the sticky pattern matches here. Moves to its end. */
  #token(pattern: RegExp): string {
    const from = this.#at;
    pattern.lastIndex = from;
    pattern.test(this.#text);
    this.#at = pattern.lastIndex;
    return this.#text.slice(from, this.#at);
  }
}

/**
 * Decodes bytes as the job does: UTF-8, with U+FFFD for invalid bytes. Java and the web platform
 * give the same number of U+FFFD, except for UTF-16 surrogates encoded as if they were characters
 * (ED A0 80 …): Java gives one for each surrogate, the web one for each byte.
 */
export function decodeAsJava(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : withoutSurrogates(bytes).toString('utf8');
}

/**
 * Replaces each encoded surrogate by the bytes of U+FFFD, even one that is cut off after two bytes.
 */
function withoutSurrogates(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  let done = 0;
  for (let at = bytes.indexOf(0xed); at >= 0; at = bytes.indexOf(0xed, at + 1)) {
    // ED is always a first byte. Only 80 to 9F after it make a character.
    const second = bytes[at + 1] ?? 0;
    if (second < 0xa0 || second > 0xbf) continue;
    parts.push(bytes.subarray(done, at), REPLACEMENT);
    done = at + (((bytes[at + 2] ?? 0) & 0xc0) === 0x80 ? 3 : 2);
  }
  return Buffer.concat([...parts, bytes.subarray(done)]);
}

const REPLACEMENT = Buffer.from('\uFFFD');
