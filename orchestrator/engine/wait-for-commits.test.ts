import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PlantedOutputs } from '../../tests/support/planted-outputs.ts';
import type { ServiceExit, ServiceObservation } from '../runtimes/runtime.ts';
import { pause } from '../util/wait.ts';
import { type CommitWait, waitForCommits } from './wait-for-commits.ts';

let outputs: PlantedOutputs;

beforeEach(async () => {
  outputs = await PlantedOutputs.create();
  await outputs.start({ 0: 0, 1: 5 });
});
afterEach(() => outputs.remove());

const observation: ServiceObservation = {
  name: 'spark-streaming',
  state: 'running',
  restarts: 0,
  since: '2026-01-01T00:00:00Z',
  detail: 'running',
  recentLines: Array.from({ length: 30 }, (_, line) => `line ${line}`),
};

/** Two partitions that end at 10 and 7. The job runs until the test ends it. */
function wait(more: Partial<CommitWait> = {}, exit?: ServiceExit) {
  const details: string[] = [];
  const done = waitForCommits({
    runtime: {
      outputPath: outputs.path,
      observe: async () => [observation],
      async *subscribe(signal) {
        yield [{ ...observation, ...exit }];
        await pause(60_000, signal);
      },
    },
    target: {
      name: 'transactions',
      partitions: [
        { partition: 0, beginOffset: 0n, endOffset: 10n, logEndOffset: 10n },
        { partition: 1, beginOffset: 0n, endOffset: 7n, logEndOffset: 7n },
      ],
    },
    tables: ['gold'],
    triggerIntervalMs: 0,
    timeoutMs: 60_000,
    signal: new AbortController().signal,
    onDetail: (detail) => details.push(detail),
    ...more,
  });
  return { done, details };
}

const GONE: ServiceExit = { name: 'spark-streaming', state: 'stopped', detail: 'never started' };

test('it is over when what the topic held at the beginning is committed in every partition', async () => {
  const { done, details } = wait();
  await outputs.commit(0, { 0: 10, 1: 6 });
  await expect
    .poll(() => details, { timeout: 10_000 })
    .toContain('1 records to go, micro-batch 0 is committed');
  await outputs.commit(1, { 0: 12, 1: 9 });
  expect(await done).toBe('all records are committed, micro-batch 1 was the last');
});

test('when all is committed the job need not run', async () => {
  await outputs.commit(0, { 0: 10, 1: 7 });
  expect(await wait({}, GONE).done).toContain('all records are committed');
});

test('gold is waited for until it has read all of silver that was there when all records were committed', async () => {
  for (const batch of [0, 1, 2]) await outputs.write(`silver/silver_20250102_030405_${batch}.parquet`, '');
  await outputs.commit(1, { 0: 10, 1: 7 });
  await outputs.goldBatch(0, 0, [0]);
  await outputs.planGold(1, 0, [1]);
  const { done, details } = wait();
  await expect
    .poll(() => details, { timeout: 10_000 })
    .toContain(
      'all records are committed; gold has 1 file of silver to go, micro-batch 0 of it is committed',
    );
  // Silver of a later micro-batch is not waited for.
  await outputs.commit(2, { 0: 20, 1: 20 });
  await outputs.write('_chk/gold/commits/1', 'v1\n{}');
  expect(await done).toBe('all records are committed, micro-batch 1 was the last');
});

test('a job that does not run is named, with how to start it and its last lines', async () => {
  await outputs.commit(0, { 0: 10, 1: 6 });
  await expect(wait({}, GONE).done).rejects.toMatchObject({
    code: 'SERVICE_EXITED',
    message: expect.stringMatching(/never started.*1 records to go/),
    hint: expect.stringContaining('npm run up'),
    service: 'spark-streaming',
    logTail: observation.recentLines.slice(-20),
  });
});

test('a job that makes no progress is named, sooner when no micro-batch runs', async () => {
  await outputs.commit(0, { 0: 10, 1: 6 });
  const patience = { atWorkMs: 60_000, idleMs: 300 };
  await expect(wait({ patience }).done).rejects.toMatchObject({
    code: 'GATE_TIMEOUT',
    message: expect.stringMatching(/no progress for .*: 1 records to go, micro-batch 0 is committed/),
  });
  await outputs.plan(1, { 0: 10, 1: 7 });
  await expect(wait({ patience, timeoutMs: 2000 }).done).rejects.toMatchObject({
    code: 'GATE_TIMEOUT',
    message: expect.stringContaining('not ready after 2 s'),
  });
  await expect(wait({ patience: { atWorkMs: 300, idleMs: 300 } }).done).rejects.toMatchObject({
    message: expect.stringContaining('no progress'),
  });
});

test('the deadline ends it with what was seen last', async () => {
  await rm(`${outputs.path}/_chk/ingest`, { recursive: true });
  await expect(wait({ timeoutMs: 500 }).done).rejects.toMatchObject({
    code: 'GATE_TIMEOUT',
    message: expect.stringContaining('17 records to go, no micro-batch is committed'),
  });
});

test('an abort ends it with its reason', async () => {
  const abort = new AbortController();
  const reason = new Error('stop');
  const { done } = wait({ signal: abort.signal });
  abort.abort(reason);
  await expect(done).rejects.toBe(reason);
});

test('outputs of another topic are left to the comparison', async () => {
  await outputs.start({ 0: 0 }, 'other');
  expect(await wait({}, GONE).done).toBe('the outputs are of topic other');
});
