import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { loadPipeline } from '../../orchestrator/pipeline/load-pipeline.ts';
import type { Pipeline } from '../../orchestrator/pipeline/model.ts';
import { projectDir } from './project.ts';
import type { TestStack } from './test-stack.ts';
import { until } from './until.ts';
import { type VerifyResult, verifiedUpTo, verify } from './verify.ts';

/** The pipelines that ship as examples, besides the default one. */
export const EXAMPLES = ['clickstream', 'iot', 'orders'] as const;

export const exampleOf = (name: (typeof EXAMPLES)[number]): Pipeline => loadPipeline(name, projectDir);

/** Settings for records with faults that are the same in every run. */
export const reproducible = (name: string, records: number): Readonly<Record<string, string>> => ({
  ...{ PIPELINE: name, KAFKA_TOPIC: name, SCENARIO: 'messy', SEED: '7', MAX_RECORDS: String(records) },
  ...{ MSGS_PER_SEC: '0', EVENT_START: '2026-01-01T00:00:00Z', MAX_FILES_PER_SINK: '0' },
});

interface KeyReport extends VerifyResult {
  readonly deep: {
    readonly records: number;
    readonly equalRows: Readonly<Record<string, number>>;
    readonly reasons: Readonly<Record<string, number>>;
  } | null;
  readonly gold: { readonly tables: readonly { readonly name: string; readonly equalWindows: number }[] };
  readonly answerKey: {
    readonly lines: number;
    readonly unplaced: number;
    readonly faults: readonly { readonly fault: string; readonly expected: number; readonly found: number }[];
  } | null;
}

/**
 * Waits until all records are processed and every gold table has windows, and compares every value,
 * and every line of the answer key.
 */
export async function verifiedWithKey(stack: TestStack, records: number): Promise<KeyReport> {
  await verifiedUpTo(stack, records, { timeoutMs: 300_000 });
  // Windows that an event closes are written by the micro-batch after the one that has read it.
  await until(
    () => 'a gold table has no closed window',
    300_000,
    async () => {
      const { gold } = (await verify(stack)) as KeyReport;
      return gold.tables.every(({ equalWindows }) => equalWindows > 0) || undefined;
    },
  );
  const { code, stdout, stderr } = await stack.run('verify', ['--json', '--wait', '--deep', '--answer-key']);
  const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as KeyReport;
  expect(report, stderr).toMatchObject({ equal: true, differences: [], lag: 0, deep: { records } });
  expect(code).toBe(0);
  const lines = readFileSync(join(stack.folder, 'output', 'answer-key.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
  expect(report.answerKey).toMatchObject({ lines: lines.length, unplaced: 0 });
  const faults = report.answerKey?.faults ?? [];
  for (const { fault, expected, found } of faults) expect([fault, found]).toEqual([fault, expected]);
  expect(faults.reduce((sum, { found }) => sum + found, 0)).toBe(lines.length);
  return report;
}
