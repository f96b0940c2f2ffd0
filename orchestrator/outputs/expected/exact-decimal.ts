import type { DecimalType, EpochUnit } from '../../pipeline/model.ts';

/** A number as RFC 8259 has it. */
const NUMBER = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;
/** With an exponent. The JSON parser that Spark uses refuses longer numbers, and a text may be no more than a number. */
const MOST_DIGITS = 1000;

/** `digits` times 10 to the power of `exponent`: digits neither begin nor end with a zero, and are empty for 0. */
interface ExactNumber {
  readonly isNegative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

function exactNumber(text: string): ExactNumber | undefined {
  const match = NUMBER.exec(text);
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', exponent] = match;
  const all = `${whole}${fraction}`.replace(/^0+/, '');
  if (exponent !== undefined && all !== '' && whole.length + fraction.length > MOST_DIGITS) return undefined;
  const digits = withoutLastZeros(all);
  return {
    isNegative: sign === '-',
    digits,
    exponent: Number(exponent ?? 0) - fraction.length + (all.length - digits.length),
  };
}

/** A pattern for zeros at the end takes the square of the time where many stand elsewhere. */
function withoutLastZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  return digits.slice(0, end);
}

/**
 * A number's text as units of a decimal's last place: `12.340` of decimal(18,2) is 1234.
 * @returns undefined for no number, and for one with more decimals or digits than the type, but for zeros behind
 */
export function decimalUnits(text: string, { precision, scale }: DecimalType): bigint | undefined {
  const number = exactNumber(text);
  if (!number) return undefined;
  const { isNegative, digits, exponent } = number;
  if (digits === '') return 0n;
  if (-exponent > scale || digits.length + exponent > precision - scale) return undefined;
  const units = BigInt(digits) * 10n ** BigInt(scale + exponent);
  return isNegative ? -units : units;
}

/** The units of a decimal's last place as its text, with all decimals: 1234 of scale 2 is `12.34`. */
export function decimalText(units: bigint, scale: number): string {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  const fraction = scale === 0 ? '' : `.${digits.slice(-scale)}`;
  return `${units < 0n ? '-' : ''}${digits.slice(0, digits.length - scale)}${fraction}`;
}

const DECIMALS_OF_MICROS = { seconds: 6, milliseconds: 3, microseconds: 0 } as const;
/** The year 0, and the year 10000, in Unix microseconds. */
const FIRST_US = -62_167_219_200_000_000n;
const END_US = 253_402_300_800_000_000n;
/** How many digits behind the microsecond tell that a time is before the year 0. */
const DIGITS_BELOW_MICROS = 18;
/** Beside an exponent more digits than JSON numbers have, or an exponent beyond -999 to 999. */
const NO_EPOCH = /^-?(?:[0-9]\.?){1001}.*[eE]|[eE][+-]?0*[1-9][0-9]{3}/;

/**
 * A number's text as time since 1970, in Unix microseconds; what is smaller is cut.
 * @returns undefined for no number, for one outside the years 0 to 9999, and for an exponent beyond -999 to 999
 */
export function epochUs(text: string, unit: EpochUnit): bigint | undefined {
  const number = exactNumber(text);
  if (!number || NO_EPOCH.test(text)) return undefined;
  const { isNegative, digits } = number;
  const exponent = number.exponent + DECIMALS_OF_MICROS[unit];
  /** Digits of whole microseconds. */
  const whole = digits.length + exponent;
  if (digits === '' || whole <= 0) return 0n;
  if (whole > 18) return undefined;
  const magnitude = exponent >= 0 ? BigInt(digits) * 10n ** BigInt(exponent) : BigInt(digits.slice(0, whole));
  const us = isNegative ? -magnitude : magnitude;
  if (us < FIRST_US || us >= END_US) return undefined;
  const isBefore = us === FIRST_US && /[1-9]/.test(digits.slice(whole, whole + DIGITS_BELOW_MICROS));
  return isBefore ? undefined : us;
}
