import { messageOf } from '../../core/product-error.ts';

/** Whether a reading failed because a file is not there any more: it was pruned, or is being replaced. */
export function isVanished(error: unknown): boolean {
  return /No files found|no such file/i.test(messageOf(error));
}
