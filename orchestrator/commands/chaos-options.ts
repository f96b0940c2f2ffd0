import type { Argv } from 'yargs';
import { shownValue } from '../../producer/shown-value.ts';
import type { Fault } from '../chaos/fault.ts';
import { FILTER_WORDS, faultFilter } from '../chaos/fault-filter.ts';
import { chaosSchedule } from '../chaos/schedule.ts';
import { MAX_SEED } from '../chaos/seeded-random.ts';
import { ProductError } from '../core/product-error.ts';

/** Options of `chaos`, checked. */
export interface ChaosOptions {
  readonly seed?: number | undefined;
  readonly faults: number;
  readonly only: readonly string[];
  readonly except: readonly string[];
  /** Seconds. */
  readonly pause?: number | undefined;
  readonly 'dry-run': boolean;
}

/** The options as yargs knows them. */
export function chaosOptions(yargs: Argv): Argv<ChaosOptions> {
  return yargs
    .option('seed', {
      describe: 'Which schedule of faults: a whole number; drawn when it is not given',
      coerce: (value: unknown) =>
        value === undefined ? undefined : wholeNumber('--seed', value, 1, MAX_SEED),
    })
    .option('faults', {
      alias: 'n',
      describe: 'How many',
      default: 20,
      coerce: (value: unknown) => wholeNumber('--faults', value, 1, 10_000),
    })
    .option('only', {
      describe: `Kinds and targets to take, with commas: ${FILTER_WORDS.join(', ')}`,
      default: [] as readonly string[],
      defaultDescription: 'all',
      coerce: words,
    })
    .option('except', {
      describe: 'Kinds and targets to leave out',
      default: [] as readonly string[],
      defaultDescription: 'none',
      coerce: words,
    })
    .option('pause', {
      describe: 'Seconds between recovery and the next fault; drawn, 0 to 6, when it is not given',
      coerce: (value: unknown) =>
        value === undefined ? undefined : wholeNumber('--pause', value, 0, 86_400),
    })
    .option('dry-run', {
      type: 'boolean',
      default: false,
      describe: 'Print the schedule and touch nothing',
    })
    .check(({ only, except }) => {
      faultFilter(only as readonly string[], except as readonly string[]);
      return true;
    });
}

/**
 * The schedule that the options ask for.
 * @throws ProductError BAD_USAGE when they leave no fault
 */
export function scheduleOf(seed: number, options: ChaosOptions): readonly Fault[] {
  const { faults, only, except, pause } = options;
  const filter = faultFilter(only, except);
  try {
    return chaosSchedule({ seed, faults, filter, ...(pause !== undefined && { restMs: pause * 1000 }) });
  } catch (error) {
    throw new ProductError('BAD_USAGE', {
      message: `${replayOf(seed, options)}: ${(error as Error).message}.`,
      hint: '`npm run chaos -- --help` lists kinds and targets; `two` needs two targets.',
    });
  }
}

/** The command line that makes the same faults again. */
export function replayOf(seed: number, { faults, only, except, pause }: ChaosOptions): string {
  return [
    `npm run chaos -- --seed ${seed} --faults ${faults}`,
    ...(only.length > 0 ? [`--only ${only.join(',')}`] : []),
    ...(except.length > 0 ? [`--except ${except.join(',')}`] : []),
    ...(pause === undefined ? [] : [`--pause ${pause}`]),
  ].join(' ');
}

function wholeNumber(flag: string, value: unknown, min: number, max: number): number {
  const number = /^\d{1,9}$/.test(String(value)) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new Error(
    `${flag} ${shownValue(String(value))} is not allowed: it must be a whole number from ${min} to ${max}`,
  );
}

function words(value: unknown): readonly string[] {
  const parts = Array.isArray(value) ? value : [value];
  return parts
    .flatMap((part) => String(part).split(','))
    .map((word) => word.trim())
    .filter(Boolean);
}
