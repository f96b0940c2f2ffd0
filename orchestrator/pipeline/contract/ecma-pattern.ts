import { TextError } from '../text-error.ts';

/**
 * Regular expressions of a contract. ODCS uses those of ECMA-262. The job matches them with Java's
 * engine, `verify` with JavaScript's. A pattern is parsed, and what the engines read differently is
 * spelled out or refused. The printed pattern means the same to both.
 */

const SPACES = '\\t\\n\\u000b\\f\\r \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff';
const CLASSES: Readonly<Record<string, string>> = { d: '0-9', w: 'A-Za-z0-9_', s: SPACES };
const CONTROLS: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f', v: '\v' };
const ANY = '[^\\n\\r\\u2028\\u2029]';
const ALLOWED =
  'characters, . ^ $ |, classes such as [a-z], \\d \\w \\s, groups (…) (?:…) (?=…) (?!…), and * + ? {n,m}, lazy or not';
/**
 * Java's engine takes a stack frame for each repetition of a group, so values must not determine
 * the number of repetitions.
 */
const MAX_GROUP_REPEATS = 100;

/**
 * Returns the pattern in a notation that Java and JavaScript (flag `u`) read alike. @throws
 * TextError
 */
export function normalisePattern(pattern: string): string {
  const reader = new PatternReader(pattern);
  const result = reader.alternatives(0);
  if (!reader.ended) throw new TextError(reader.at, ') without (', ALLOWED);
  return result;
}

class PatternReader {
  /** Place in the text, in code points. */
  #at = 0;
  readonly #text: readonly string[];

  constructor(pattern: string) {
    this.#text = [...pattern];
  }

  /** Place in the text, in characters. */
  get at(): number {
    return this.#text.slice(0, this.#at).join('').length;
  }

  get ended(): boolean {
    return this.#at >= this.#text.length;
  }

  alternatives(depth: number): string {
    if (depth > 20) throw this.#error('groups are nested too deeply', '20 levels');
    let result = '';
    while (!this.ended && this.#peek !== ')') {
      result += this.#accept('|') ? '|' : this.#term(depth);
    }
    return result;
  }

  #term(depth: number): string {
    if (this.#accept('^')) return '^';
    if (this.#accept('$')) return '(?![\\s\\S])';
    const group = this.#peek === '(';
    const [atom, repeats] = group ? this.#group(depth) : [this.#atom(), true];
    if (!repeats) return atom;
    return atom + this.#quantifier(group);
  }

  /** @returns the group and whether it can be repeated */
  #group(depth: number): [string, boolean] {
    const start = this.#at;
    this.#at += 1;
    let opening = '(';
    if (this.#accept('?')) {
      const kind = this.#take();
      if (kind !== ':' && kind !== '=' && kind !== '!') {
        this.#at = start;
        throw this.#error(`(?${kind} is not supported`, ALLOWED);
      }
      opening = `(?${kind}`;
    }
    const inside = this.alternatives(depth + 1);
    if (!this.#accept(')')) {
      this.#at = start;
      throw this.#error('( without )', ALLOWED);
    }
    return [`${opening}${inside})`, opening === '(' || opening === '(?:'];
  }

