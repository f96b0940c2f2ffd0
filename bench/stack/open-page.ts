import { statSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Change } from '../../dashboard/model/snapshot.ts';
import { ProductError } from '../../orchestrator/util/product-error.ts';
import { readPage } from '../../orchestrator/util/readiness.ts';
import { BrowserPage } from '../../tests/support/dashboard-page.ts';
import { memoryBytesOf } from '../measure/process-usage.ts';
import type { BenchStack } from './bench-stack.ts';

/** What the dashboard has used while work ran. */
export interface DashboardUsage {
  /** CPU seconds of its own process for each second. */
  readonly cores: number;
  readonly memoryBytes: number;
  /** From each commit of ingest until a follower of the dashboard had it. */
  readonly shownAfterMs: readonly number[];
}

/** What a dashboard observes. */
export interface Observed {
  readonly topic: string;
  /** OUTPUT_PATH of the job. */
  readonly output: string;
}

const START_TIMEOUT_MS = 30_000;

/**
 * Runs the work while a dashboard observes it, and while its page is open in Chromium.
 * @throws ProductError GATE_TIMEOUT when the dashboard does not answer
 */
export async function withPage<T>(
  stack: BenchStack,
  { topic, output }: Observed,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly usage: DashboardUsage }> {
  const dashboard = stack.dashboard({ KAFKA_TOPIC: topic, OUTPUT_PATH: output });
  try {
    const { DASHBOARD_PORT: port } = stack.config.settings;
    await answers(port, dashboard.lines, signal);
    const browser = await BrowserPage.open(`http://localhost:${port}`);
    const follower = followCommits(port, join(output, '_chk', 'ingest', 'commits'));
    const [cpu, began] = [dashboard.cpuSeconds(), performance.now()];
    try {
      const result = await work();
      const seconds = (performance.now() - began) / 1000;
      const cores = (dashboard.cpuSeconds() - cpu) / seconds;
      const memoryBytes = memoryBytesOf([dashboard.pid]);
      return { result, usage: { cores, memoryBytes, shownAfterMs: follower.shownAfterMs } };
    } finally {
      follower.close();
      await browser.close();
    }
  } finally {
    await dashboard.stop();
  }
}

/** Follows the dashboard's events. @param commits the folder in which Spark writes a file a commit */
function followCommits(port: number, commits: string) {
  const shownAfterMs: number[] = [];
  let rest = '';
  let last = Number.NEGATIVE_INFINITY;
  const take = (event: string) => {
    const [, json] = /^event: change\n[\s\S]*?data: (.*)$/m.exec(event) ?? [];
    const batch = json && (JSON.parse(json) as Change).outputs?.committedBatch;
    if (typeof batch !== 'number' || batch <= last) return;
    last = batch;
    const found = statSync(join(commits, String(batch)), { throwIfNoEntry: false });
    if (found) shownAfterMs.push(Date.now() - found.mtimeMs);
  };
  const asked = get({
    ...{ host: '127.0.0.1', port, path: '/api/stream', headers: { host: `localhost:${port}` } },
  });
  asked.on('response', (answer) => {
    answer.setEncoding('utf8').on('data', (chunk: string) => {
      const events = `${rest}${chunk}`.split('\n\n');
      rest = events.pop() ?? '';
      for (const event of events) take(event);
    });
    answer.on('error', () => {});
  });
  asked.on('error', () => {});
  return { shownAfterMs, close: () => asked.destroy() };
}

async function answers(port: number, lines: readonly string[], signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await isHealthy(port, signal))) {
    if (performance.now() > deadline) {
      throw new ProductError('GATE_TIMEOUT', {
        message: `The dashboard does not answer within ${START_TIMEOUT_MS / 1000} s.`,
        hint: 'Its last lines are above.',
        logTail: lines.slice(-20),
      });
    }
    await pause(100, undefined, { signal });
  }
}

const isHealthy = (port: number, signal: AbortSignal): Promise<boolean> =>
  readPage({ host: '127.0.0.1', port }, '/healthz', signal).then(
    () => true,
    () => false,
  );
