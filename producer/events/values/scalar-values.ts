import type { Hint, ValueHint } from '../../../orchestrator/pipeline/generate/generation.ts';
import type { Constraints, Item, Type } from '../../../orchestrator/pipeline/model.ts';
import { derivedSeed, drawUuid, type Random, seededRandom, weightedDraw } from '../../generate/random.ts';
import { fakerTexts, wordsOf } from './faker-methods.ts';
import { type NumberType, numberValues } from './number-values.ts';
import { isAllowedText, textValues } from './text-values.ts';
import { dateWriter, timeWriter } from './time-text.ts';

/** Draws the JSON of a value of an event at this time. */
export type Draw = (random: Random, eventMs: number) => string;

/** What is known of a field whose values are drawn. */
export interface ScalarField {
  /** The field's own name; that of the array for its elements. */
  readonly name: string;
  /** The path's text, which populations derive from. */
  readonly path: string;
  readonly item: Item;
  readonly hint: Hint | undefined;
  /** Whether every event has another value. */
  readonly isUnique: boolean;
  /** Whether values repeat often, as those of a record's key and of gold's groups. */
  readonly isGroup: boolean;
}

/** Values of a key or of a group, and the exponent of their weights. */
const GROUPS = 1000;
const GROUP_EXPONENT = 0.8;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Attempts at finding values of a population that are not in it yet. */
const TRIES_OF_POPULATION = 5;

/**
 * The values of a field: those of its hint, otherwise what its name, type and constraints suggest.
 * @returns undefined where no value that keeps the constraints was found
 */
export function scalarValues(field: ScalarField): Draw | undefined {
  const { item, hint, isUnique, isGroup, name } = field;
  const given = hint?.values;
  if (given && given.kind !== 'same_as') return hintedValues(field, given);
  if (isUnique) return uniqueValues(field);
  const draw = plainValues(field);
  const isId = /(^|_)(id|key)$/.test(wordsOf(name));
  const canRepeat = ['string', 'integer'].includes(item.type.kind) && !item.constraints.validValues;
  return draw && canRepeat && (isGroup || isId)
    ? populationOf(draw, field.path, GROUPS, GROUP_EXPONENT)
    : draw;
}

function hintedValues(
  field: ScalarField,
  hint: Exclude<ValueHint, { readonly kind: 'same_as' }>,
): Draw | undefined {
  const { name, path, item } = field;
  const { type, constraints } = item;
  switch (hint.kind) {
    case 'values':
      return weightedDraw(
        hint.values.map((value) => jsonOf(type, value)),
        hint.weights,
      );
    case 'zipf': {
      const draw = plainValues(field);
      return draw && populationOf(draw, path, hint.count, hint.exponent);
    }
    case 'faker': {
      const texts = fakerTexts(hint.method, GROUPS, path).filter(isAllowedText(constraints));
      return texts.length === 0 ? undefined : oneOf(texts.map((text) => JSON.stringify(text)));
    }
    case 'sequence': {
      let next = hint.start;
      const write = type.kind === 'string' ? JSON.stringify : (text: string) => text;
      return () => {
        const text = write(String(next));
        next += hint.step;
        return text;
      };
    }
    default:
      return isNumber(type) ? numberValues(name, type, constraints, hint) : undefined;
  }
}

const isNumber = (type: Type): type is NumberType => ['integer', 'double', 'decimal'].includes(type.kind);

function plainValues({ name, path, item: { type, constraints } }: ScalarField): Draw | undefined {
  const valid = constraints.validValues;
  if (valid) return validValues(type, constraints, valid);
  switch (type.kind) {
    case 'string': {
      const draw = textValues(name, path, constraints);
      return draw && ((random) => JSON.stringify(draw(random)));
    }
    case 'boolean':
      return (random) => (random.fraction() < 0.5 ? 'false' : 'true');
    case 'date':
      return dateValues(constraints, dateWriter(type));
    case 'timestamp':
      return timeValues(constraints, timeWriter(type));
    case 'object':
    case 'array':
      throw new TypeError(`${path} is no scalar`);
    default:
      return numberValues(name, type as NumberType, constraints, undefined);
  }
}

/** @returns undefined where none of them keeps the other constraints */
function validValues(type: Type, constraints: Constraints, valid: readonly string[]): Draw | undefined {
  const texts = type.kind === 'string' ? valid.filter(isAllowedText(constraints)) : valid;
  return texts.length === 0 ? undefined : oneOf(texts.map((text) => validJson(type, text)));
}

