import { expect } from 'vitest';
import type { TestStack } from './test-stack.ts';

/** The part of `chaos --json` that tests read. */
export interface ChaosResult {
  readonly verdict: string;
  readonly seed: number;
  readonly runtime: string;
  readonly totals: Readonly<Record<string, number>>;
  readonly faults: readonly {
    readonly number: number;
    readonly kind: string;
    readonly description: string;
    readonly recoveryMs: number | null;
    readonly skipped: string | null;
    readonly verified: { readonly equal: boolean; readonly records: number } | null;
  }[];
}

const DAMAGE = { missing: 0, doubled: 0, wrong: 0 };

/** Runs `chaos` on a running stack. It must end with exit code 0. */
export async function chaosOf(stack: TestStack, args: readonly string[]): Promise<ChaosResult> {
  const { code, stdout, stderr } = await stack.run('chaos', ['--json', ...args]);
  expect(stdout.trim(), stderr).not.toBe('');
  const result = JSON.parse(stdout) as ChaosResult;
  expect(code, JSON.stringify(result, null, 2)).toBe(0);
  return result;
}

/** Every fault was injected and reverted, new data came after it, and nothing was damaged. */
export function expectUndamaged(result: ChaosResult, made: number): void {
  expect(result).toMatchObject({ verdict: 'equal', totals: { made, skipped: 0, ...DAMAGE } });
  let records = 0;
  for (const { description, recoveryMs, verified } of result.faults) {
    expect(recoveryMs, description).toBeGreaterThan(0);
    expect(verified?.equal, description).toBe(true);
    expect(verified?.records, description).toBeGreaterThan(records);
    records = verified?.records ?? 0;
  }
}
