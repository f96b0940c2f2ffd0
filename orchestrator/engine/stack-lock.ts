import { join } from 'node:path';
import type { StackConfig } from '../config/stack-config.ts';
import { ProductError } from '../core/product-error.ts';
import { describeHolder, livingHolder, tryFileLock } from '../runtime/file-lock.ts';
import { assertOwnFolders } from '../stack/folder-owners.ts';

/**
 * Runs work that changes the stack while no other command does, and only on a stack of this checkout.
 * @param command what is shown of it, as it is typed behind `npm run`
 * @param takeOver whether the stack of a checkout that is not there any more becomes this one's
 * @throws ProductError STACK_RUNNING when another process is at it, FOREIGN_STACK
 */
export async function withStackLock<T>(
  { config }: { readonly config: StackConfig },
  command: string,
  takeOver: boolean,
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
    assertOwnFolders(config, takeOver);
    return await work();
  } finally {
    attempt.lock.release();
  }
}
