import { committedFiles } from './committed-files.ts';
import { isUnread, readGoldCheckpoint } from './gold-checkpoint.ts';

/**
 * Counts the committed silver files that are there and that no committed micro-batch of a gold table has read. A few file operations, no database.
 * @param through the last of silver's micro-batches that count; without it, of those that are committed
 * @throws ProductError OUTPUT_NOT_LOCAL; OUTPUT_DAMAGED naming the file
 */
export async function filesUnreadByGold(
  outputPath: string,
  table: string,
  through?: number,
): Promise<{ readonly files: number; readonly committed: number }> {
  const files = await committedFiles(outputPath, 'silver', through);
  // Read after the files: what it has read meanwhile is no lag.
  const checkpoint = await readGoldCheckpoint(outputPath, table, 'the last batch');
  const unread = files.filter((file) => isUnread(checkpoint, file));
  return { files: unread.length, committed: checkpoint.committed };
}
