import type { ValueHint } from '../../../orchestrator/pipeline/generate/generation.ts';
import type { Constraints, DecimalType } from '../../../orchestrator/pipeline/model.ts';
import { drawNormal, type Random } from '../../generate/random.ts';
import { wordsOf } from './faker-methods.ts';

/** Draws the JSON of a value. Undefined instead where no value keeps the constraints. */
export type DrawNumber = (random: Random) => string;

export type NumberType = DecimalType | { readonly kind: 'integer' | 'double' };
type Distribution = Extract<ValueHint, { readonly kind: 'lognormal' | 'normal' | 'uniform' }>;

/** Units of the last decimal up to this many are exact in a double, with their decimal point too. */
const MOST_UNITS = 999_999_999_999_999;
const DOUBLE_DECIMALS = 2;
const MOST_DECIMALS = 12;

/**
 * Draws numbers that keep the constraints: by the distribution of a hint, otherwise by what a field
 * of this name most likely holds.
 * @returns undefined where no number keeps them
 */
export function numberValues(
  name: string,
  type: NumberType,
  constraints: Constraints,
  distribution: Distribution | undefined,
): DrawNumber | undefined {
  const expected = expectedOf(name);
  const grid = gridOf(type, constraints, expected, distribution === undefined);
  if (!grid) return undefined;
  const { low, high, step, scale } = grid;
  const steps = Number((high - low) / step);
  const write = writer(low, step, scale);
  const bounded = (value: number): string => {
    const at = Math.round((value * 10 ** scale - Number(low)) / Number(step));
    return write(Math.min(steps, Math.max(0, at)));
  };
  const uniform = (random: Random): string => write(Math.floor(random.fraction() * (steps + 1)));
  const chosen = distribution ?? expected.distribution;
  switch (chosen?.kind) {
    case 'lognormal':
      return (random) => bounded(chosen.median * Math.exp(chosen.spread * drawNormal(random)));
    case 'normal':
      return (random) => bounded(chosen.mean + chosen.stddev * drawNormal(random));
    case 'uniform':
      return (random) => bounded(chosen.min + (chosen.max - chosen.min) * random.fraction());
    default:
      return uniform;
  }
}

/** What numbers of a field are by its name. */
interface Expected {
  readonly min: number;
  readonly max: number;
  readonly decimals?: number;
  readonly distribution?: Distribution;
}

const BY_NAME: readonly (readonly [RegExp, Expected])[] = [
  [/(^|_)lat(itude)?$/, { min: -90, max: 90, decimals: 4 }],
  [/(^|_)(lon|lng|long)(gitude)?$/, { min: -180, max: 180, decimals: 4 }],
  [
    /price|amount|total|cost|revenue|fee|fare|salary|balance|value$|payment|tax|discount/,
    { min: 0.01, max: 1_000_000, distribution: { kind: 'lognormal', median: 20, spread: 1 } },
  ],
  [/temp(erature)?|celsius/, { min: -40, max: 60, distribution: { kind: 'normal', mean: 21, stddev: 5 } }],
  [/humidity|percent|pct|battery|(^|_)soc$/, { min: 0, max: 100 }],
  [/ratio|share|probability|confidence/, { min: 0, max: 1 }],
  [/pressure/, { min: 950, max: 1050, distribution: { kind: 'normal', mean: 1013, stddev: 8 } }],
  [/speed|rpm/, { min: 0, max: 200 }],
  [/(^|_)age$/, { min: 18, max: 90 }],
  [/quantity|(^|_)qty$|(^|_)units$|(^|_)items$/, { min: 1, max: 10 }],
  [/rating|stars/, { min: 1, max: 5 }],
  [/year$/, { min: 2000, max: 2026 }],
  [/port$/, { min: 1024, max: 65_535 }],
  [/(status|response|http)_?code$/, { min: 200, max: 504 }],
  [
    /duration|latency|elapsed|(^|_)ms$/,
    { min: 0, max: 600_000, distribution: { kind: 'lognormal', median: 120, spread: 1 } },
  ],
  [/bytes|size/, { min: 0, max: 10_000_000, distribution: { kind: 'lognormal', median: 2000, spread: 1.5 } }],
  [/(^|_)(id|no|number|nr)$/, { min: 1, max: 100_000 }],
];
const OTHERS: Expected = { min: 0, max: 1000 };

function expectedOf(name: string): Expected {
  const words = wordsOf(name);
  return BY_NAME.find(([pattern]) => pattern.test(words))?.[1] ?? OTHERS;
}

/** The allowed numbers: from low to high by step, all in units of the last of `scale` decimals. */
interface Grid {
  readonly low: bigint;
  readonly high: bigint;
  readonly step: bigint;
  readonly scale: number;
}

/**
 * Doubles get more decimals where their limits leave no room for a number with few.
 *
 * @param isExpected whether numbers are within what the name suggests, where the limits allow it
 */
function gridOf(
  type: NumberType,
  constraints: Constraints,
  expected: Expected,
  isExpected: boolean,
): Grid | undefined {
  const range = isExpected ? expected : undefined;
  if (type.kind !== 'double')
    return gridAt(type.kind === 'decimal' ? type.scale : 0, type, constraints, range);
  for (let scale = expected.decimals ?? DOUBLE_DECIMALS; scale <= MOST_DECIMALS; scale++) {
    const grid = gridAt(scale, type, constraints, range);
    if (grid && (grid.high > grid.low || scale === MOST_DECIMALS || isSingle(constraints))) return grid;
  }
  return undefined;
}

