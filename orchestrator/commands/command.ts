import type { Argv } from 'yargs';
import type { StackConfig } from '../config/stack-config.ts';
import type { Reporter } from '../core/reporter.ts';
import type { Output } from '../report/output.ts';

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
   * Refuses what the parser cannot, such as names behind the command: yargs checks those before it has read them.
   * @throws ProductError BAD_USAGE
   */
  check?(options: Options): void;
  /** Whether it needs hardly more than folder and runtime of the stack: a bad value of another setting does not end it. */
  readonly isLenient?: boolean;
  /** It only reads outputs: a flag may name others than those of the running stack, such as a copy. */
  readonly readsOutputs?: boolean;
  /** The sentence that is true when an interrupt has ended a command that changes the stack; absent for all others. */
  readonly afterInterrupt?: string;
  run(context: CommandContext, options: Options): Promise<CommandResult>;
}
