import { normalisePattern } from '../../../orchestrator/pipeline/contract/ecma-pattern.ts';
import { STRING_FORMATS } from '../../../orchestrator/pipeline/contract/string-formats.ts';
import type { Constraints } from '../../../orchestrator/pipeline/model.ts';
import { derivedSeed, drawFrom, drawUuid, type Random, seededRandom } from '../../generate/random.ts';
import { fakerMethodFor, fakerTexts, wordsOf } from './faker-methods.ts';
import { type DrawText, patternTexts } from './text-pattern.ts';

/** Texts in a population of those that faker makes. */
const POPULATION = 500;
/** Draws of a pattern after which no text is expected to keep all constraints. */
const TRIES = 500;

/** Texts by ODCS's formats: how they are made, by the pattern that stands for the format. */
const BY_FORMAT: ReadonlyMap<string, DrawText> = new Map(
  Object.entries({
    uuid: drawUuid,
    email: (random) => `${word(random)}.${word(random)}@example.com`,
    ipv4: (random) => [10, byte(random), byte(random), byte(random)].join('.'),
    ipv6: (random) => Array.from({ length: 8 }, () => (random.word() & 0xffff).toString(16)).join(':'),
    hostname: (random) => `${word(random)}-${byte(random)}.example.com`,
    uri: (random) => `https://example.com/${word(random)}/${byte(random)}`,
  } satisfies Record<string, DrawText>).map(([format, draw]) => [
    normalisePattern(STRING_FORMATS[format] ?? ''),
    draw,
  ]),
);

const WORDS = fakerWords();
const word: DrawText = (random) => drawFrom(random, WORDS());
const byte = (random: Random): number => random.word() & 0xff;

function fakerWords(): () => readonly string[] {
  let words: readonly string[] | undefined;
  return () => {
    words ??= [...new Set(fakerTexts('lorem.word', 200, 'words'))];
    return words;
  };
}

/** Whether a text keeps the constraints on it. */
export function isAllowedText(constraints: Constraints): (text: string) => boolean {
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, patterns = [], validValues } = constraints;
  const tests = patterns.map((pattern) => new RegExp(pattern, 'u'));
  return (text) => {
    const { length } = [...text];
    if (length < minLength || length > maxLength) return false;
    return tests.every((test) => test.test(text)) && (validValues?.includes(text) ?? true);
  };
}

/**
 * Draws texts that keep the constraints: by a pattern or format, otherwise by what a field of this
 * name most likely holds.
 * @returns undefined where none was found
 */
export function textValues(name: string, path: string, constraints: Constraints): DrawText | undefined {
  const isAllowed = isAllowedText(constraints);
  const { patterns = [], minLength = 0, maxLength = Number.POSITIVE_INFINITY } = constraints;
  if (patterns.length > 0) return byPattern(patterns, minLength, isAllowed);
  const made = populationOf(name, path).filter(isAllowed);
  if (made.length > 0) return (random) => drawFrom(random, made);
  return (random) => ofLength(word(random), minLength, maxLength, random);
}

/** The way of making texts of these patterns that most often keeps all constraints. */
function byPattern(
  patterns: readonly string[],
  minLength: number,
  isAllowed: (text: string) => boolean,
): DrawText | undefined {
  const makers = patterns.flatMap((pattern) => {
    const format = BY_FORMAT.get(pattern);
    return format ? [format] : [patternTexts(pattern), patternTexts(pattern, Math.max(40, 2 * minLength))];
  });
  const successes = makers.map((maker) => {
    const random = seededRandom(derivedSeed('patterns', patterns.join('\n')));
    return Array.from({ length: TRIES }, () => maker(random)).filter(isAllowed).length;
  });
  const most = Math.max(...successes);
  const maker = makers[successes.indexOf(most)];
  if (most === 0 || !maker) return undefined;
  return (random) => {
    let text = maker(random);
    // At the least success that was measured, a thousand failures in a row are very unlikely.
    for (let tries = 0; !isAllowed(text) && tries < 20 * TRIES; tries++) text = maker(random);
    return text;
  };
}

function populationOf(name: string, path: string): readonly string[] {
  const method = fakerMethodFor(name);
  if (method) return [...new Set(fakerTexts(method, POPULATION, path))];
  const words = wordsOf(name);
  const id = /^(.*?)_?(id|key|code|no|number|nr|ref)$/.exec(words);
  if (id)
    return Array.from(
      { length: POPULATION },
      (_, at) => `${id[1] || id[2]}-${String(at + 1).padStart(5, '0')}`,
    );
  if (/status|state$/.test(words)) return ['new', 'active', 'pending', 'done', 'failed'];
  if (/(^|_)(type|kind|level|class|group|channel|source|tier|plan)$/.test(words))
    return ['a', 'b', 'c', 'd'].map((letter) => `${words}_${letter}`);
  return [...new Set(fakerTexts('lorem.words', POPULATION / 5, path))];
}

/** A text made as long as it has to be, and cut where it is too long. */
function ofLength(text: string, minLength: number, maxLength: number, random: Random): string {
  let all = text;
  while (all.length < minLength) all += ` ${word(random)}`;
  return [...all].slice(0, maxLength).join('');
}
