import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ShownGroups, ShownTable } from '../../dashboard/reader/questions.ts';
import { chromiumPath } from '../support/chromium.ts';
import { BrowserPage, DashboardClient } from '../support/dashboard-page.ts';
import { query } from '../support/query.ts';
import type { Status } from '../support/status-document.ts';
import { TestStack } from '../support/test-stack.ts';
import { until } from '../support/until.ts';
import { verify } from '../support/verify.ts';

/** A finite topic, so that every number is known. */
const PRODUCED = 600;

/** Values that would do harm where they are not shown as text. */
const HOSTILE = `<img src=x onerror=alert(1)> ‮gnp "'\`; DROP TABLE silver -- 😀`;

/** Sent from a file: an event much later, which closes the windows before it, and what is rejected. */
const SENT = [
  { txn_id: 'late-1', card_id: HOSTILE, event_ts: later(10), amount: 1.5, city: HOSTILE },
  { txn_id: 'late-2', card_id: 'card-2', event_ts: later(30), amount: 2 },
  { txn_id: HOSTILE, card_id: 'card-3', event_ts: HOSTILE, amount: 3 },
  { txn_id: 'long', card_id: 'card-4', event_ts: later(0), amount: 'x'.repeat(900_000) },
];
const RECORDS = PRODUCED + SENT.length;

function later(minutes: number): string {
  return new Date(Date.now() + minutes * 60_000).toISOString();
}

let stack: TestStack;
let dashboard: DashboardClient;

beforeAll(async () => {
  stack = await TestStack.create({
    ...{ TRIGGER_INTERVAL: '1 second', MSGS_PER_SEC: '200', MAX_RECORDS: String(PRODUCED) },
    ...{ MALFORMED_RATE: '0.1', SEED: '7', MAX_FILES_PER_SINK: '0' },
  });
  const up = await stack.run('up');
  expect(up.stderr + up.stdout).toContain('Ready after');
  dashboard = new DashboardClient(stack.ports.DASHBOARD_PORT);
  expect(up.stderr + up.stdout).toContain(dashboard.address);
  await dashboard.drained(PRODUCED);
  const events = join(stack.folder, 'events.jsonl');
  writeFileSync(events, SENT.map((event) => `${JSON.stringify(event)}\n`).join(''));
  const sent = await stack.npm(['produce', '--', '--in', events]);
  expect(sent.stdout + sent.stderr).toContain(`${SENT.length}`);
  await dashboard.drained(RECORDS);
});
afterAll(() => stack?.discard());

const parquet = (sink: string): string => `read_parquet('${stack.outputPath}/${sink}/*.parquet')`;

const count = async (sink: string): Promise<number> =>
  Number((await query(`select count(*)::int as rows from ${parquet(sink)}`))[0]?.['rows']);

/** Waits until gold has the windows that the late event has closed. */
const goldRows = (): Promise<number> =>
  until(
    () => 'no window is closed',
    60_000,
    async () => {
      const table = (await dashboard.snapshot()).outputs.sinks.find(({ name }) => name === 'gold');
      return table && table.rows > 0 ? table.rows : undefined;
    },
  );

