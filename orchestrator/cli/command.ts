import type { Argv } from 'yargs';
import { shownValue } from '../../producer/errors.ts';
import type { ServiceName } from '../services/service-name.ts';
import { SERVICE_NAMES } from '../services/services.ts';
import type { StackConfig } from '../settings/stack-config.ts';
import type { Output } from '../util/output.ts';
import { ProductError } from '../util/product-error.ts';
import type { Reporter } from '../util/run-plan.ts';

/** What a command works with: everything is loaded, checked and made before it runs. */
export interface CommandContext {
  readonly config: StackConfig;
  readonly reporter: Reporter;
  readonly output: Output;
  /** Aborted by Ctrl-C with the error to end with. */
  readonly signal: AbortSignal;
  readonly json: boolean;
}

/** What a command ends with; `main` prints it, once all events have been reported. */
export interface CommandResult {
  readonly exitCode: number;
  /** The one document that `--json` prints; absent when the command wrote to the output itself. */
  readonly json?: Readonly<Record<string, unknown>>;
  /** The same for people. */
  readonly text?: string;
}

/** One command: its words for yargs, its options, and its work. */
export interface Command<Options> {
  readonly usage: string;
  readonly summary: string;
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  options(yargs: Argv): Argv<Options>;
  /**
   * Refuses what the parser cannot, such as names behind the command: yargs checks those before it
   * has read them.
   * @throws ProductError BAD_USAGE
   */
  check?(options: Options): void;
  /**
   * Whether it needs hardly more than folder and runtime of the stack: a bad value of another
   * setting does not end it.
   */
  readonly isLenient?: boolean;
  /**
   * It only reads outputs: a flag may name others than those of the running stack, such as a copy.
   */
  readonly readsOutputs?: boolean;
  /**
   * The sentence that is true when an interrupt has ended a command that changes the stack; absent
   * for all others.
   */
  readonly afterInterrupt?: string;
  run(context: CommandContext, options: Options): Promise<CommandResult>;
}

/** The option of commands that can make a stack this checkout's. */
export const TAKE_OVER = {
  type: 'boolean',
  default: false,
  describe: "Make the stack this checkout's when its own checkout is not there any more",
} as const;

export interface TakeOverOption {
  readonly 'take-over': boolean;
}

/**
 * The parser's rule that the last of several values counts would leave one of several names, too.
 */
const KEEPS_ALL = { 'parse-positional-numbers': false, 'duplicate-arguments-array': true };

/**
 * Names of services behind a command: `[services..]` in its usage. @param describe how many it
 * takes
 */
export function serviceNames<Options>(yargs: Argv<Options>, describe: string) {
  return yargs.parserConfiguration(KEEPS_ALL).positional('services', {
    array: true,
    type: 'string',
    default: [] as string[],
    describe: `${describe}: ${SERVICE_NAMES.join(', ')}`,
  });
}

/** The services of checked names, each once and in the order of the start. */
export const servicesOf = (names: readonly string[]): readonly ServiceName[] =>
  SERVICE_NAMES.filter((name) => names.includes(name));

/** Of an option that was given several times, the last value. */
export const lastOf = (value: unknown): unknown => (Array.isArray(value) ? value.at(-1) : value);

/**
 * Checks the names of services on a command line.
 * @throws ProductError BAD_USAGE with the unknown names and those that there are
 */
export function assertServices(command: string, names: readonly string[]): void {
  const unknown = names.filter((name) => !SERVICE_NAMES.some((known) => known === name));
  if (unknown.length === 0) return;
  throw new ProductError('BAD_USAGE', {
    message: `${command} ${unknown.map(shownValue).join(' ')} is not allowed: services are ${SERVICE_NAMES.join(', ')}.`,
    hint: `\`npm run status\` shows what runs; \`npm run ${command} -- --help\` shows how services are named.`,
  });
}

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
