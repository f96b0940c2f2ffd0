import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../tests/support/free-ports.ts';
import { projectDir } from '../../tests/support/project.ts';
import { snapshotWith } from '../../tests/support/snapshots.ts';
import { until } from '../../tests/support/until.ts';
import { EventStream } from '../server/event-stream.ts';
import { httpServer } from '../server/http-server.ts';
import { GRAFANA_DOCUMENT } from './metric-documents.ts';
import { METRICS } from './metrics.ts';
import { metricsText } from './metrics-text.ts';

// Prometheus reads what `/metrics` has. Where it is not installed, this is skipped, unless
// REQUIRE_PROMETHEUS=1 demands it.
const isInstalled = spawnSync('prometheus', ['--version']).status === 0;
if (!isInstalled && process.env['REQUIRE_PROMETHEUS'] === '1') {
  throw new Error('REQUIRE_PROMETHEUS=1, but there is no program prometheus');
}

/** A snapshot in which every metric has a value, and labels have what text may have. */
const SNAPSHOT = snapshotWith({
  rejected: { 'a "quoted"\n\\reason 😀': 3 },
  unmet: { has_city: 2 },
  topic: { ...snapshotWith().topic, clearSeconds: 4 },
  verify: {
    ...{ runningSince: null, progress: null },
    last: {
      ...{ at: '2026-11-26T17:00:00.000Z', by: 'page', error: null },
      outcome: { equal: true, deep: false, committedBatch: 12, lag: 3, differenceCount: 0, text: '' },
    },
  },
});

describe.runIf(isInstalled)('metrics, by Prometheus (not tried: it is not installed)', () => {
  it('pass promtool', () => {
    const text = metricsText(SNAPSHOT, { clients: 1, residentBytes: 1e8 });
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: text,
      encoding: 'utf8',
    });
    expect([status, stdout, stderr]).toEqual([0, '', '']);
  });

  describe('scraped by a server', () => {
    let folder: string;
    let prometheus: ChildProcess;
    let address: string;
    let server: Server;
    let events: EventStream;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
      events = new EventStream({ epoch: 'e', mostClients: 1, snapshot: () => '{}' });
      const unused = () => {
        throw new Error('only metrics are asked for');
      };
      server = httpServer({
        ...{ snapshot: () => SNAPSHOT, events, files: new Map(), ask: unused, verify: unused, take: unused },
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const [own = 0] = await freePorts(1);
      // The example of the document, for this port.
      const [, example = ''] =
        /```yaml\n([\s\S]*?)```/.exec(readFileSync(join(projectDir, 'docs', 'dashboard.md'), 'utf8')) ?? [];
      const config = `global: { scrape_interval: 1s }\n${example.replace('localhost:5080', `localhost:${port}`)}`;
      writeFileSync(join(folder, 'prometheus.yml'), config);
      address = `http://127.0.0.1:${own}`;
      prometheus = spawn(
        'prometheus',
        [
          ...['--config.file=prometheus.yml', '--storage.tsdb.path=data'],
          `--web.listen-address=127.0.0.1:${own}`,
        ],
        { cwd: folder, stdio: 'ignore' },
      );
      // A rate needs two values.
      await until(
        () => 'it has not scraped twice',
        30_000,
        async () => {
          const found = await ask('count_over_time(up[1m])').catch(() => []);
          return Number(found[0]?.value[1]) >= 2 ? true : undefined;
        },
      );
    });
    afterAll(async () => {
      prometheus?.kill('SIGKILL');
      events.close();
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    });

    interface Found {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [number, string];
    }

    async function ask(query: string): Promise<readonly Found[]> {
      const answer = await fetch(`${address}/api/v1/query?query=${encodeURIComponent(query)}`);
      const body = (await answer.json()) as {
        readonly status: string;
        readonly error?: string;
        readonly data?: { readonly result: readonly Found[] };
      };
      if (body.status !== 'success') throw new Error(`${query}: ${body.error}`);
      return body.data?.result ?? [];
    }

    it('have their values and labels', async () => {
      expect(await ask('medallion_lag_records')).toMatchObject([
        { metric: { topic: 'transactions', partition: '0' }, value: [expect.any(Number), '10'] },
      ]);
      expect(await ask('medallion_rejected_records_total')).toMatchObject([
        { metric: { reason: 'a "quoted"\n\\reason 😀' } },
      ]);
    });

    it('have a value for each query of the dashboard for Grafana', async () => {
      const document = JSON.parse(readFileSync(join(projectDir, GRAFANA_DOCUMENT), 'utf8')) as {
        readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
      };
      const queries = document.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
      expect(queries).toHaveLength(METRICS.length);
      for (const query of queries) expect(await ask(query), query).not.toEqual([]);
    });
  });
});