describe('the dashboard of a stack', () => {
  it('shows what the topic, the files, `status` and `verify` have', async () => {
    const goldShown = await goldRows();
    const shown = await dashboard.snapshot();
    const rows = Object.fromEntries(shown.outputs.sinks.map(({ name, rows }) => [name, rows]));
    const report = await verify(stack);
    expect(report.equal).toBe(true);
    expect(rows).toEqual(report.counts);
    expect(rows['bronze']).toBe(await count('bronze'));
    expect(goldShown).toBe(await count('gold'));
    expect(Object.values(shown.rejected).reduce((sum, each) => sum + each, 0)).toBe(rows['quarantine']);
    expect(shown.topic.partitions.map(({ partition, end, lag }) => [partition, end, lag])).toEqual(
      report.partitions.map(({ partition, end, lag }) => [partition, end, lag]),
    );
    const status = await stack.json<Status>('status');
    expect(shown.ready).toBe(true);
    expect(shown.services.map(({ name, state, pid, restarts }) => [name, state, pid, restarts])).toEqual(
      status.services.map(({ name, state, pid, restarts }) => [name, state, pid, restarts]),
    );
    expect(shown.urls).toEqual(status.urls);
    expect(shown.stream.batch).toBe(status.stream.batch);
  });

  it('knows the verification of the command, and makes its own', async () => {
    const ofCommand = (await dashboard.snapshot()).verify.last;
    expect(ofCommand).toMatchObject({ by: 'command', outcome: { equal: true, deep: false, lag: 0 } });
    const own = await dashboard.verified(true);
    expect(own).toMatchObject({ by: 'page', outcome: { equal: true, deep: true, differenceCount: 0 } });
    const { events } = await dashboard.snapshot();
    expect(events.filter(({ kind }) => kind === 'verify').map(({ text }) => text)).toEqual([
      'verify: everything equal',
      'verify of every value (this page): everything equal',
    ]);
    expect(events.map(({ text }) => text).join('\n')).toMatch(
      /the stack was started with .*MSGS_PER_SEC=200/,
    );
  });

  it('finds a difference', async () => {
    const [file] = await query(
      `select any_value(filename) as name from read_parquet('${stack.outputPath}/silver/*.parquet', filename = true)`,
    );
    const path = String(file?.['name']);
    const bytes = readFileSync(path);
    writeFileSync(path, readFileSync(join(stack.outputPath, 'quarantine', await firstFile('quarantine'))));
    const { outcome, error } = await dashboard.verified(false);
    writeFileSync(path, bytes);
    expect(outcome?.equal ?? error).not.toBe(true);
    expect((await dashboard.verified(false)).outcome?.equal).toBe(true);
  });

  const firstFile = async (sink: string): Promise<string> => {
    const [file] = await query(
      `select any_value(filename) as name from read_parquet('${stack.outputPath}/${sink}/*.parquet', filename = true)`,
    );
    return String(file?.['name']).split('/').at(-1) ?? '';
  };

  it('has metrics of the same values', async () => {
    const text = await (await fetch(`${dashboard.address}/metrics`)).text();
    expect(text).toContain(`medallion_rows_total{output="bronze"} ${RECORDS}\n`);
    expect(text).toContain('medallion_service_ready{service="kafka"} 1\n');
    expect(text).toContain('medallion_verify_equal 1\n');
  });

  it('reads rows, examples and groups as they are in the files', async () => {
    const rows = await dashboard.get<ShownTable>('/api/rows/quarantine');
    expect(rows.rows).toHaveLength(20);
    expect(rows.columns).toContain('reason');
    const examples = await dashboard.get<readonly { reason: string; offset: number }[]>('/api/rejected');
    const reasons = await query(`select distinct reason from ${parquet('quarantine')} order by reason`);
    expect(examples.map(({ reason }) => reason).toSorted()).toEqual(reasons.map(({ reason }) => reason));
    const groups = await dashboard.get<ShownGroups>('/api/gold/gold');
    const [first] = groups.groups;
    const [top] = await query(`select card_id, sum(txn_count)::int as n from ${parquet('gold')}
      group by all order by n desc, sum(sum_amount) desc nulls last, max(max_amount) desc nulls last limit 1`);
    expect(first?.values.reduce((sum, value) => sum + value, 0)).toBe(top?.['n']);
  });

  it('answers SQL about the outputs, and refuses everything else', async () => {
    const { body } = await dashboard.post('/api/sql', { sql: 'SELECT count(*) AS n FROM bronze' });
    expect(body).toEqual({ columns: ['n'], rows: [[String(RECORDS)]], hasMore: false });
    for (const sql of [
      "COPY silver TO '/tmp/stolen.csv'",
      "SELECT * FROM read_csv('/etc/passwd')",
      "FROM '/etc/passwd'",
      "ATTACH '/tmp/other.db'",
      'DROP TABLE silver',
      'SELECT 1; SELECT 2',
      "SELECT getenv('PATH')",
      'INSTALL httpfs',
      'SET lock_configuration = false',
      'SELEC',
    ]) {
      expect(await dashboard.post('/api/sql', { sql }), sql).toMatchObject({ status: 400 });
    }
    const many = (await dashboard.post('/api/sql', { sql: 'FROM range(100000)' })).body as ShownTable;
    expect([many.rows.length, many.hasMore]).toEqual([200, true]);
  });

  it('refuses another host, another page, and a path outside', async () => {
    const ask = (path: string, headers: Record<string, string>) =>
      fetch(`${dashboard.address}${path}`, { headers });
    expect((await ask('/api/snapshot', { Origin: 'http://evil.example' })).status).toBe(403);
    for (const path of [
      '/..%2f..%2fetc/passwd',
      '/panels/..%2f..%2fconfig.ts',
      '/vendor/../../package.json',
    ]) {
      expect((await ask(path, {})).status, path).toBe(404);
    }
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
  let browser: BrowserPage;
  beforeAll(async () => {
    browser = await BrowserPage.open(dashboard.address);
  });
  afterAll(() => browser?.close());

  it('shows every panel with the true numbers', async () => {
    const { page } = browser;
    await expect.poll(() => browser.text('[data-value=lag]')).toBe('0');
    for (const name of ['bronze', 'silver', 'quarantine', 'gold', 'raw_csv']) {
      const rows = name === 'raw_csv' ? await count('silver') : await count(name);
      await expect.poll(() => browser.text(`[data-rows="${name}"] td`)).toBe(rows.toLocaleString('en-US'));
    }
    expect(await page.locator('h2').allTextContents()).toEqual([
      ...['Pipeline', 'Verdict', 'Records per second', 'Lag by partition', 'Duration of micro-batches'],
      ...['Watermark behind the clock', 'Gold', 'Rejected records'],
      ...['Expectations that are false', 'Outputs', 'Query', 'Services', 'What happened'],
    ]);
    await page.locator('#gold').scrollIntoViewIfNeeded();
    await expect.poll(() => page.locator('canvas').count()).toBe(5);
  });

  it('shows examples, rows and the result of a query, hostile values as text', async () => {
    const { page } = browser;
    await page.locator('#rejected').scrollIntoViewIfNeeded();
    await expect
      .poll(() => browser.text('[data-reason=bad_event_ts]'))
      .toContain('<img src=x onerror=alert(1)>');
    await page.locator('#rows').scrollIntoViewIfNeeded();
    await expect.poll(() => browser.text('[aria-label="Newest rows of silver"]')).toContain('DROP TABLE');
    await page.locator('#sql').fill("SELECT city, amount FROM silver WHERE txn_id = 'late-1'");
    await page.getByRole('button', { name: 'Run' }).click();
    await expect.poll(() => browser.text('[aria-label="Result of the query"]')).toContain('\\u202egnp');
    expect(await page.locator('img').count()).toBe(0);
    await page.locator('#sql').fill("FROM read_text('/etc/passwd')");
    await page.getByRole('button', { name: 'Run' }).click();
    await expect.poll(() => browser.text('#query ~ p[role=status]')).toContain('is not allowed');
    expect(await page.locator('body').textContent()).not.toContain('root:');
  });

  it('runs a verification and shows its outcome', async () => {
    const before = (await dashboard.snapshot()).verify.last?.at;
    await browser.page.getByRole('button', { name: 'Verify now' }).click();
    await until(
      () => 'no verification has ended',
      60_000,
      async () => ((await dashboard.snapshot()).verify.last?.at === before ? undefined : true),
    );
    await expect.poll(() => browser.text('[data-value=verify]')).toMatch(/everything equal.*by this page/);
  });

  it('has nothing that axe objects to, in light and in dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await browser.page.emulateMedia({ colorScheme });
      expect(await browser.accessibilityProblems(), colorScheme).toEqual([]);
    }
  });

  it('has no error, and asks only its own server', () => {
    expect(browser.errors.filter((error) => !/status of 400/.test(error))).toEqual([]);
    expect(new Set(browser.requested.map((url) => new URL(url).origin))).toEqual(
      new Set([dashboard.address]),
    );
  });

  it('fits a phone', async () => {
    await browser.page.setViewportSize({ width: 360, height: 740 });
    const width = await browser.page.evaluate('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(360);
    await browser.page.setViewportSize({ width: 1280, height: 800 });
  });

  it('says that everything is rejected while it is, and why', async () => {
    const send = async (name: string, line: string) => {
      const file = join(stack.folder, name);
      writeFileSync(file, `${line}\n`.repeat(20));
      expect((await stack.npm(['produce', '--', '--in', file])).code).toBe(0);
    };
    const banner = 'Every record of the newest micro-batch was rejected, most of them as not_json_object.';
    await send('broken.txt', '{"txn_id":');
    await expect.poll(() => browser.text('main')).toContain(banner);
    await send('sound.jsonl', JSON.stringify({ ...SENT[1], event_ts: later(31) }));
    await expect.poll(() => browser.text('main')).not.toContain(banner);
  });

  it('shows that the broker does not answer, and that it does again', async () => {
    const { services } = await stack.json<Status>('status');
    const pid = services.find(({ name }) => name === 'kafka')?.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    try {
      await expect.poll(() => browser.text('main')).toContain('The topic cannot be read');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await expect.poll(() => browser.text('main')).not.toContain('The topic cannot be read');
    await expect.poll(() => browser.text('.happened')).toContain('the topic can be read again');
  });

  it('shows a service that was killed, and that it was started again', async () => {
    const { services } = await stack.json<Status>('status');
    process.kill(services.find(({ name }) => name === 'spark-worker')?.pid ?? 0, 'SIGKILL');
    await expect.poll(() => browser.text('.happened')).toContain('spark-worker was restarted');
  });

  it('connects again to a dashboard that was started again, which has the same past', async () => {
    expect((await stack.run('restart', ['dashboard'])).code).toBe(0);
    await expect.poll(() => browser.text('.happened')).toContain('the dashboard was started');
    await expect.poll(() => browser.text('main')).not.toContain('is lost');
    expect(await browser.text('.happened')).toContain('verify of every value');
    expect((await dashboard.snapshot()).verify.last?.outcome?.equal).toBe(true);
  });

  it('says that the connection is lost when the stack is down, and what to do', async () => {
    expect((await stack.run('down')).code).toBe(0);
    await expect.poll(() => browser.text('.banner.failed')).toContain('connection to the dashboard is lost');
  });
});
