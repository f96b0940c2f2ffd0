import { join } from 'node:path';
import { z } from 'zod';
import { namesIfPresent, readIfPresent } from '../util/files.ts';
import { batchIds, checkpointFolder } from './checkpoint.ts';
import { committedFiles } from './committed-files.ts';
import { contentOfFileName, type FileContent, fileNumber, outputDamaged } from './sinks.ts';

/** A committed micro-batch of a gold query, from its entry in the offset log. */
export interface GoldBatch {
  readonly batch: number;
  /**
   * The watermark with which it ran, Unix ms, or 0 before there is one. The micro-batch emits the
   * windows that end by it.
   */
  readonly watermarkMs: number;
  /**
   * The last batch of the source log that it has read. A micro-batch without data has that of the
   * one before. -1: none.
   */
  readonly logOffset: number;
}

/** The progress of a gold query. */
export interface GoldCheckpoint {
  /** The name of the table, of its query and of its checkpoint. */
  readonly table: string;
  /** The last committed micro-batch, -1 before the first. */
  readonly committed: number;
  /** The last planned micro-batch, -1 before the first. */
  readonly planned: number;
  /**
   * The committed micro-batches that the offset log still has, ascending. Spark keeps the last 100.
   */
  readonly batches: readonly GoldBatch[];
  /**
   * The source log's batch of each silver file, by the file's number (see `fileNumber`), for all
   * files that the query has seen, committed or not.
   */
  readonly seen: ReadonlyMap<number, number>;
}

const metadata = z.object({ batchWatermarkMs: z.int().min(0) });
const sourceOffset = z.object({ logOffset: z.int().min(-1) });
const sourceEntry = z.object({ path: z.string(), batchId: z.int().min(0) });

/**
 * How often the reading starts over when Spark compacted or cleaned up an entry before it was read.
 */
const ATTEMPTS = 5;

/**
 * Reads the checkpoint of a gold table's query in Spark's standard layout. The query may be
 * running.
 * @throws ProductError OUTPUT_NOT_LOCAL; OUTPUT_DAMAGED naming a file that is damaged or missing
 */
export async function readGoldCheckpoint(
  outputPath: string,
  table: string,
  which: 'all batches' | 'the last batch' = 'all batches',
): Promise<GoldCheckpoint> {
  const folder = checkpointFolder(outputPath, table);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const committed = (await batchIds(folder, 'commits')).at(-1) ?? -1;
    const planned = (await batchIds(folder, 'offsets')).at(-1) ?? -1;
    const batches = await committedEntries(folder, which === 'all batches' ? 0 : committed, committed);
    const seen = await sourceLog(join(folder, 'sources', '0'));
    if (seen !== undefined && (committed === -1 || batches.at(-1)?.batch === committed)) {
      return { table, committed, planned, batches, seen };
    }
  }
  throw outputDamaged(
    `The checkpoint ${folder} lacks an entry of its committed micro-batches: in offsets, or in sources/0.`,
  );
}

/** The last batch of the source log that a committed micro-batch has read, -1 before the first. */
export const readThrough = ({ batches }: GoldCheckpoint): number => batches.at(-1)?.logOffset ?? -1;

/** Whether no committed micro-batch of a gold query has read this file of silver. */
export function isUnread(checkpoint: GoldCheckpoint, silver: FileContent): boolean {
  return (checkpoint.seen.get(fileNumber(silver)) ?? Number.POSITIVE_INFINITY) > readThrough(checkpoint);
}

/** The entries of the offset log from `first` to `last` that exist. */
async function committedEntries(folder: string, first: number, last: number): Promise<readonly GoldBatch[]> {
  const known: GoldBatch[] = [];
  for (const batch of await batchIds(folder, 'offsets')) {
    if (batch > last) break;
    if (batch < first) continue;
    const path = join(folder, 'offsets', String(batch));
    const content = await readIfPresent(path);
    if (content !== undefined) known.push({ batch, ...parseEntry(path, content) });
  }
  return known;
}

/**
 * The line "v1", a line of metadata, and a line with the file source's offset: "-" before there is
 * one.
 */
function parseEntry(path: string, content: string): Omit<GoldBatch, 'batch'> {
  const [version, metadataLine = '', offsetLine = ''] = content.split('\n');
  try {
    if (version !== 'v1') throw new Error(`version ${version}`);
    const { batchWatermarkMs } = metadata.parse(JSON.parse(metadataLine));
    const { logOffset } = offsetLine === '-' ? { logOffset: -1 } : sourceOffset.parse(JSON.parse(offsetLine));
    return { watermarkMs: batchWatermarkMs, logOffset };
  } catch (cause) {
    throw outputDamaged(`${path} does not hold a watermark and the offset of a file source.`, cause);
  }
}

/**
 * Reads the log of the file source: `<n>` has the files of batch n, `<n>.compact` those of all
 * batches up to n.
 * @returns undefined when a file disappeared during the read
 */
async function sourceLog(folder: string): Promise<ReadonlyMap<number, number> | undefined> {
  const names = (await namesIfPresent(folder)).flatMap((name) => {
    const [, batch, compact] = /^(\d+)(\.compact)?$/.exec(name) ?? [];
    return batch === undefined ? [] : [{ name, batch: Number(batch), isCompact: compact !== undefined }];
  });
  const compacted = Math.max(-1, ...names.filter(({ isCompact }) => isCompact).map(({ batch }) => batch));
  const needed = names.filter(({ batch, isCompact }) =>
    isCompact ? batch === compacted : batch > compacted,
  );
  const seen = new Map<number, number>();
  for (const { name } of needed) {
    const path = join(folder, name);
    const content = await readIfPresent(path);
    if (content === undefined) return undefined;
    for (const { path: file, batchId } of parseLog(path, content)) {
      const silver = contentOfFileName('silver', fileNameOf(file));
      if (silver !== undefined && !seen.has(fileNumber(silver))) seen.set(fileNumber(silver), batchId);
    }
  }
  return seen;
}

function parseLog(path: string, content: string): readonly z.infer<typeof sourceEntry>[] {
  const [version, ...lines] = content.split('\n');
  try {
    if (version !== 'v1') throw new Error(`version ${version}`);
    return lines.filter((line) => line !== '').map((line) => sourceEntry.parse(JSON.parse(line)));
  } catch (cause) {
    throw outputDamaged(`${path} does not hold the files that a file source has read.`, cause);
  }
}

/** The path is a URI as the job sees the file. */
const fileNameOf = (uri: string): string => uri.slice(uri.lastIndexOf('/') + 1);

/**
 * Counts the committed silver files that no committed micro-batch of a gold table has read. It
 * takes a few file operations and no database.
 * @param through the last of silver's micro-batches that count; by default the last committed one
 * @throws ProductError OUTPUT_NOT_LOCAL; OUTPUT_DAMAGED naming the file
 */
export async function filesUnreadByGold(
  outputPath: string,
  table: string,
  through?: number,
): Promise<{ readonly files: number; readonly committed: number }> {
  const files = await committedFiles(outputPath, 'silver', through);
  // Read after the files, so that files read in the meantime do not count as lag.
  const checkpoint = await readGoldCheckpoint(outputPath, table, 'the last batch');
  const unread = files.filter((file) => isUnread(checkpoint, file));
  return { files: unread.length, committed: checkpoint.committed };
}
