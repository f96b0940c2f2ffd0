import { join } from 'node:path';
import { ProductError } from '../core/product-error.ts';
import { tryFileLock } from '../runtime/file-lock.ts';
import type { CommandContext } from './command.ts';

/**
 * Runs work that changes the stack while no other command does.
 * @throws ProductError STACK_RUNNING when another process is at it
 */
export async function withStackLock<T>(
  { config }: CommandContext,
  command: string,
  work: () => Promise<T>,
): Promise<T> {
  const attempt = await tryFileLock(join(config.runDir, 'command.lock'));
  if (!attempt.lock) {
    const { owner } = attempt;
    throw new ProductError('STACK_RUNNING', {
      message: `\`${command}\` cannot begin: another command (pid ${owner.pid}) is changing the stack in ${config.runDir}.`,
      hint: `Wait for it, or end it with Ctrl-C (or \`kill ${owner.pid}\`), then run \`npm run ${command}\` again.`,
    });
  }
  try {
    return await work();
  } finally {
    attempt.lock.release();
  }
}
