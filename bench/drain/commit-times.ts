import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { batchIds, INGEST } from '../../orchestrator/lake/checkpoint.ts';
import { sinkFiles } from '../../orchestrator/lake/committed-files.ts';
import { filesUnreadByGold } from '../../orchestrator/lake/gold-checkpoint.ts';
import { ProductError } from '../../orchestrator/util/product-error.ts';

/**
 * How long the queries of an application took, measured from Spark's files in their checkpoints, so
 * that every side is measured by the same clock. `metadata` is written when a query starts,
 * `commits/N` when batch N is done. The start of the JVM and the session is not included.
 * @param ends end offset of each partition, which the last commit of every query of the topic must
 * have reached; a query of silver's files must have read them all
 * @returns seconds, and the number of micro-batches of the query of the topic that had most
 * @throws ProductError VERIFY_DIFFERENCE when a query has not
 */
export async function commitTimes(
  checkpoints: string,
  ends: readonly number[],
): Promise<{ readonly seconds: number; readonly batches: number }> {
  const names = readdirSync(checkpoints).filter((name) => existsSync(join(checkpoints, name, 'metadata')));
  const expected = Object.fromEntries(ends.entries());
  const spans = [];
  for (const name of names) {
    const query = join(checkpoints, name);
    const committed = await batchIds(query, 'commits');
    const [batches, last] = [committed.length, String(committed.at(-1) ?? -1)];
    const isGold = name !== INGEST && names.includes(INGEST);
    if (isGold) await assertSilverRead(checkpoints, name);
    else {
      const reached = batches > 0 ? endOffsets(join(query, 'offsets', last)) : {};
      if (JSON.stringify(reached) !== JSON.stringify(expected)) {
        throw new ProductError('VERIFY_DIFFERENCE', {
          message: `${query} ends at ${JSON.stringify(reached)}, the topic at ${JSON.stringify(expected)}.`,
          hint: 'The application ended before the topic was drained; nothing was measured.',
        });
      }
    }
    spans.push({
      beginMs: statSync(join(query, 'metadata')).mtimeMs,
      endMs: statSync(join(query, 'commits', last)).mtimeMs,
      // Gold also has batches without data.
      batches: isGold ? 0 : batches,
    });
  }
  const beginMs = Math.min(...spans.map((span) => span.beginMs));
  const endMs = Math.max(...spans.map((span) => span.endMs));
  return { seconds: (endMs - beginMs) / 1000, batches: Math.max(...spans.map(({ batches }) => batches)) };
}

/** Checks that the last committed batch of a gold table has read every existing file of silver. */
async function assertSilverRead(checkpoints: string, table: string): Promise<void> {
  const outputs = dirname(checkpoints);
  const { files } = await filesUnreadByGold(outputs, table, Number.POSITIVE_INFINITY);
  if (files === 0) return;
  const all = (await sinkFiles(outputs, 'silver')).length;
  throw new ProductError('VERIFY_DIFFERENCE', {
    message: `${join(checkpoints, table)} has not read ${files} of the ${all} files of silver.`,
    hint: 'The application ended before gold had read silver; nothing was measured.',
  });
}

function endOffsets(path: string): Record<string, number> {
  const last = readFileSync(path, 'utf8').trim().split('\n').at(-1) ?? '{}';
  const [byPartition = {}] = Object.values(JSON.parse(last) as Record<string, Record<string, number>>);
  return Object.fromEntries(Object.entries(byPartition).sort(([a], [b]) => Number(a) - Number(b)));
}
