/** Whether a time of the engine's stands for "not yet". */
export const isNever = (time: string): boolean => time.startsWith('0001-');

/** Nanoseconds since the epoch of a time as the engine writes it, with up to nine digits behind the second. */
export function nanosecondsOf(time: string): bigint {
  const fraction = (/\.(\d{1,9})/.exec(time)?.[1] ?? '').padEnd(9, '0');
  return BigInt(Math.floor(Date.parse(time) / 1000)) * 1_000_000_000n + BigInt(fraction);
}

/** A time as the engine takes it for `since`: seconds of the epoch with a fraction of nine digits. */
export function sinceText(nanoseconds: bigint): string {
  return `${nanoseconds / 1_000_000_000n}.${String(nanoseconds % 1_000_000_000n).padStart(9, '0')}`;
}
