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

/** One command: its words for yargs, its options, and its work, which resolves with the process's exit code. */
export interface Command<Options> {
  readonly usage: string;
  readonly summary: string;
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  options(yargs: Argv): Argv<Options>;
  run(context: CommandContext, options: Options): Promise<number>;
}
