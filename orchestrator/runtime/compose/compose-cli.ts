import { execa } from 'execa';
import type { StackConfig } from '../../config/stack-config.ts';
import { ProductError } from '../../core/product-error.ts';

/** Lines of a failed command's output that its error carries. */
const TAIL_LINES = 20;

export interface ComposeCall {
  /** Ends the command. */
  readonly signal?: AbortSignal;
  /** What it says while it works. */
  readonly onLine?: (line: string) => void;
  /** The service that it is about. */
  readonly service?: string;
}

/** `docker compose` with the stack's own file and variables, as a user would type it in the checkout. */
export type ComposeCommand = (args: readonly string[], call?: ComposeCall) => Promise<void>;

/**
 * @param variables for the file, before those of the environment
 */
export function composeCommand(
  config: StackConfig,
  variables: Readonly<Record<string, string>>,
): ComposeCommand {
  return async (args, { signal, onLine, service } = {}) => {
    signal?.throwIfAborted();
    const subprocess = execa('docker', ['compose', '--progress', 'plain', '--ansi', 'never', ...args], {
      cwd: config.projectDir,
      env: { ...config.environment, ...variables },
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
      all: true,
      ...(signal && { cancelSignal: signal }),
    });
    if (onLine) {
      for await (const line of subprocess.iterable({ from: 'all' }))
        if (line.trim() !== '') onLine(line.trim());
    }
    const result = await subprocess;
    signal?.throwIfAborted();
    if (!result.failed) return;
    const lines = result.all.split('\n').filter((line) => line.trim() !== '');
    throw new ProductError('STEP_FAILED', {
      message: `\`docker compose ${args.join(' ')}\` failed${result.exitCode === undefined ? '' : ` with exit code ${result.exitCode}`}: ${lines.at(-1)?.trim() ?? result.shortMessage}.`,
      hint: 'Correct what the engine names, then run `npm run up` again; `npm run doctor` checks the machine.',
      logTail: lines.slice(-TAIL_LINES),
      cause: result,
      ...(service !== undefined && { service }),
    });
  };
}
