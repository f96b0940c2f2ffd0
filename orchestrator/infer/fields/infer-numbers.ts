import type { InferredItem } from '../inferred.ts';
import { isMoney, isReading } from './field-names.ts';

type NumberType = Pick<InferredItem, 'logicalType' | 'physicalType' | 'why'>;

const INTEGER = /^-?\d+$/;
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;
/** Digits of a decimal that is not told more: enough for any amount of money. */
const USUAL_PRECISION = 18;
const MOST_DIGITS = 38;
/** More decimals are those of a measurement or of a computation. */
const MOST_DECIMALS = 6;

/** The type of JSON numbers, from their digits as they are written. */
export function numberType(name: string, texts: readonly string[]): NumberType {
  if (texts.every((text) => INTEGER.test(text))) return wholeType(texts);
  if (texts.some((text) => !Number.isFinite(Number(text)))) {
    return { logicalType: 'string', why: ['A number is beyond those of a double: its text is kept'] };
  }
  const decimals = decimalsOf(texts);
  if (decimals && isExact(name, decimals)) return decimalType(decimals, isMoney(name) ? 2 : 0);
  return { logicalType: 'number', why: [`Numbers ${decimalsText(decimals)}: a double`] };
}

/** The decimal of texts that are numbers; undefined when they are not all, or not exact amounts. */
export function textNumberType(name: string, texts: readonly string[]): NumberType | undefined {
  const isNumber = /^-?(0|[1-9]\d*)(\.\d+)?$/;
  if (!isMoney(name) || !texts.every((text) => isNumber.test(text))) return undefined;
  const decimals = decimalsOf(texts);
  if (!decimals || !texts.some((text) => text.includes('.')) || !isExact(name, decimals)) return undefined;
  const type = decimalType(decimals, 2);
  return { ...type, why: [...type.why, 'The numbers are texts'] };
}

function wholeType(texts: readonly string[]): NumberType {
  if (texts.every((text) => BigInt.asIntN(64, BigInt(text)) === BigInt(text))) {
    return { logicalType: 'integer', why: [] };
  }
  const digits = texts.reduce((most, text) => Math.max(most, text.replace('-', '').length), 0);
  if (digits > MOST_DIGITS) {
    return { logicalType: 'string', why: [`Whole numbers of up to ${digits} digits: their text is kept`] };
  }
  return {
    logicalType: 'number',
    physicalType: `decimal(${MOST_DIGITS},0)`,
    why: [`Whole numbers beyond 64 bits, of up to ${digits} digits`],
  };
}

interface Decimals {
  /** The most digits before the point. */
  readonly whole: number;
  readonly least: number;
  readonly most: number;
}

function decimalsOf(texts: readonly string[]): Decimals | undefined {
  let [whole, least, most] = [1, Number.POSITIVE_INFINITY, 0];
  for (const text of texts) {
    const match = DECIMAL.exec(text);
    if (!match) return undefined;
    const places = match[3]?.length ?? 0;
    whole = Math.max(whole, match[2]?.length ?? 0);
    least = Math.min(least, places);
    most = Math.max(most, places);
  }
  return { whole, least, most };
}

/**
 * Amounts have the same number of decimals, or two: 12.3 is 12.30 in JSON. Readings are no exact
 * numbers, however few decimals a sensor sends.
 */
function isExact(name: string, { whole, least, most }: Decimals): boolean {
  if (most > MOST_DECIMALS || whole + most > MOST_DIGITS) return false;
  if (isMoney(name)) return true;
  return !isReading(name) && (most === 2 || (least === most && most > 1));
}

function decimalType({ whole, most }: Decimals, leastScale: number): NumberType {
  const scale = Math.max(most, leastScale);
  const precision = Math.min(MOST_DIGITS, Math.max(USUAL_PRECISION, whole + scale + 3));
  const why = `Exact numbers with up to ${most} decimal${most === 1 ? '' : 's'}`;
  return { logicalType: 'number', physicalType: `decimal(${precision},${scale})`, why: [why] };
}

function decimalsText(decimals: Decimals | undefined): string {
  if (!decimals) return 'with an exponent';
  const { least, most } = decimals;
  return `with ${least === most ? '' : `${least} to `}${most} decimal${most === 1 ? '' : 's'}`;
}
