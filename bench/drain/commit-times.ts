import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ProductError } from '../../orchestrator/core/product-error.ts';

/**
 * How long the queries of an application took, from what Spark leaves in their checkpoints, so that every side is measured by the
 * same clock: `metadata` is written when a query starts, `commits/N` when batch N is done. Starting the JVM and the session is
 * in none of it.
 * @param ends end offset of each partition, which the last commit of every query must have reached
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
    if (JSON.stringify(reached) !== JSON.stringify(expected)) {
      throw new ProductError('VERIFY_DIFFERENCE', {
        message: `${query} ends at ${JSON.stringify(reached)}, the topic at ${JSON.stringify(expected)}.`,
        hint: 'The application ended before the topic was drained; nothing was measured.',
      });
    }
    return {
      beginMs: statSync(join(query, 'metadata')).mtimeMs,
      endMs: statSync(join(query, 'commits', last)).mtimeMs,
      batches: batches.length,
    };
  });
  const beginMs = Math.min(...spans.map((span) => span.beginMs));
  const endMs = Math.max(...spans.map((span) => span.endMs));
  return { seconds: (endMs - beginMs) / 1000, batches: Math.max(...spans.map(({ batches }) => batches)) };
}

function endOffsets(path: string): Record<string, number> {
  const last = readFileSync(path, 'utf8').trim().split('\n').at(-1) ?? '{}';
  const [byPartition = {}] = Object.values(JSON.parse(last) as Record<string, Record<string, number>>);
  return Object.fromEntries(Object.entries(byPartition).sort(([a], [b]) => Number(a) - Number(b)));
}
