import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Snapshot } from '../../dashboard/model/snapshot.ts';
import { chromiumPath, launchChromium } from '../support/chromium.ts';
import { query } from '../support/query.ts';
import type { Status } from '../support/status-document.ts';
import { TestStack } from '../support/test-stack.ts';
import { until } from '../support/until.ts';

/** A finite topic, so that every number is known. */
const RECORDS = 600;

let stack: TestStack;
let address: string;

beforeAll(async () => {
  stack = await TestStack.create({
    ...{ TRIGGER_INTERVAL: '1 second', MSGS_PER_SEC: '200', MAX_RECORDS: String(RECORDS) },
    ...{ MALFORMED_RATE: '0.1', SEED: 'dashboard', MAX_FILES_PER_SINK: '0' },
  });
  const up = await stack.run('up');
  expect(up.stderr + up.stdout).toContain('Ready after');
  address = `http://localhost:${stack.ports.DASHBOARD_PORT}`;
  expect(up.stderr + up.stdout).toContain(address);
});
afterAll(() => stack.discard());

const snapshot = async (): Promise<Snapshot> =>
  (await (await fetch(`${address}/api/snapshot`)).json()) as Snapshot;

/** Waits until every record is committed. */
async function drained(): Promise<Snapshot> {
  let last = await snapshot();
  return until(
    () => `lag ${last.topic.lag}, rows ${JSON.stringify(last.outputs.sinks)}`,
    60_000,
    async () => {
      last = await snapshot();
      const bronze = last.outputs.sinks.find(({ name }) => name === 'bronze');
      return last.topic.lag === 0 && bronze?.rows === RECORDS ? last : undefined;
    },
  );
}

const count = async (sink: string): Promise<number> => {
  const [row] = await query(
    `select count(*)::int as rows from read_parquet('${stack.outputPath}/${sink}/*.parquet')`,
  );
  return Number(row?.['rows']);
};

describe('the dashboard of a stack', () => {
  it('shows what the topic, the files and `status` have', async () => {
    const shown = await drained();
    const rows = Object.fromEntries(shown.outputs.sinks.map(({ name, rows }) => [name, rows]));
    expect(rows).toMatchObject({
      bronze: await count('bronze'),
      silver: await count('silver'),
      quarantine: await count('quarantine'),
    });
    expect(Object.values(shown.rejected).reduce((sum, each) => sum + each, 0)).toBe(rows['quarantine']);
    expect(shown.topic.partitions.reduce((sum, { end, begin }) => sum + end - begin, 0)).toBe(RECORDS);
    const status = await stack.json<Status>('status');
    expect(shown.ready).toBe(true);
    expect(shown.services.map(({ name, state, pid, restarts }) => [name, state, pid, restarts])).toEqual(
      status.services.map(({ name, state, pid, restarts }) => [name, state, pid, restarts]),
    );
    expect(shown.urls).toEqual(status.urls);
    expect(shown.stream.batch).toBe(status.stream.batch);
  });

  it('has metrics of the same values', async () => {
    const text = await (await fetch(`${address}/metrics`)).text();
    expect(text).toContain(`medallion_rows_total{output="bronze"} ${RECORDS}\n`);
    expect(text).toContain('medallion_service_ready{service="kafka"} 1\n');
  });

  it('shows the newest rows of an output', async () => {
    const { rows } = (await (await fetch(`${address}/api/rows/quarantine`)).json()) as { rows: object[] };
    expect(rows).toHaveLength(20);
    expect(Object.keys(rows[0] ?? {})).toContain('reason');
  });

  it('keeps what the job reports next to the checkpoints', () => {
    const lines = readFileSync(join(stack.outputPath, '_chk', '_progress.jsonl'), 'utf8')
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line)).every(({ query: name }) => typeof name === 'string')).toBe(
      true,
    );
  });

  it('costs little memory', async () => {
    const { services } = await stack.json<Status>('status');
    const { pid } = services.find(({ name }) => name === 'dashboard') ?? {};
    const kib = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    expect(kib / 1024).toBeLessThan(120);
  });
});

describe.runIf(chromiumPath !== undefined)('the page of the dashboard (not tried: no Chromium)', () => {
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];
  const requested: string[] = [];
  beforeAll(async () => {
    browser = await launchChromium();
    page = await browser.newPage();
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    page.on('request', (request) => requested.push(request.url()));
    await page.goto(address);
  });
  afterAll(() => browser.close());

  it('shows every panel with the true numbers', async () => {
    const shown = await drained();
    await expect.poll(() => page.locator('[data-value=lag]').textContent()).toBe('0');
    for (const { name, rows } of shown.outputs.sinks) {
      const cell = page.locator(`[data-rows="${name}"] td`).first();
      await expect.poll(() => cell.textContent()).toBe(rows.toLocaleString('en-US'));
    }
    expect(await page.locator('h2').allTextContents()).toEqual([
      ...['Pipeline', 'Verdict', 'Records per second', 'Lag by partition', 'Duration of micro-batches'],
      ...[
        'Watermark behind the clock',
        'Gold',
        'Rejected records',
        'Outputs',
        'Newest rows',
        'Services',
        'What happened',
      ],
    ]);
    expect(await page.locator('canvas').count()).toBe(4);
  });

  it('has no error, and asks only its own server', () => {
    expect(errors).toEqual([]);
    expect(new Set(requested.map((url) => new URL(url).origin))).toEqual(new Set([address]));
  });

  it('fits a phone', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(360);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it('shows a service that was killed, and that it was started again', async () => {
    const { services } = await stack.json<Status>('status');
    process.kill(services.find(({ name }) => name === 'producer')?.pid ?? 0, 'SIGKILL');
    await expect.poll(() => page.locator('#happened + ol').textContent()).toContain('producer was restarted');
  });

  it('says that the connection is lost when the stack is down, and what to do', async () => {
    expect((await stack.run('down')).code).toBe(0);
    await expect
      .poll(() => page.locator('.banner.failed').first().textContent())
      .toContain('connection to the dashboard is lost');
  });
});
