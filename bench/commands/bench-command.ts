import type { z } from 'zod';
import type { OptionShape } from '../options.ts';
import { benchOutput } from '../report/bench-output.ts';
import type { Results } from '../report/results.ts';

/** One kind of measurement. */
export interface BenchCommand<S extends OptionShape = OptionShape> {
  readonly name: string;
  readonly summary: string;
  readonly shape: S;
  /** Runs the measurement. @throws ProductError */
  run(options: z.infer<S>, signal: AbortSignal): Promise<Results>;
}

/** Keeps the type of the options in the definition of a command. */
export const benchCommand = <S extends OptionShape>(command: BenchCommand<S>): BenchCommand<S> => command;

/** Reports progress on standard error, because a measurement takes minutes. */
export const say = (text: string): void => benchOutput.err(`[bench] ${text}`);