const isSingle = ({ minimum, maximum }: Constraints): boolean => minimum !== undefined && minimum === maximum;

function gridAt(
  scale: number,
  type: NumberType,
  constraints: Constraints,
  range: Expected | undefined,
): Grid | undefined {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = constraints;
  const lows = [
    ...(minimum === undefined ? [] : [unitsOf(minimum, scale, 'up')]),
    ...(exclusiveMinimum === undefined ? [] : [unitsOf(exclusiveMinimum, scale, 'down') + 1n]),
  ];
  const highs = [
    ...(maximum === undefined ? [] : [unitsOf(maximum, scale, 'down')]),
    ...(exclusiveMaximum === undefined ? [] : [unitsOf(exclusiveMaximum, scale, 'up') - 1n]),
  ];
  const limit = type.kind === 'decimal' ? 10n ** BigInt(type.precision) - 1n : 2n ** 63n - 1n;
  const least = largest([...lows, -limit]);
  const most = smallest([...highs, limit]);
  if (least > most) return undefined;
  let [low, high] = range
    ? nearest(range, scale, lows.length > 0, highs.length > 0, least, most)
    : [least, most];
  // Numbers near zero are exact, and as plausible as others.
  if (low <= BigInt(MOST_UNITS) && high >= -BigInt(MOST_UNITS)) {
    low = within(low, -BigInt(MOST_UNITS), BigInt(MOST_UNITS));
    high = within(high, low, BigInt(MOST_UNITS));
  } else {
    high = within(high, low, low + 1_000_000n);
  }
  const step = multipleOf === undefined ? 1n : stepOf(multipleOf, scale);
  const first = ceilDivide(low, step) * step;
  const last = floorDivide(high, step) * step;
  if (first <= last) return { low: first, high: last, step, scale };
  const next = ceilDivide(least, step) * step;
  return next <= most ? { low: next, high: next, step, scale } : undefined;
}

/** The expected range within the limits. Beyond them it moves to the one that it exceeds. */
function nearest(
  { min, max }: Expected,
  scale: number,
  hasLow: boolean,
  hasHigh: boolean,
  least: bigint,
  most: bigint,
): readonly [low: bigint, high: bigint] {
  const [from, to] = [unitsOf(String(min), scale, 'up'), unitsOf(String(max), scale, 'down')];
  if (hasLow && hasHigh && expectsAnything(min, max)) return [least, most];
  if (least > to) return [least, within(least + to - from, least, most)];
  if (most < from) return [within(most - (to - from), least, most), most];
  return [within(from, least, most), within(to, least, most)];
}

/** Whether nothing is known of a field by its name, so that its limits say more. */
const expectsAnything = (min: number, max: number): boolean => min === OTHERS.min && max === OTHERS.max;

/** A number's text in units of the last of `scale` decimals, rounded. */
function unitsOf(text: string, scale: number, towards: 'up' | 'down'): bigint {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  const [, sign = '', whole = '0', fraction = '', exponent = '0'] = match ?? [];
  const digits = BigInt(`${sign}${whole}${fraction}`);
  const shift = Math.min(400, scale - fraction.length + Number(exponent));
  if (shift >= 0) return digits * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(Math.min(400, -shift));
  return towards === 'up' ? ceilDivide(digits, divisor) : floorDivide(digits, divisor);
}

/** The smallest multiple of `multipleOf` that has `scale` decimals, in their units. */
function stepOf(multipleOf: string, scale: number): bigint {
  const decimals = Math.max(scale, multipleOf.split('.')[1]?.length ?? 0);
  const factor = unitsOf(multipleOf, decimals, 'down');
  const unit = 10n ** BigInt(decimals - scale);
  return factor / greatestDivisor(factor, unit);
}

function greatestDivisor(one: bigint, other: bigint): bigint {
  return other === 0n ? one : greatestDivisor(other, one % other);
}

const floorDivide = (one: bigint, other: bigint): bigint =>
  one >= 0n || one % other === 0n ? one / other : one / other - 1n;
const ceilDivide = (one: bigint, other: bigint): bigint => -floorDivide(-one, other);
const inOrder = (all: readonly bigint[]): bigint[] => all.toSorted((one, other) => (one < other ? -1 : 1));
const largest = (all: readonly bigint[]): bigint => inOrder(all).at(-1) ?? 0n;
const smallest = (all: readonly bigint[]): bigint => inOrder(all)[0] ?? 0n;
const within = (value: bigint, low: bigint, high: bigint): bigint =>
  value < low ? low : value > high ? high : value;

/** Writes the number that stands `at` steps above the lowest. */
function writer(low: bigint, step: bigint, scale: number): (at: number) => string {
  const isExact = low >= -BigInt(MOST_UNITS) && low <= BigInt(MOST_UNITS);
  if (isExact && step <= BigInt(MOST_UNITS)) {
    const [first, by, unit] = [Number(low), Number(step), 10 ** scale];
    return scale === 0 ? (at) => String(first + at * by) : (at) => plain((first + at * by) / unit, scale);
  }
  return (at) => decimalText(low + BigInt(at) * step, scale);
}

/** Without an exponent, which a small double would have. */
const plain = (value: number, scale: number): string => {
  const text = String(value);
  return text.includes('e') ? value.toFixed(scale) : text;
};

function decimalText(units: bigint, scale: number): string {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  const fraction = scale === 0 ? '' : `.${digits.slice(-scale)}`;
  return `${units < 0n ? '-' : ''}${digits.slice(0, digits.length - scale)}${fraction}`;
}
