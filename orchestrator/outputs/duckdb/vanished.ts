import { messageOf } from '../../core/product-error.ts';

/** Whether a statement failed because a file is not there any more: it was pruned, or is being replaced. */
export function isVanished(error: unknown): boolean {
  return /No files found|No such file/.test(messageOf(error));
}
