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

/**
 * Verifies until at least `records` records are in bronze, and returns that report; a difference on
 * the way fails.
 */
export async function verifiedUpTo(
  stack: TestStack,
  records: number,
  timeoutMs = 120_000,
): Promise<VerifyResult> {
  let last: VerifyResult | undefined;
  return until(
    () => `${records} records are not in bronze: ${JSON.stringify(last)}`,
    timeoutMs,
    async () => {
      last = await verify(stack);
      if (!last.equal) throw new Error(`verify found differences: ${JSON.stringify(last, null, 2)}`);
      return (last.counts['bronze'] ?? 0) >= records ? last : undefined;
    },
  );
}
