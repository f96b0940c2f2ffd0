import { readCheckpoint } from '../../orchestrator/lake/checkpoint.ts';
import type { TestStack } from './test-stack.ts';
import { until } from './until.ts';

/** The part of `verify --json` that tests read. */
export interface VerifyResult {
  readonly equal: boolean;
  readonly partitions: readonly { readonly partition: number; readonly end: number; readonly lag: number }[];
  readonly counts: Readonly<Record<string, number>>;
  readonly lag: number;
  readonly differences: readonly unknown[];
  readonly differenceCount: number;
}

/** Runs `verify`; a difference is a result here, not an error. */
export async function verify(stack: TestStack): Promise<VerifyResult> {
  const { code, stdout, stderr } = await stack.run('verify', ['--json']);
  if (code !== 0 && code !== 5) throw new Error(`verify ended with ${code}: ${stderr}${stdout}`);
  return JSON.parse(stdout) as VerifyResult;
}

/** How many records the job has committed, by its checkpoint. */
async function committedRecords(outputPath: string): Promise<number> {
  const { start, committed } = await readCheckpoint(outputPath);
  if (start === undefined || committed === undefined) return 0;
  return [...committed.end].reduce((sum, [partition, end]) => sum + end - (start.get(partition) ?? 0), 0);
}

/**
 * Waits until at least `records` records are in bronze, verifies, and returns that report; a
 * difference fails. The checkpoint is read until it is worth asking the command, which takes a core.
 */
export async function verifiedUpTo(
  stack: TestStack,
  records: number,
  { timeoutMs = 120_000, outputPath = stack.outputPath } = {},
): Promise<VerifyResult> {
  let last: VerifyResult | undefined;
  return until(
    () => `${records} records are not in bronze: ${JSON.stringify(last)}`,
    timeoutMs,
    async () => {
      if ((await committedRecords(outputPath)) < records) return undefined;
      last = await verify(stack);
      if (!last.equal) throw new Error(`verify found differences: ${JSON.stringify(last, null, 2)}`);
      return (last.counts['bronze'] ?? 0) >= records ? last : undefined;
    },
  );
}
