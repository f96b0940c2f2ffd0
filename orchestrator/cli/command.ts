import type { Argv } from 'yargs';
import { shownValue } from '../../producer/errors.ts';
import type { ServiceName } from '../services/service-name.ts';
import { SERVICE_NAMES } from '../services/services.ts';
import type { StackConfig } from '../settings/stack-config.ts';
import type { Output } from '../util/output.ts';
import { ProductError } from '../util/product-error.ts';
import type { Reporter } from '../util/run-plan.ts';
import { userCommand } from '../util/user-command.ts';

/** What a command works with. Everything is loaded, checked and built before the command runs. */
export interface CommandContext {
  readonly config: StackConfig;
  readonly reporter: Reporter;
  readonly output: Output;
  /** Ctrl-C aborts it; its reason is the error to end with. */
  readonly signal: AbortSignal;
  readonly json: boolean;
}

/** The result of a command. `main` prints it once all events have been reported. */
export interface CommandResult {
  readonly exitCode: number;
  /** The one document that `--json` prints; absent when the command wrote to the output itself. */
  readonly json?: Readonly<Record<string, unknown>>;
  /** The same result as text for people. */
  readonly text?: string;
}

/** One command: its description for yargs, its options, and its work. */
export interface Command<Options> {
  readonly usage: string;
  readonly summary: string;
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  options(yargs: Argv): Argv<Options>;
  /**
   * Refuses what the parser cannot refuse, such as names behind the command: yargs checks those
   * before it has read them.
   * @throws ProductError BAD_USAGE
   */
  check?(options: Options): void;
  /**
   * Whether the command needs little more than the folder and the runtime of the stack. A bad value
   * of another setting does not end it.
   */
  readonly isLenient?: boolean;
  /**
   * Whether the command only reads outputs. A flag may then name outputs other than those of the
   * running stack, such as a copy.
   */
  readonly readsOutputs?: boolean;
  /**
   * Whether the command starts a stack, with the data that it has or without any. The pipeline must
   * then be sound and its pipeline.json up to date, and another one than the recorded is refused or
   * taken, never passed over.
   */
  readonly startsStack?: 'with-its-data' | 'afresh';
  /**
   * What is true after an interrupt ended a command that changes the stack; absent for all other
   * commands.
   */
  readonly afterInterrupt?: string;
  run(context: CommandContext, options: Options): Promise<CommandResult>;
}

/** The option of commands that can assign a stack to this checkout. */
export const TAKE_OVER = {
  type: 'boolean',
  default: false,
  describe: "Make the stack this checkout's when its own checkout no longer exists",
} as const;

export interface TakeOverOption {
  readonly 'take-over': boolean;
}

/**
 * By default the parser keeps only the last of several values, which would drop all names but one.
 */
const KEEPS_ALL = { 'parse-positional-numbers': false, 'duplicate-arguments-array': true };

/**
 * Declares the names of services behind a command: `[services..]` in its usage.
 * @param describe how many the command takes
 */
export function serviceNames<Options>(yargs: Argv<Options>, describe: string) {
  return yargs.parserConfiguration(KEEPS_ALL).positional('services', {
    array: true,
    type: 'string',
    default: [] as string[],
    describe: `${describe}: ${SERVICE_NAMES.join(', ')}`,
  });
}

/** Returns the services of checked names, each once, in start order. */
export const servicesOf = (names: readonly string[]): readonly ServiceName[] =>
  SERVICE_NAMES.filter((name) => names.includes(name));

/** Returns the last value of an option that was given several times. */
export const lastOf = (value: unknown): unknown => (Array.isArray(value) ? value.at(-1) : value);

/**
 * Checks the names of services on a command line.
 * @throws ProductError BAD_USAGE with the unknown names and the known ones
 */
export function assertServices(command: string, names: readonly string[]): void {
  const unknown = names.filter((name) => !SERVICE_NAMES.some((known) => known === name));
  if (unknown.length === 0) return;
  throw new ProductError('BAD_USAGE', {
    message: `${command} ${unknown.map(shownValue).join(' ')} is not allowed: services are ${SERVICE_NAMES.join(', ')}.`,
    hint: `\`${userCommand('status')}\` shows what runs; \`${userCommand(command, '--help')}\` shows how services are named.`,
  });
}

/**
 * Reads an option in whole seconds.
 * @param least the smallest allowed number
 * @throws Error for the command line's parser, with the value and the allowed range
 */
export function wholeSeconds(option: string, value: unknown, least: number): number {
  if (/^\d{1,6}$/.test(String(value)) && Number(value) >= least) return Number(value);
  throw new Error(
    `${option} ${shownValue(String(value))} is not allowed: it must be a whole number of seconds from ${least} to 999999`,
  );
}
