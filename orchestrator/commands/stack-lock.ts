import { join } from 'node:path';
import { ProductError } from '../core/product-error.ts';
import { describeHolder, livingHolder, tryFileLock } from '../runtime/file-lock.ts';
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
    const { holder } = attempt;
    const pid = livingHolder(holder)?.pid;
    throw new ProductError('STACK_RUNNING', {
      message: `\`${command}\` cannot begin: another command (${describeHolder(holder)}) is changing the stack in ${config.runDir}.`,
      hint: `Wait for it${pid === undefined ? '' : `, or end it with Ctrl-C (or \`kill ${pid}\`)`}, then run \`npm run ${command}\` again.`,
    });
  }
  try {
    return await work();
  } finally {
    attempt.lock.release();
  }
}
