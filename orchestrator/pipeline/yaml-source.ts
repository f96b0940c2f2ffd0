import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { ProductError } from '../util/product-error.ts';
import { userCommand } from '../util/user-command.ts';
import { TextError } from './text-error.ts';

/**
 * Something in a pipeline's file that is not executed: its place, what stands there, and what is
 * allowed.
 */
export class Refusal extends Error {
  /**
   * @param place `file:line:column`; `what` describes what stands there, `allowed` what could stand
   * there, both without a full stop
   */
  constructor(place: string, what: string, allowed: string) {
    super(`${place}: ${what}; allowed: ${allowed}`);
    this.name = 'Refusal';
  }
}

/**
 * Collects the refusals of several independent parts, so that an author sees all of them at once.
 */
export class Refusals {
  readonly #found: string[] = [];

  /** Runs the part. If it is refused, the refusal is collected and the result is undefined. */
  attempt<T>(part: () => T): T | undefined {
    try {
      return part();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#found.push(error.message);
      return undefined;
    }
  }

  /** Runs the part for each item and returns the results of those that were not refused. */
  each<Item, T>(items: readonly Item[], part: (item: Item, at: number) => T): T[] {
    return items.flatMap((item, at) => {
      const result = this.attempt(() => [part(item, at)] as const);
      return result === undefined ? [] : [...result];
    });
  }

