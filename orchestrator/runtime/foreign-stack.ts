import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ProductError } from '../core/product-error.ts';

/** Whether a folder still is a checkout of this product. One that was moved, renamed or deleted leaves nothing at its path. */
export function isCheckout(folder: string): boolean {
  return existsSync(join(folder, 'docker-compose.yml'));
}

export interface ForeignStack {
  /** What is another checkout's, as a subject: "The Compose project medallion-stream". */
  readonly what: string;
  /** The folder of the checkout whose it is. */
  readonly owner: string;
  /** How this checkout gets a stack of its own: "set RUN_DIR". */
  readonly instead: string;
}

/** The error for a command that would change the stack or the data of another checkout. */
export function foreignStack({ what, owner, instead }: ForeignStack): ProductError {
  return isCheckout(owner)
    ? new ProductError('FOREIGN_STACK', {
        message: `${what} belongs to the checkout ${owner}; nothing was changed.`,
        hint: `Run the command in ${owner}, or ${instead}.`,
      })
    : new ProductError('FOREIGN_STACK', {
        message: `${what} belongs to the checkout ${owner}, which is not there any more; nothing was changed.`,
        hint: `Run the command with \`-- --take-over\` to make it this checkout's, or ${instead}.`,
      });
}
