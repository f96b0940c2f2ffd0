import { shownValue } from '../../producer/shown-value.ts';

/**
 * Reads an option in whole seconds.
 * @param least the smallest number that is allowed
 * @throws Error for the command line's parser, with the value and what is allowed
 */
export function wholeSeconds(option: string, value: unknown, least: number): number {
  if (/^\d{1,6}$/.test(String(value)) && Number(value) >= least) return Number(value);
  throw new Error(
    `${option} ${shownValue(String(value))} is not allowed: it must be a whole number of seconds from ${least} to 999999`,
  );
}