  /** @throws ProductError BAD_PIPELINE with every refusal on a line of its own, if there is one */
  throwIfAny(): void {
    if (this.#found.length === 0) return;
    throw new ProductError('BAD_PIPELINE', {
      message: [...new Set(this.#found)].map((line) => `${line}.`).join('\n'),
      hint: `Correct it, then run \`${userCommand('generate')}\`. docs/pipelines.md lists what is executed.`,
    });
  }
}

/**
 * Parses a YAML 1.2 file. @throws Refusal for a text that is no YAML, or has tags or keys that
 * occur twice
 */
export function parseYaml(file: string, text: string): YamlValue {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw new Refusal(
      `${file}:${line}:${col}`,
      problem.message.replace(/\.$/, ''),
      'YAML 1.2 without tags of its own and without a key that occurs twice',
    );
  }
  return new YamlValue(document.contents, { file, document, lines }, 0);
}

interface YamlFile {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
}

/** One value of a YAML file, with its place. The readers refuse a value of another kind. */
export class YamlValue {
  readonly #node: Node | null;
  readonly #file: YamlFile;
  readonly #offset: number;

  /** @param offset where the value would stand, for a missing value */
  constructor(node: unknown, file: YamlFile, offset: number) {
    const resolved = isAlias(node) ? node.resolve(file.document) : node;
    this.#node = (resolved ?? null) as Node | null;
    this.#file = file;
    this.#offset = (node as Node | null)?.range?.[0] ?? offset;
  }

  /** `file:line:column` of the value, or of a character of its text. */
  place(character?: number): string {
    const { line, col } = this.#file.lines.linePos(this.#offset);
    return `${this.#file.file}:${line}:${col + (character === undefined ? 0 : this.#shift(character))}`;
  }

  /**
   * The distance of a character from the value's beginning. A text with several lines or escapes
   * uses the value's beginning.
   */
  #shift(character: number): number {
    const node = this.#node;
    if (!isScalar(node) || node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED') return 0;
    const quoted = node.type === 'QUOTE_SINGLE' || node.type === 'QUOTE_DOUBLE' ? 1 : 0;
    const [from, to] = node.range ?? [0, 0];
    return to - from === String(node.value).length + 2 * quoted ? character + quoted : 0;
  }

  /** @throws Refusal always */
  refuse(what: string, allowed: string, character?: number): never {
    throw new Refusal(this.place(character), what, allowed);
  }

  /** What stands there, for sentences: a text in quotes, other values as written. */
  get shown(): string {
    if (this.isNull) return 'nothing';
    if (isMap(this.#node)) return 'a mapping';
    if (isSeq(this.#node)) return 'a list';
    const { value } = this.#node as Scalar;
    return typeof value === 'string' ? JSON.stringify(value) : this.#source();
  }

  get isNull(): boolean {
    return this.#node === null || (isScalar(this.#node) && this.#node.value === null);
  }

  get isMap(): boolean {
    return isMap(this.#node);
  }

  get isList(): boolean {
    return isSeq(this.#node);
  }

  get isText(): boolean {
    return isScalar(this.#node) && typeof this.#node.value === 'string';
  }

  /** The text. @param allowed shown when the value is something else */
  text(allowed = 'a text'): string {
    if (this.isText) return (this.#node as Scalar<string>).value;
    return this.refuse(`${this.shown} is no text`, allowed);
  }

  /**
   * Reads a text that has a grammar of its own. Errors in it are reported at their place in this
   * file.
   */
  parse<T>(read: (text: string) => T, allowed: string): T {
    try {
      return read(this.text(allowed));
    } catch (error) {
      if (error instanceof TextError) return this.refuse(error.what, error.allowed, error.at);
      throw error;
    }
  }

  /** One of the words. */
  oneOf<const Word extends string>(words: readonly Word[]): Word {
    const found = words.find((word) => this.isText && word === (this.#node as Scalar<string>).value);
    return found ?? this.refuse(`${this.shown} is not supported here`, words.join(', ') || 'nothing');
  }

  boolean(): boolean {
    if (isScalar(this.#node) && typeof this.#node.value === 'boolean') return this.#node.value;
    return this.refuse(`${this.shown} is neither true nor false`, 'true or false');
  }

  /** The digits of a number as they stand in the file. */
  numberText(allowed = 'a number'): string {
    if (isScalar(this.#node) && typeof this.#node.value === 'number') {
      const text = this.#source().replace(/^\+/, '');
      if (/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return text;
    }
    return this.refuse(`${this.shown} is not such a number`, allowed);
  }

  wholeNumber(min: number, max: number): number {
    const allowed = `a whole number from ${min} to ${max}`;
    const text = this.numberText(allowed);
    const value = Number(text);
    if (/^-?\d+$/.test(text) && value >= min && value <= max) return value;
    return this.refuse(`${text} is out of range`, allowed);
  }

  list(allowed = 'a list'): YamlValue[] {
    if (!isSeq(this.#node)) return this.refuse(`${this.shown} is no list`, allowed);
    return this.#node.items.map((item) => new YamlValue(item, this.#file, this.#offset));
  }

  /** The mapping's members by name, in the file's order. Any key is accepted. */
  entries(allowed = 'a mapping'): Map<string, { readonly key: YamlValue; readonly value: YamlValue }> {
    if (!isMap(this.#node)) return this.refuse(`${this.shown} is no mapping`, allowed);
    const pairs = (this.#node as YAMLMap).items.map(({ key, value }) => {
      const keyValue = new YamlValue(key, this.#file, this.#offset);
      const end = (key as Node).range?.[1] ?? this.#offset;
      return [
        keyValue.text('a name'),
        { key: keyValue, value: new YamlValue(value, this.#file, end) },
      ] as const;
    });
    return new Map(pairs);
  }

  /** The mapping. Its keys have to be among these. */
  members<const Key extends string>(keys: readonly Key[]): YamlMembers<Key> {
    const entries = this.entries();
    for (const [name, { key }] of entries) {
      if (!(keys as readonly string[]).includes(name)) {
        key.refuse(`the key ${JSON.stringify(name)} is not supported here`, keys.join(', ') || 'nothing');
      }
    }
    return {
      get: (name) => {
        const value = entries.get(name)?.value;
        return value === undefined || value.isNull ? undefined : value;
      },
      required: (name) => {
        const value = entries.get(name)?.value;
        return value ?? this.refuse(`${name} is missing`, `a mapping with ${name}`);
      },
    };
  }

  #source(): string {
    const scalar = this.#node as Scalar;
    return scalar.source ?? String(scalar.value);
  }
}

/** The members of a mapping whose keys are known. */
export interface YamlMembers<Key extends string> {
  /** The member. Undefined when it is missing or null. */
  get(name: Key): YamlValue | undefined;
  /** @throws Refusal when it is missing */
  required(name: Key): YamlValue;
}
