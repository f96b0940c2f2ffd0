import { mkdtempSync, rmSync } from 'node:fs';
import { get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readConfig } from '../../dashboard/config.ts';
import { HistoryFile } from '../../dashboard/history-file.ts';
import { EventStream } from '../../dashboard/server/event-stream.ts';
import { httpServer } from '../../dashboard/server/http-server.ts';
import { pageFiles } from '../../dashboard/server/page-files.ts';
import { type Sources, StackObserver } from '../../dashboard/stack-observer.ts';
import { Verification } from '../../dashboard/verification.ts';
import type { IngestProgress } from '../../orchestrator/lake/progress/progress.ts';
import { chromiumPath } from '../support/chromium.ts';
import { collectGarbage } from '../support/collect-garbage.ts';
import { BrowserPage } from '../support/dashboard-page.ts';
import { projectDir } from '../support/project.ts';
import { until } from '../support/until.ts';

/** A day in seconds; the page follows all of it. */
const DAY = 86_400;
const HOUR = 3600;
const CLIENTS = 20;
const MIB = 1024 * 1024;

/** A stack with many partitions, in which a record comes and a micro-batch is committed every second. */
class BusyStack implements Sources {
  second = 0;

  async topic() {
    return Array.from({ length: 32 }, (_, partition) => ({ partition, begin: 0, end: this.second }));
  }

  async outputs() {
    const end = new Map(Array.from({ length: 32 }, (_, partition) => [partition, this.second - 1] as const));
    const committed = { batch: this.second, end, plannedAtMs: Date.now() };
    return { committed, start: new Map<number, number>(), runningBatch: undefined, files: new Map() };
  }

  async progress() {
    const batch: IngestProgress = {
      ...{ query: 'ingest', batch: this.second, at: new Date().toISOString(), lag: 32 },
      rows: { bronze: 32, silver: 31, quarantine: 1, raw_csv: 31 },
      rejected: { [`reason_${this.second % 1000}`]: 1 },
      unmet: {},
      ms: { latestOffset: 5, queryPlanning: 8, walCommit: 20, addBatch: 700, commitOffsets: 20, total: 760 },
    };
    return { isThere: true, isFresh: false, batches: [batch] };
  }

  async services() {
    const log = Array.from({ length: 12 }, (_, at) => `line ${this.second + at} ${'x'.repeat(200)}`);
    const known = { placement: 'process', restarts: 0, since: new Date(0).toISOString(), log } as const;
    const state = this.second % HOUR === 0 ? 'failed' : 'ready';
    return ['zookeeper', 'kafka', 'spark-master', 'spark-worker', 'spark-streaming', 'producer'].map(
      (name) => ({ name, state, detail: `at ${this.second}`, ...known }) as const,
    );
  }

  async spark() {
    return { id: 'app-1', executors: 1, cores: 2 };
  }
}

describe('the dashboard over a day', () => {
  const stack = new BusyStack();
  let folder: string;
  let server: Server;
  let events: EventStream;
  let observer: StackObserver;
  let address: string;
  const clients: { destroy(): void; readonly received: () => number }[] = [];
  let browser: BrowserPage | undefined;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'dashboard-day-'));
    events = new EventStream({
      ...{ epoch: 'day', mostClients: 64, snapshot: () => JSON.stringify(observer.snapshot()) },
    });
    const verification = new Verification({
      ...{ ask: () => Promise.reject(new Error('nothing is verified')), close: () => {} },
    });
    vi.useFakeTimers({ now: Date.parse('2026-11-26T00:00:00Z'), toFake: ['Date', 'performance'] });
    observer = new StackObserver(readConfig({ TRIGGER_INTERVAL: '1 second' }), stack, {
      ...{ history: new HistoryFile(folder), sink: events, verification },
    });
    server = httpServer({
      ...{ snapshot: () => observer.snapshot(), events },
      ...{ files: pageFiles(join(projectDir, 'dashboard', 'page')), verify: () => false, take: () => {} },
      ask: () => Promise.reject(new Error('no rows are read')),
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    address = `http://localhost:${port}`;
    await pass(10);
    for (let at = 0; at < CLIENTS; at++) clients.push(await client(port));
    if (chromiumPath !== undefined) browser = await BrowserPage.open(address);
  });
  afterAll(async () => {
    await browser?.close();
    for (const each of clients) each.destroy();
    events.close();
    server.closeAllConnections();
    server.close();
    vi.useRealTimers();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Lets seconds pass, as fast as the clients read. */
  async function pass(seconds: number): Promise<void> {
    for (let at = 0; at < seconds; at++) {
      stack.second++;
      vi.advanceTimersByTime(1000);
      await observer.observe();
      if (at % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (at % 200 === 0) await caughtUp();
    }
    await caughtUp();
  }

  /** Waits until the page has the newest second; otherwise it would measure a queue. */
  async function caughtUp(): Promise<void> {
    if (!browser) return;
    const { page } = browser;
    await until(
      () => 'the page does not follow',
      60_000,
      async () => {
        const text = await page.locator('[data-rows=bronze] td').first().textContent();
        return text === (32 * stack.second).toLocaleString('en-US') ? true : undefined;
      },
    );
  }

  async function client(port: number) {
    let bytes = 0;
    const asked = get({
      host: '127.0.0.1',
      port,
      path: '/api/stream',
      headers: { host: `localhost:${port}` },
    });
    asked.on('response', (answer) => {
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
    });
    asked.on('error', () => {});
    await new Promise((resolve) => asked.on('response', resolve));
    return { destroy: () => asked.destroy(), received: () => bytes };
  }

  const heapOfServer = async (): Promise<number> => {
    await collectGarbage();
    return process.memoryUsage().heapUsed / MIB;
  };
  const heapOfPage = async (): Promise<number> => {
    if (!browser) return 0;
    const session = await browser.page.context().newCDPSession(browser.page);
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = (await session.send('Runtime.getHeapUsage')) as { readonly usedSize: number };
    await session.detach();
    return usedSize / MIB;
  };

  it('has a flat memory in the server and in the page, with 20 clients', { timeout: 3_600_000 }, async () => {
    // After nine hours both tiers of the series are full.
    await pass(9 * HOUR);
    const [server9, page9] = [await heapOfServer(), await heapOfPage()];
    const received = clients.map((each) => each.received());
    await pass(DAY - 9 * HOUR);
    const [server24, page24] = [await heapOfServer(), await heapOfPage()];
    process.stdout.write(
      `heap after 9 and 24 hours, MiB: server ${server9.toFixed(1)}, ${server24.toFixed(1)}; ` +
        `page ${page9.toFixed(1)}, ${page24.toFixed(1)}\n`,
    );
    expect(server24 - server9).toBeLessThan(3);
    expect(page24 - page9).toBeLessThan(3);
    for (const [at, each] of clients.entries()) {
      expect(each.received()).toBeGreaterThan((received[at] ?? 0) + MIB);
    }
    expect(browser?.errors ?? []).toEqual([]);
  });

  it('has a snapshot below 300 kB, made in less than 50 ms', async () => {
    const started = process.hrtime.bigint();
    const bytes = Buffer.byteLength(JSON.stringify(observer.snapshot()));
    const ms = Number(process.hrtime.bigint() - started) / 1e6;
    process.stdout.write(`snapshot: ${bytes} bytes in ${ms.toFixed(1)} ms\n`);
    expect(bytes).toBeLessThan(300_000);
    expect(ms).toBeLessThan(50);
  });
});
