const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** Of decimal(18,2), the type of an amount in silver. */
const DECIMALS = 2;
const DIGITS_BEFORE_THE_POINT = 16;

/**
 * A JSON value's source text as hundredths, when it is a number that decimal(18,2) holds exactly: at most two decimals that
 * are not zero and at most 16 digits before the point. `12.340` and `1e2` are, `1.005` and `1e16` are not.
 */
export function amountCents(source: string): bigint | undefined {
  const [, sign = '', integer = '', fraction = '', exponent = '0'] = NUMBER.exec(source) ?? [];
  if (integer === '') return undefined;
  const digits = `${integer}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return 0n;
  // The value is `significant` with the point this many places to the left of its end.
  const decimals = fraction.length - Number(exponent) - (digits.length - significant.length);
  if (decimals > DECIMALS || significant.length - decimals > DIGITS_BEFORE_THE_POINT) return undefined;
  return BigInt(`${sign}${significant}`) * 10n ** BigInt(DECIMALS - decimals);
}
