import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ProductError } from '../../orchestrator/core/product-error.ts';

/**
 * How long the queries of an application took, from what Spark leaves in their checkpoints, so that every side is measured by the
 * same clock: `metadata` is written when a query starts, `commits/N` when batch N is done. Starting the JVM and the session is
 * in none of it.
 * @param ends end offset of each partition, which the last commit of every query of the topic must have reached; that of a query of
 *   silver's files must have read them all
 * @returns seconds, and the micro-batches of the query of the topic that had most
 * @throws ProductError VERIFY_DIFFERENCE when one has not
 */
export function commitTimes(
  checkpoints: string,
  ends: readonly number[],
): { readonly seconds: number; readonly batches: number } {
  const queries = readdirSync(checkpoints)
    .map((name) => join(checkpoints, name))
    .filter((path) => existsSync(join(path, 'metadata')));
  const expected = Object.fromEntries(ends.entries());
  const spans = queries.map((query) => {
    const batches = readdirSync(join(query, 'commits')).filter((name) => /^\d+$/.test(name));
    const last = String(Math.max(-1, ...batches.map(Number)));
    const reached = batches.length > 0 ? endOffsets(join(query, 'offsets', last)) : {};
    const isOfTopic = !isOfFiles(query);
    if (!isOfTopic) assertFilesRead(query, last);
    else if (JSON.stringify(reached) !== JSON.stringify(expected)) {
      throw new ProductError('VERIFY_DIFFERENCE', {
        message: `${query} ends at ${JSON.stringify(reached)}, the topic at ${JSON.stringify(expected)}.`,
        hint: 'The application ended before the topic was drained; nothing was measured.',
      });
    }
    return {
      beginMs: statSync(join(query, 'metadata')).mtimeMs,
      endMs: statSync(join(query, 'commits', last)).mtimeMs,
      // Gold has batches without data, too.
      batches: isOfTopic ? batches.length : 0,
    };
  });
  const beginMs = Math.min(...spans.map((span) => span.beginMs));
  const endMs = Math.max(...spans.map((span) => span.endMs));
  return { seconds: (endMs - beginMs) / 1000, batches: Math.max(...spans.map(({ batches }) => batches)) };
}

/** Whether a query reads a folder of files, as gold does, by the log that Spark keeps of them. */
function isOfFiles(query: string): boolean {
  return existsSync(join(query, 'sources', '0')) && Object.keys(filesRead(query)).length > 0;
}

/** The log of a file source: the last of its batches that has each file. */
function filesRead(query: string): Readonly<Record<string, number>> {
  const folder = join(query, 'sources', '0');
  const found: Record<string, number> = {};
  for (const name of readdirSync(folder).filter((each) => /^\d+(\.compact)?$/.test(each))) {
    const [version, ...lines] = readFileSync(join(folder, name), 'utf8').split('\n');
    if (version !== 'v1') continue;
    for (const line of lines.filter((each) => each.startsWith('{"path":'))) {
      const { path, batchId } = JSON.parse(line) as { path: string; batchId: number };
      found[basename(path)] = batchId;
    }
  }
  return found;
}

/** Every file of silver that is there has to be in what the last committed batch has read. */
function assertFilesRead(query: string, last: string): void {
  const entry =
    readFileSync(join(query, 'offsets', last), 'utf8')
      .trim()
      .split('\n')
      .at(-1) ?? '{}';
  const { logOffset = -1 } = JSON.parse(entry) as { logOffset?: number };
  const read = filesRead(query);
  const silver = join(query, '..', '..', 'silver');
  const files = readdirSync(silver).filter((name) => /^silver_.*\.parquet$/.test(name));
  const unread = files.filter((name) => (read[name] ?? Number.POSITIVE_INFINITY) > logOffset);
  if (unread.length === 0) return;
  throw new ProductError('VERIFY_DIFFERENCE', {
    message: `${query} has not read ${unread.length} of the ${files.length} files of silver.`,
    hint: 'The application ended before gold had read silver; nothing was measured.',
  });
}

function endOffsets(path: string): Record<string, number> {
  const last = readFileSync(path, 'utf8').trim().split('\n').at(-1) ?? '{}';
  const [byPartition = {}] = Object.values(JSON.parse(last) as Record<string, Record<string, number>>);
  return Object.fromEntries(Object.entries(byPartition).sort(([a], [b]) => Number(a) - Number(b)));
}
