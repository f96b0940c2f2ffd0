import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { servicesText } from '../../dashboard/sources/service-probe.ts';
import { TYPESCRIPT_LOADER } from '../../orchestrator/util/processes.ts';
import { readPage } from '../../orchestrator/util/readiness.ts';
import { chromiumPath } from '../support/chromium.ts';
import { BrowserPage, DashboardClient } from '../support/dashboard-page.ts';
import { freePorts } from '../support/free-ports.ts';
import { projectDir } from '../support/project.ts';
import { until } from '../support/until.ts';

/** What the page says where nothing runs and nothing was written. */
const MISSING = [
  'There are no data yet.',
  'kafka is starting: the broker has not answered yet',
  'spark-master is starting: connect ECONNREFUSED',
  'spark-streaming is starting: connect ECONNREFUSED',
  'No micro-batch is committed yet.',
  'The topic has not been read yet.',
  'silver has no rows yet.',
];

describe.runIf(chromiumPath !== undefined)(
  'the page of a stack without anything (not tried: no Chromium)',
  () => {
    let folder: string;
    let program: ChildProcess;
    let browser: BrowserPage;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'dashboard-states-'));
      const [port = 0, kafka = 0, nothing = 0] = await freePorts(3);
      const address = { host: '127.0.0.1', port: nothing };
      const url = new DashboardClient(port).address;
      program = spawn(process.execPath, [...TYPESCRIPT_LOADER, 'dashboard/main.ts'], {
        cwd: projectDir,
        env: {
          ...process.env,
          KAFKA_BOOTSTRAP_SERVERS: `127.0.0.1:${kafka}`,
          OUTPUT_PATH: join(folder, 'output'),
          DASHBOARD_LISTEN: `127.0.0.1:${port}`,
          DASHBOARD_HISTORY: folder,
          DASHBOARD_SERVICES: servicesText([
            { name: 'kafka', probe: { kind: 'topic' } },
            { name: 'spark-master', probe: { kind: 'http', address, path: '/json/' } },
            { name: 'spark-streaming', probe: { kind: 'http', address, path: '/api/v1/applications' } },
          ]),
        },
        stdio: 'inherit',
      });
      const answers = () =>
        readPage({ host: '127.0.0.1', port }, '/healthz', AbortSignal.timeout(5000)).catch(() => undefined);
      await until(() => 'the dashboard does not answer', 30_000, answers);
      browser = await BrowserPage.open(url);
    });
    afterAll(async () => {
      await browser?.close();
      program?.kill();
      rmSync(folder, { recursive: true, force: true });
    });

    it.each(MISSING)('says: %s', async (text) => {
      await expect.poll(() => browser.text('main')).toContain(text);
      expect(browser.errors).toEqual([]);
    });
  },
);