  #quantifier(group: boolean): string {
    const start = this.#at;
    const quantifier = this.#readQuantifier();
    if (!quantifier) return '';
    const [text, most] = quantifier;
    if (most > (group ? MAX_GROUP_REPEATS : Number.POSITIVE_INFINITY)) {
      this.#at = start;
      throw this.#error(
        'a group is repeated without a bound',
        `at most ${MAX_GROUP_REPEATS} times, such as {0,${MAX_GROUP_REPEATS}}`,
      );
    }
    return text + (this.#accept('?') ? '?' : '');
  }

  #readQuantifier(): [text: string, most: number] | undefined {
    if (this.#accept('*')) return ['*', Number.POSITIVE_INFINITY];
    if (this.#accept('+')) return ['+', Number.POSITIVE_INFINITY];
    if (this.#accept('?')) return ['?', 1];
    if (this.#peek !== '{') return undefined;
    const match = /^\{(\d{1,4})(?:(,)(\d{1,4})?)?\}/.exec(this.#text.slice(this.#at, this.#at + 11).join(''));
    const [text = '', least = '', comma, most] = match ?? [];
    const bound = most === undefined ? (comma ? Number.POSITIVE_INFINITY : Number(least)) : Number(most);
    if (!match || bound < Number(least) || Number(least) > 1000 || (bound > 1000 && most !== undefined)) {
      throw this.#error('{ begins no repetition', '{n}, {n,} or {n,m} up to 1000, or \\{ for the character');
    }
    this.#at += text.length;
    return [text, bound];
  }

  #atom(): string {
    const start = this.#at;
    const character = this.#take();
    if (character === '.') return ANY;
    if (character === '[') return this.#class(start);
    if (character === '\\') {
      const escaped = this.#escape(start);
      return escaped.class === undefined ? escaped.text : `[${escaped.negated ? '^' : ''}${escaped.class}]`;
    }
    if ('*+?{}]'.includes(character)) {
      this.#at = start;
      throw this.#error(`${character} has nothing to repeat, or needs \\ before it`, ALLOWED);
    }
    return plain(character);
  }

  #class(start: number): string {
    const negated = this.#accept('^') ? '^' : '';
    let inside = '';
    while (!this.#accept(']')) {
      if (this.ended) {
        this.#at = start;
        throw this.#error('[ without ]', ALLOWED);
      }
      const from = this.#classMember();
      const range =
        this.#peek === '-' && this.#text[this.#at + 1] !== ']' && this.#text[this.#at + 1] !== undefined;
      if (!range) {
        inside += from.class ?? from.text;
        continue;
      }
      const at = this.#at;
      this.#at += 1;
      const to = this.#classMember();
      if (from.code === undefined || to.code === undefined || from.code > to.code) {
        this.#at = at;
        throw this.#error(
          '- stands between no two characters in order',
          'a range such as a-z, or \\- for the character',
        );
      }
      inside += `${from.text}-${to.text}`;
    }
    if (inside === '') {
      this.#at = start;
      throw this.#error('the class is empty', ALLOWED);
    }
    return `[${negated}${inside}]`;
  }

  #classMember(): Escaped {
    const start = this.#at;
    const character = this.#take();
    const member = character === '\\' ? this.#escape(start) : characterOf(character);
    if (member.negated) {
      this.#at = start;
      throw this.#error('\\D, \\W and \\S are not supported in a class', ALLOWED);
    }
    return member.code === undefined ? member : { ...member, text: inClass(member.code) };
  }

  #escape(start: number): Escaped {
    const letter = this.#take();
    const set = CLASSES[letter.toLowerCase()];
    if (set !== undefined) return { text: '', class: set, negated: letter !== letter.toLowerCase() };
    const control = CONTROLS[letter];
    if (control !== undefined) return characterOf(control);
    const length = letter === 'u' ? 4 : letter === 'x' ? 2 : 0;
    const digits = this.#text.slice(this.#at, this.#at + length).join('');
    if (length > 0 && digits.length === length && /^[0-9a-f]+$/i.test(digits)) {
      this.#at += length;
      const code = Number.parseInt(digits, 16);
      if (code < 0xd800 || code > 0xdfff) return characterOf(String.fromCodePoint(code));
    }
    if (/^[!-/:-@[-`{-~]$/.test(letter)) return characterOf(letter);
    this.#at = start;
    throw this.#error(`\\${letter} is not supported`, ALLOWED);
  }

  get #peek(): string | undefined {
    return this.#text[this.#at];
  }

  #take(): string {
    const character = this.#text[this.#at] ?? '';
    this.#at += 1;
    return character;
  }

  #accept(character: string): boolean {
    if (this.#peek !== character) return false;
    this.#at += 1;
    return true;
  }

  #error(what: string, allowed: string): TextError {
    return new TextError(this.at, what, allowed);
  }
}

/** A member of a class: a character with its code, or a set of them. */
interface Escaped {
  readonly text: string;
  readonly code?: number;
  readonly class?: string;
  readonly negated?: boolean;
}

const characterOf = (character: string): Escaped => ({
  text: plain(character),
  code: character.codePointAt(0) ?? 0,
});

/** A character as itself. */
function plain(character: string): string {
  if (/[\\^$.*+?()[\]{}|/]/.test(character)) return `\\${character}`;
  return hidden(character) ?? character;
}

/** A character inside a class. Java has additional set operations there. */
function inClass(code: number): string {
  const character = String.fromCodePoint(code);
  if (/[\\^\-[\]]/.test(character)) return `\\${character}`;
  if (/[&~#]/.test(character)) return `\\u${code.toString(16).padStart(4, '0')}`;
  return hidden(character) ?? character;
}

/** Control characters and line ends are shown by their code. */
function hidden(character: string): string | undefined {
  const code = character.codePointAt(0) ?? 0;
  const control = code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x2028 || code === 0x2029;
  return control ? `\\u${code.toString(16).padStart(4, '0')}` : undefined;
}
