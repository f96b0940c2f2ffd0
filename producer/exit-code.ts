import { ConfigError } from './config-error.ts';
import { ProducerError } from './producer-error.ts';

/** Exit codes, those of the whole product. */
export const EXIT = { done: 0, defect: 1, wrongConfig: 2, failed: 4, interrupted: 130 } as const;

/** Says what is wrong in a line or two on standard error and gives the exit code. */
export function explain(error: unknown): number {
  if (error instanceof ConfigError) {
    process.stderr.write(`[producer] ${error.message}\n`);
    return EXIT.wrongConfig;
  }
  if (error instanceof ProducerError) {
    process.stderr.write(`[producer] error: ${error.message}\n[producer] hint: ${error.hint}\n`);
    return EXIT.failed;
  }
  // Not foreseen, hence a defect: with its stack.
  process.stderr.write(`[producer] ${error instanceof Error ? error.stack : String(error)}\n`);
  return EXIT.defect;
}
