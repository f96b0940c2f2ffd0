import { drawFrom, type Random } from '../../generate/random.ts';

/** Draws a text that a regular expression matches. */
export type DrawText = (random: Random) => string;

/** What `*` and `+` repeat beyond the least, at most. */
const MOST_BEYOND_LEAST = 8;
const PRINTABLE = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));
const LETTERS_AND_DIGITS = PRINTABLE.filter((character) => /[A-Za-z0-9]/.test(character));

/**
 * Draws texts of a regular expression in the notation of pipeline.json (docs/pipeline-json.md), whose
 * syntax is known to be right. `^`, `$`, `(?=…)` and `(?!…)` are left to the caller, who tests what is
 * drawn with the expression.
 *
 * @param longer how much longer than the least repetitions texts may become
 */
export function patternTexts(pattern: string, longer = MOST_BEYOND_LEAST): DrawText {
  return new PatternReader(pattern, longer).alternatives();
}

class PatternReader {
  readonly #text: readonly string[];
  readonly #longer: number;
  #at = 0;

  constructor(pattern: string, longer: number) {
    this.#text = [...pattern];
    this.#longer = longer;
  }

  alternatives(): DrawText {
    const all: DrawText[] = [];
    let terms: DrawText[] = [];
    const end = (): void => {
      const sequence = terms;
      all.push((random) => sequence.reduce((text, term) => text + term(random), ''));
      terms = [];
    };
    while (this.#at < this.#text.length && this.#text[this.#at] !== ')') {
      if (this.#accept('|')) end();
      else terms.push(this.#term());
    }
    end();
    const [only] = all;
    return all.length === 1 && only ? only : (random) => drawFrom(random, all)(random);
  }

  #term(): DrawText {
    if (this.#accept('^')) return () => '';
    if (this.#accept('(')) {
      const isAssertion = this.#accept('?') && this.#take() !== ':';
      const inside = this.alternatives();
      this.#accept(')');
      return isAssertion ? () => '' : this.#repeated(inside);
    }
    return this.#repeated(this.#atom());
  }

  #repeated(draw: DrawText): DrawText {
    const [least, most] = this.#quantifier();
    if (least === 1 && most === 1) return draw;
    return (random) => {
      const count = least + Math.floor(random.fraction() * (most - least + 1));
      let text = '';
      for (let done = 0; done < count; done++) text += draw(random);
      return text;
    };
  }

  #quantifier(): readonly [least: number, most: number] {
    const range = this.#range();
    if (!range) return [1, 1];
    this.#accept('?');
    const [least, most] = range;
    return [least, Math.min(most, least + this.#longer)];
  }

  #range(): readonly [number, number] | undefined {
    if (this.#accept('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.#accept('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.#accept('?')) return [0, 1];
    if (!this.#accept('{')) return undefined;
    const end = this.#text.indexOf('}', this.#at);
    const [least = '0', most] = this.#text.slice(this.#at, end).join('').split(',');
    this.#at = end + 1;
    return [Number(least), most === undefined ? Number(least) : Number(most || Number.POSITIVE_INFINITY)];
  }

  #atom(): DrawText {
    const character = this.#take();
    if (character !== '[') {
      const text = character === '\\' ? this.#escaped() : character;
      return () => text;
    }
    const isNegated = this.#accept('^');
    const members: (readonly [from: number, to: number])[] = [];
    while (!this.#accept(']')) {
      const from = this.#classMember();
      const isRange = this.#text[this.#at] === '-' && this.#text[this.#at + 1] !== ']';
      if (isRange) this.#at += 1;
      members.push([from, isRange ? this.#classMember() : from]);
    }
    if (isNegated) return fromList(outside(members));
    const sizes = members.map(([from, to]) => to - from + 1);
    const all = sizes.reduce((sum, size) => sum + size, 0);
    return (random) => {
      let left = Math.floor(random.fraction() * all);
      for (const [index, [from]] of members.entries()) {
        const size = sizes[index] ?? 0;
        if (left < size) return String.fromCodePoint(from + left);
        left -= size;
      }
      return '';
    };
  }

  #classMember(): number {
    const character = this.#take();
    return (character === '\\' ? this.#escaped() : character).codePointAt(0) ?? 0;
  }

  /** The only letter after a backslash is u, with four digits. */
  #escaped(): string {
    const letter = this.#take();
    if (letter !== 'u') return letter;
    const code = Number.parseInt(this.#text.slice(this.#at, this.#at + 4).join(''), 16);
    this.#at += 4;
    return String.fromCodePoint(code);
  }

  #take(): string {
    return this.#text[this.#at++] ?? '';
  }

  #accept(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }
}

const fromList =
  (characters: readonly string[]): DrawText =>
  (random) =>
    drawFrom(random, characters);

/** Characters of ASCII outside a class: letters and digits, where there are any. */
function outside(members: readonly (readonly [from: number, to: number])[]): readonly string[] {
  const isOutside = (character: string): boolean =>
    !members.some(([from, to]) => character.charCodeAt(0) >= from && character.charCodeAt(0) <= to);
  for (const characters of [LETTERS_AND_DIGITS, PRINTABLE]) {
    const found = characters.filter(isOutside);
    if (found.length > 0) return found;
  }
  return ['é', '中', '…'].filter((character) => isOutside(character)).concat('\u00a7');
}
