import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ShownTable } from '../../dashboard/reader/questions.ts';
import { SERVICE_NAMES } from '../../orchestrator/services/services.ts';
import { chromiumPath } from '../support/chromium.ts';
import { comesBackAfterKill } from '../support/compose-kill.ts';
import { ComposeStack } from '../support/compose-stack.ts';
import { BrowserPage, DashboardClient } from '../support/dashboard-page.ts';
import { parquetFiles } from '../support/parquet-files.ts';
import { processesOf } from '../support/processes-of.ts';
import { statusOf } from '../support/stack-status.ts';
import { statusDocument } from '../support/status-document.ts';
import type { CommandResult, TestStack } from '../support/test-stack.ts';
import { testingEngine } from '../support/testing-engine.ts';
import { until } from '../support/until.ts';
import { verify } from '../support/verify.ts';

const { engine, declined } = await testingEngine();
const WORKERS = 3;
const VOLUMES = ['dashboard-history', 'ivy-cache', 'kafka-data', 'zookeeper-data', 'zookeeper-log'];

/** One stack for all tests, in this order, because its start is what costs time. */
describe.skipIf(!engine)(
  `the stack through Compose${declined === undefined ? '' : ` (not tried: ${declined})`}`,
  () => {
    let compose: ComposeStack;
    let stack: TestStack;
    let first: CommandResult;
    beforeAll(async () => {
      if (!engine) throw new Error('no engine');
      compose = await ComposeStack.create(engine.docker, WORKERS, {
        SPARK_WORKER_MEMORY: '1g',
        TRIGGER_INTERVAL: '8 seconds',
        MSGS_PER_SEC: '20',
        MAX_FILES_PER_SINK: '0',
      });
      ({ stack } = compose);
      first = await stack.run('up');
    });
    afterAll(() => compose.discard());

    it('is ready with exit code 0 and data on disk, and says which runtime it is and why', () => {
      expect(first.stderr + first.stdout).toContain('Ready after');
      expect(first.code).toBe(0);
      expect(first.stderr + first.stdout).toContain('runtime compose, as RUNTIME says');
      expect(parquetFiles(stack.outputPath, 'silver')).not.toEqual([]);
    });

    it('shows every service ready with its container, and is found without the runtime as an option', async () => {
      const result = await stack.run('status', ['--json'], { RUNTIME: 'auto' });
      const status = statusDocument.parse(JSON.parse(result.stdout));
      expect(status).toMatchObject({ runtime: 'compose', ready: true });
      expect(new Set(status.services.map(({ placement }) => placement))).toEqual(new Set(['container']));
      const seen = status.services.map(({ name, state, container }) => [name, state, container]);
      const number = (name: string) => (name === 'spark-worker' ? '-1' : '');
      const expected = SERVICE_NAMES.map((name) => [
        name,
        name === 'kafka-init' ? 'completed' : 'ready',
        `${compose.project}-${name}${number(name)}`,
      ]);
      expect(seen).toEqual(expected);
    });

    it('does nothing when it is brought up again', async () => {
      const again = await stack.run('up');
      expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('Already up') });
    });

    it('runs in containers without root, rights or the engine, and with bounds', async () => {
      const containers = await compose.containers();
      expect(containers).toHaveLength(SERVICE_NAMES.length);
      for (const { Name, Config, HostConfig, Mounts } of containers) {
        expect(Config.User, Name).toMatch(/^(?!0\b|root\b)\w+/);
        expect(HostConfig.Privileged, Name).toBe(false);
        expect(HostConfig.CapDrop, Name).toEqual(['ALL']);
        expect(JSON.stringify(Mounts), Name).not.toContain('.sock');
        expect(HostConfig.Memory, Name).toBeGreaterThan(0);
      }
    });

    it('has no process of root', async () => {
      for (const { Id, Name, State } of await compose.containers()) {
        if (!State.Running || !engine) continue;
        const { Processes } = await engine.docker.getContainer(Id).top({ ps_args: '-eo pid,uid,args' });
        for (const [, uid, command] of Processes as [string, string, string][]) {
          expect(Number(uid), `${Name}: ${command}`).toBeGreaterThan(0);
        }
      }
    });

    it('publishes ports on the loopback address alone', async () => {
      const bindings = (await compose.containers()).flatMap(({ NetworkSettings }) =>
        Object.values(NetworkSettings.Ports as Record<string, { HostIp: string }[] | null>).flatMap(
          (bound) => bound ?? [],
        ),
      );
      expect(bindings).toHaveLength(Object.keys(stack.ports).length);
      expect(new Set(bindings.map(({ HostIp }) => HostIp))).toEqual(new Set(['127.0.0.1']));
    });

    it('keeps data in volumes that have names', async () => {
      const mounted = (await compose.containers()).flatMap(({ Mounts }) =>
        Mounts.filter(({ Type }) => Type === 'volume').map(({ Name }) =>
          Name?.replace(`${compose.project}_`, ''),
        ),
      );
      expect([...new Set(mounted)].toSorted()).toEqual(VOLUMES);
    });

    it('shows itself on the page of the dashboard, reads rows there, and verifies', async () => {
      const dashboard = new DashboardClient(stack.ports.DASHBOARD_PORT);
      const shown = await dashboard.snapshot();
      const status = await statusOf(stack);
      expect(shown).toMatchObject({ runtime: 'compose', ready: true, urls: status.urls });
      expect(shown.services.map(({ name, state }) => [name, state])).toEqual(
        status.services.map(({ name, state }) => [name, state]),
      );
      const rows = await dashboard.get<ShownTable>('/api/rows/silver');
      expect(rows.rows).not.toEqual([]);
      expect(await dashboard.post('/api/sql', { sql: "FROM read_text('/etc/passwd')" })).toMatchObject({
        status: 400,
      });
      expect(await dashboard.verified(false)).toMatchObject({ outcome: { equal: true } });
      if (chromiumPath === undefined) return;
      const browser = await BrowserPage.open(dashboard.address);
      try {
        await expect.poll(() => browser.text('[data-value=verify]')).toContain('everything equal');
        await browser.page.locator('#rows').scrollIntoViewIfNeeded();
        await expect.poll(() => browser.text('[aria-label="Newest rows of silver"]')).toContain('card_id');
        expect(browser.errors).toEqual([]);
      } finally {
        await browser.close();
      }
    });

    it('answers to logs, followed and not, to peek and to doctor', async () => {
      const past = await stack.run('logs', ['--tail', '3', 'producer']);
      expect(past.code).toBe(0);
      expect(past.stdout.trim().split('\n')).toHaveLength(3);
      const { child, output, result } = stack.start('logs', ['-f', '--tail', '0', 'producer']);
      await until(
        () => `nothing followed: ${output.stderr}`,
        60_000,
        () => (output.stdout.includes('acked=') ? true : undefined),
      );
      child.kill('SIGINT');
      expect((await result).code).toBe(0);
      expect((await stack.run('peek', ['bronze'])).stdout).toContain('txn_id');
      const doctor = await stack.run('doctor');
      expect(doctor.stdout).toContain(`held by this stack (container ${compose.project}-kafka)`);
      expect(doctor.code).toBe(0);
    });

    it('restarts services until they are ready again, and leaves all others running', async () => {
      const startedAt = async () =>
        new Map((await compose.containers()).map(({ Name, State }) => [Name, State.StartedAt]));
      const before = await startedAt();
      const restartedAt = new Date().toISOString();
      const { code, stdout, stderr } = await stack.run('restart', ['producer', 'kafka', '--json']);
      expect(code, stderr).toBe(0);
      const { restarted } = JSON.parse(stdout) as { restarted: { name: string }[] };
      expect(restarted.map(({ name }) => name)).toEqual(['kafka', 'producer']);
      const after = await startedAt();
      const changed = [...after].filter(([name, at]) => before.get(name) !== at).map(([name]) => name);
      expect(changed).toEqual([`/${compose.project}-kafka`, `/${compose.project}-producer`]);
      expect((await statusOf(stack)).services.map(({ restarts }) => restarts)).toEqual(
        SERVICE_NAMES.map(() => 0),
      );
      const first = 'first records acknowledged';
      const starts = async (since: string) =>
        (await stack.run('logs', ['producer', '--since', since])).stdout.split(first).length - 1;
      expect(await starts('1h')).toBe(2);
      expect(await starts(restartedAt)).toBe(1);
    });

    // The others are killed by a test of the part long.
    it('comes back by itself after `docker kill` of kafka, and nothing is lost or doubled', async () => {
      expect(await comesBackAfterKill(compose, 'kafka')).toBeGreaterThan(0);
      const dashboard = new DashboardClient(stack.ports.DASHBOARD_PORT);
      const seen = async () => {
        const texts = (await dashboard.snapshot()).events.map(({ text }) => text);
        const failed = texts.findLastIndex((text) => text.startsWith('the topic cannot be read: '));
        return failed >= 0 && texts.indexOf('the topic can be read again', failed) > failed;
      };
      await expect.poll(seen).toBe(true);
    });

    it('shows on the page that the broker is paused, and that it goes on', async (context) => {
      if (chromiumPath === undefined) return context.skip();
      const browser = await BrowserPage.open(new DashboardClient(stack.ports.DASHBOARD_PORT).address);
      try {
        await expect.poll(() => browser.text('[data-service=kafka]')).toContain('ready');
        await compose.whilePaused('kafka', () =>
          expect.poll(() => browser.text('main')).toContain('The topic cannot be read'),
        );
        await expect.poll(() => browser.text('main')).not.toContain('The topic cannot be read');
        await expect.poll(() => browser.text('.happened')).toContain('the topic can be read again');
        expect(browser.errors).toEqual([]);
      } finally {
        await browser.close();
      }
    });

    it('is stopped by down without a container, a network or a process left, and keeps its data', async () => {
      expect(await stack.run('down')).toMatchObject({ code: 0 });
      expect(await compose.containers()).toEqual([]);
      expect(await compose.networks()).toEqual([]);
      expect(processesOf(stack.folder)).toEqual([]);
      expect(await compose.volumes()).toEqual(VOLUMES);
      expect(await stack.run('down')).toMatchObject({ code: 0, stdout: 'Nothing was running.\n' });
    });

    it('comes up on its data by `docker compose up -d --build` alone, and verifies equal', async () => {
      const before = new Set(parquetFiles(stack.outputPath, 'silver'));
      const port = stack.ports.SPARK_WORKER_UI_PORT;
      await compose.compose(['up', '-d', '--build', '--scale', `spark-worker=${WORKERS}`], {
        SPARK_WORKER_CORES: '1',
        SPARK_WORKER_UI_PORT: `${port}-${port + WORKERS - 1}`,
      });
      await until(
        () => 'no new silver file',
        240_000,
        () => (parquetFiles(stack.outputPath, 'silver').some((name) => !before.has(name)) ? true : undefined),
      );
      expect(await verify(stack)).toMatchObject({ equal: true, differenceCount: 0 });
    });

    it('has three workers at the master then, and executors on all of them', async () => {
      const master = await page<{ workers: { state: string }[] }>(stack.ports.SPARK_MASTER_UI_PORT, '/json/');
      expect(master.workers.map(({ state }) => state)).toEqual(Array(WORKERS).fill('ALIVE'));
      const port = stack.ports.SPARK_APP_UI_PORT;
      const [app] = await page<{ id: string }[]>(port, '/api/v1/applications');
      const executors = `/api/v1/applications/${app?.id}/executors`;
      await until(
        () => `no executors on ${WORKERS} workers`,
        60_000,
        async () => {
          const found = await page<{ id: string; hostPort: string }[]>(port, executors);
          const hosts = found
            .filter(({ id }) => id !== 'driver')
            .map(({ hostPort }) => hostPort.split(':')[0]);
          return new Set(hosts).size === WORKERS ? true : undefined;
        },
      );
    });

    it('is stopped by the down of the orchestrator however it was started', async () => {
      expect(await stack.run('down')).toMatchObject({ code: 0, stdout: expect.stringContaining('Stopped') });
      expect(await compose.containers()).toEqual([]);
    });

    it('is wiped by reset: every volume of its own and its outputs, and nothing else', async () => {
      const foreign = `${compose.project}_mine`;
      const labelled = await engine?.docker.createVolume({
        Name: foreign,
        Labels: { 'com.docker.compose.project': compose.project, 'com.docker.compose.volume': 'mine' },
      });
      expect(labelled).toBeDefined();
      try {
        const others = await otherVolumes();
        const reset = await stack.run('reset', ['--no-up']);
        expect(reset).toMatchObject({ code: 0 });
        for (const name of VOLUMES) expect(reset.stdout).toContain(`volume ${compose.project}_${name}`);
        expect(await compose.volumes()).toEqual(['mine']);
        expect(await otherVolumes()).toEqual(expect.arrayContaining(others));
        expect(existsSync(stack.outputPath)).toBe(false);
      } finally {
        await engine?.docker.getVolume(foreign).remove();
      }
    });

    async function otherVolumes(): Promise<string[]> {
      const all = (await engine?.docker.listVolumes())?.Volumes ?? [];
      return all
        .map(({ Name }) => Name)
        .filter((name) => !name.startsWith(`${compose.project}_`))
        .toSorted();
    }
  },
);

/** JSON of one of Spark's pages. */
async function page<T>(port: number, path: string): Promise<T> {
  return (await (await fetch(`http://127.0.0.1:${port}${path}`)).json()) as T;
}
