import { join } from 'node:path';
import { ProductError } from '../core/product-error.ts';
import { describeHolder, livingHolder, tryFileLock } from '../runtime/file-lock.ts';
import { assertOwnFolders } from '../stack/folder-owners.ts';
import type { CommandContext } from './command.ts';

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
 * Runs work that changes the stack while no other command does, and only on a stack of this checkout.
 * @param takeOver whether the stack of a checkout that is not there any more becomes this one's
 * @throws ProductError STACK_RUNNING when another process is at it, FOREIGN_STACK
 */
export async function withStackLock<T>(
  { config }: CommandContext,
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
