import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SINK_NAMES } from '../../orchestrator/lake/sinks.ts';
import { TestStack } from '../support/test-stack.ts';
import { until } from '../support/until.ts';
import { verifiedUpTo } from '../support/verify.ts';

const KEPT = 3;
let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.started({ MSGS_PER_SEC: '50', MAX_FILES_PER_SINK: `${KEPT}` });
});
afterAll(() => stack?.discard());

/** Batch ids of bronze, ascending, and how many of its files have a name of 2099. */
function bronze() {
  const names = readdirSync(join(stack.outputPath, 'bronze'));
  const batches = names.map((name) => Number(/_(\d+)\.parquet$/.exec(name)?.[1])).toSorted((a, b) => a - b);
  return { batches, ahead: names.filter((name) => name.includes('_2099')).length };
}

it('the newest micro-batches are kept when older ones have names of a clock that was ahead', async () => {
  await until(
    () => `${KEPT} files of bronze: ${JSON.stringify(bronze())}`,
    60_000,
    async () => bronze().batches.length === KEPT || undefined,
  );
  expect(await stack.run('down')).toMatchObject({ code: 0 });
  // Gold knows the files of silver by their names.
  const folders = SINK_NAMES.filter((sink) => sink !== 'silver')
    .map((sink) => join(stack.outputPath, sink))
    .filter((folder) => existsSync(folder));
  for (const folder of folders) {
    for (const name of readdirSync(folder)) {
      renameSync(join(folder, name), join(folder, name.replace(/_\d{8}_/, '_20990101_')));
    }
  }
  const before = Math.max(...bronze().batches);
  expect(bronze().ahead).toBe(KEPT);
  const up = await stack.run('up');
  expect(up.stderr + up.stdout).toContain('Ready after');
  await until(
    () => `only files of the new clock: ${JSON.stringify(bronze())}`,
    60_000,
    async () => bronze().ahead === 0 || undefined,
  );
  // The job may be between writing a file and pruning.
  const { batches } = bronze();
  expect(batches.length).toBeGreaterThanOrEqual(KEPT);
  expect(batches.length).toBeLessThanOrEqual(KEPT + 1);
  expect(batches[0]).toBeGreaterThan(before);
  await verifiedUpTo(stack, 1);
});