/** A valid value, whose dates and times are ISO texts in pipeline.json, as the event has it. */
function validJson(type: Type, text: string): string {
  if (type.kind === 'date') return dateWriter(type)(Date.parse(`${text}T00:00:00Z`) / DAY_MS);
  return type.kind === 'timestamp' ? timeWriter(type)(Date.parse(text)) : jsonOf(type, text);
}

/** A constant of a hint, which is written as the event has it. */
function jsonOf(type: Type, text: string): string {
  const isText =
    type.kind === 'string' || type.kind === 'date' || (type.kind === 'timestamp' && !('epoch' in type));
  return isText ? JSON.stringify(text) : text;
}

/** Up to thirty days before the event, within the limits. */
function dateValues(constraints: Constraints, write: (day: number) => string): Draw | undefined {
  const limits = limitsOf(constraints, DAY_MS);
  if (limits.low > limits.high) return undefined;
  return (random, eventMs) => {
    const day = Math.floor(eventMs / DAY_MS);
    return write(drawWithin(random, day - 30, day, limits));
  };
}

/** Up to an hour before the event, within the limits. */
function timeValues(constraints: Constraints, write: (timeMs: number) => string): Draw | undefined {
  const limits = limitsOf(constraints, 1);
  if (limits.low > limits.high) return undefined;
  return (random, eventMs) => write(drawWithin(random, eventMs - HOUR_MS, eventMs, limits));
}

interface Limits {
  readonly low: number;
  readonly high: number;
}

/** Limits of dates and times in whole units since the epoch. */
function limitsOf(constraints: Constraints, unitMs: number): Limits {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = constraints;
  const at = (text: string): number => Date.parse(text.length === 10 ? `${text}T00:00:00Z` : text) / unitMs;
  const lows = [
    minimum === undefined ? [] : [at(minimum)],
    exclusiveMinimum === undefined ? [] : [at(exclusiveMinimum) + 1],
  ];
  const highs = [
    maximum === undefined ? [] : [at(maximum)],
    exclusiveMaximum === undefined ? [] : [at(exclusiveMaximum) - 1],
  ];
  return { low: Math.max(...lows.flat()), high: Math.min(...highs.flat()) };
}

/** A draw from the preferred range, or from what the limits leave nearest to it. */
function drawWithin(random: Random, from: number, to: number, { low, high }: Limits): number {
  const span = to - from;
  const [first, last] =
    to < low
      ? [low, Math.min(high, low + span)]
      : from > high
        ? [Math.max(low, high - span), high]
        : [Math.max(low, from), Math.min(high, to)];
  return first + Math.floor(random.fraction() * (last - first + 1));
}

const oneOf = (jsons: readonly string[]): Draw =>
  weightedDraw(
    jsons,
    jsons.map(() => 1),
  );

/**
 * A population of values, the same in every run. The one of rank r has the weight r^-exponent. It is
 * smaller where there are not so many values.
 */
function populationOf(draw: Draw, path: string, count: number, exponent: number): Draw {
  const random = seededRandom(derivedSeed('population', path));
  const values = new Set<string>();
  for (let tries = 0; values.size < count && tries < TRIES_OF_POPULATION * count; tries++)
    values.add(draw(random, 0));
  const all = [...values];
  return weightedDraw(
    all,
    all.map((_, at) => (at + 1) ** -exponent),
  );
}

/** Another value in every event. */
function uniqueValues(field: ScalarField): Draw | undefined {
  const { path, item } = field;
  const { type, constraints } = item;
  if (type.kind === 'string') {
    const isAllowed = isAllowedText(constraints);
    const example = seededRandom(derivedSeed('unique', path));
    if (isAllowed(drawUuid(example))) return (random) => `"${drawUuid(random)}"`;
    // A pattern has enough texts, or the author has to say more.
    if (constraints.patterns || constraints.validValues) return plainValues(field);
    const width = Math.min(12, constraints.maxLength ?? 12);
    return counted((number) =>
      JSON.stringify(number.toString(36).padStart(Math.max(width, constraints.minLength ?? 0), '0')),
    );
  }
  const lowest = constraints.minimum ?? constraints.exclusiveMinimum;
  if (
    constraints.maximum ??
    constraints.exclusiveMaximum ??
    constraints.multipleOf ??
    constraints.validValues
  )
    return plainValues(field);
  const start = lowest === undefined ? 1n : BigInt(Math.ceil(Number(lowest))) + 1n;
  return counted((number) => String(start + BigInt(number)));
}

function counted(write: (number: number) => string): Draw {
  let next = 0;
  return () => write(next++);
}
