import type { Constraints, TimestampType } from '../../orchestrator/pipeline/model.ts';
import { drawUuid, type Random } from '../generate/random.ts';
import { offsetMinutesOf, timeWriter, type WriteTime } from './values/time-text.ts';

/** Times and ids in the same form as an example of them. */

const ISO = /^(\d{4}-\d\d-\d\d)([Tt ])(\d\d:\d\d)(:\d\d)?(\.\d+)?([Zz]|[+-]\d\d(?::?\d\d)?)?$/;

/**
 * Writes times as the JSON of an example has them: with the same separator, decimals and offset, an
 * epoch as number or text.
 *
 * @param json the example, a time that the contract takes
 */
export function timeWriterLike(json: string, type: TimestampType): WriteTime {
  const isText = json.startsWith('"');
  const text: string = isText ? JSON.parse(json) : json;
  if ('epoch' in type) return epochLike(text, type, isText);
  const match = type.shape === undefined ? ISO.exec(text) : null;
  if (!match) return timeWriter(type);
  const [, , separator = 'T', , seconds, fraction = '', offset] = match;
  const offsetMs = offsetMinutesOf(offset ?? type.timezone) * 60_000;
  const [from, to] = [seconds ? 19 : 16, Math.min(3, Math.max(0, fraction.length - 1))];
  return (timeMs) => {
    const iso = new Date(timeMs + offsetMs).toISOString();
    const decimals = fraction === '' ? '' : `.${iso.slice(20, 20 + to).padEnd(fraction.length - 1, '0')}`;
    return `"${iso.slice(0, 10)}${separator}${iso.slice(11, from)}${decimals}${offset ?? ''}"`;
  };
}

const UNITS_MS = { seconds: 1000, milliseconds: 1, microseconds: 0.001 } as const;

function epochLike(
  text: string,
  { epoch }: Extract<TimestampType, { readonly epoch: string }>,
  isText: boolean,
): WriteTime {
  const decimals = /\.(\d+)$/.exec(text)?.[1]?.length ?? 0;
  const quote = isText ? '"' : '';
  const unitMs = UNITS_MS[epoch];
  return (timeMs) => {
    const whole = Math.floor(timeMs / unitMs);
    if (decimals === 0) return `${quote}${whole}${quote}`;
    const rest = unitMs > 1 ? String(timeMs - whole * unitMs).padStart(3, '0') : '';
    return `${quote}${whole}.${rest.slice(0, decimals).padEnd(decimals, '0')}${quote}`;
  };
}

/** Writes the JSON of a new id. */
export type WriteId = () => string;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NUMBERED = /^(.*?)(\d{1,15})$/s;

/** Counts on behind the numbers of a sample's ids. */
export class IdCounter {
  #last = 0;

  /** Notes the JSON of an id of the sample. */
  note(json: string): void {
    const digits = NUMBERED.exec(plain(json))?.[2];
    this.#last = Math.max(this.#last, Number(digits ?? 0));
  }

  next(): number {
    this.#last += 1;
    return this.#last;
  }
}

/**
 * Writes ids of the same shape as an example: a new UUID for a UUID, the next number for a number or
 * a text that ends with one, otherwise other letters and digits in their places.
 */
export function idWriterLike(
  json: string,
  constraints: Constraints,
  counter: IdCounter,
  random: Random,
): WriteId {
  const text = plain(json);
  const quote = json.startsWith('"');
  const write = (id: string): string => (quote ? JSON.stringify(id) : id);
  if (UUID.test(text))
    return text === text.toUpperCase()
      ? () => write(drawUuid(random).toUpperCase())
      : () => write(drawUuid(random));
  const [, prefix = '', digits] = NUMBERED.exec(text) ?? [];
  if (digits !== undefined && /^$|[^0-9A-Za-z]$|^[A-Za-z]{1,8}$/.test(prefix)) {
    // Where the length matters, numbers begin again rather than become longer.
    const isFixed = constraints.patterns !== undefined || constraints.maxLength !== undefined;
    const end = isFixed ? 10 ** digits.length : Number.POSITIVE_INFINITY;
    const width = digits.startsWith('0') || isFixed ? digits.length : 0;
    return () => {
      const number = counter.next();
      return write(
        prefix + String(end === Number.POSITIVE_INFINITY ? number : number % end).padStart(width, '0'),
      );
    };
  }
  return () => write(text.replace(/[A-Za-z0-9]/g, (character) => otherCharacter(character, random)));
}

/** A letter for a letter, a digit for a digit; of hexadecimal digits those stay such. */
function otherCharacter(character: string, random: Random): string {
  const draw = (first: number, count: number): string =>
    String.fromCharCode(first + Math.floor(random.fraction() * count));
  if (/\d/.test(character)) return draw(48, 10);
  const count = /[a-f]/i.test(character) ? 6 : 26;
  return character === character.toLowerCase() ? draw(97, count) : draw(65, count);
}

const plain = (json: string): string => (json.startsWith('"') ? JSON.parse(json) : json);
