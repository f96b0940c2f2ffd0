import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localRuntime } from '../../orchestrator/runtimes/local/local-runtime.ts';
import { type Runtime, untilExited } from '../../orchestrator/runtimes/runtime.ts';
import type { ServiceName } from '../../orchestrator/services/service-name.ts';
import { SERVICES } from '../../orchestrator/services/services.ts';
import { loadSettings } from '../../orchestrator/settings/load-settings.ts';
import { type StackConfig, stackConfig } from '../../orchestrator/settings/stack-config.ts';
import { groupMembers, signalProcess } from '../../orchestrator/util/processes.ts';
import { freePorts } from '../support/free-ports.ts';
import { openFiles } from '../support/open-files.ts';

const projectDir = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const never = new AbortController().signal;

/** With a cold cache the tools are first downloaded from the public registries. */
const PROVISION_TIMEOUT_MS = 900_000;

/** Characters that shells, URLs and class paths treat specially. RUN_DIR lies below this folder. */
const ODD_FOLDER = 'ca fé#1 %20 [1]';

describe.runIf(process.platform === 'linux')(
  'real services under the supervisor, in an odd folder and the C locale',
  () => {
    let folder: string;
    let config: StackConfig;
    let runtime: Runtime;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'real-broker-'));
      const [zookeeper, kafka, master, masterUi, workerUi] = await freePorts(5);
      const environment = {
        ...process.env,
        ...{ HOME: homedir(), LANG: 'C', LC_ALL: 'C' },
        ...{ RUN_DIR: join(folder, ODD_FOLDER, 'run'), OUTPUT_DIR: join(folder, 'output') },
        ...{ ZOOKEEPER_PORT: String(zookeeper), KAFKA_PORT: String(kafka) },
        ...{ SPARK_MASTER_PORT: String(master), SPARK_MASTER_UI_PORT: String(masterUi) },
        SPARK_WORKER_UI_PORT: String(workerUi),
      };
      const settings = loadSettings({ flags: {}, environment, projectDir: folder });
      config = stackConfig(settings, projectDir, environment);
      runtime = localRuntime(config, SERVICES);
      const wanted = ['java', 'pyspark', 'kafka-jars'];
      for (const step of runtime.setup().filter(({ name }) => wanted.includes(name))) {
        await step.run({ signal: never, onDetail: () => undefined });
      }
    }, PROVISION_TIMEOUT_MS);

    afterAll(async () => {
      await runtime.down();
      rmSync(folder, { recursive: true });
    });

    const look = async (service: ServiceName) => {
      const found = (await runtime.observe()).find(({ name }) => name === service);
      if (!found) throw new Error(`${service} is not observed`);
      return found;
    };
    /** The one-shot connects to the broker itself, so its success shows that the broker serves. */
    const brokerServes = () =>
      expect
        .poll(
          async () => {
            await runtime.start('kafka-init', never);
            return (await untilExited(runtime, 'kafka-init', never)).state;
          },
          { timeout: 120_000, interval: 250 },
        )
        .toBe('completed');

    it('serve a topic on the loopback address alone', async () => {
      await runtime.start('zookeeper', never);
      await runtime.start('kafka', never);
      await brokerServes();
      expect((await look('kafka-init')).recentLines.join('\n')).toContain('transactions');
      for (const service of ['zookeeper', 'kafka'] as const) {
        const { pid = 0 } = await look(service);
        expect(groupMembers(pid)).toEqual([pid]);
        const addresses = listeningAddresses(pid);
        expect(addresses.length).toBeGreaterThan(0);
        expect(addresses.filter((address) => address !== LOOPBACK)).toEqual([]);
      }
    }, 180_000);

    it('have a Spark master that knows its worker, with the configuration of that folder', async () => {
      await runtime.start('spark-master', never);
      await runtime.start('spark-worker', never);
      // The line has the level info, which only our own logging configuration prints.
      await expect
        .poll(async () => (await look('spark-master')).recentLines.join('\n'), { timeout: 120_000 })
        .toMatch(/Registering worker/);
      // The file is written after the line.
      await expect
        .poll(() => readdirSync(join(config.runDir, 'spark-master')).join())
        .toMatch(/worker_worker-/);
      expect(existsSync(join(config.runDir, 'spark-work'))).toBe(true);
      await runtime.stop('spark-worker');
      await runtime.stop('spark-master');
    }, 180_000);

    it('come back by themselves, with the topic, after both were killed', async () => {
      for (const service of ['zookeeper', 'kafka'] as const) {
        signalProcess((await look(service)).pid ?? 0, 'SIGKILL');
      }
      await expect.poll(async () => (await look('zookeeper')).restarts, { timeout: 20_000 }).toBe(1);
      await expect
        .poll(async () => (await look('kafka')).restarts, { timeout: 20_000 })
        .toBeGreaterThanOrEqual(1);
      await brokerServes();
      expect((await look('kafka-init')).recentLines.join('\n')).toContain(
        'topic transactions is there with 3 partitions',
      );
      expect(await look('kafka')).toMatchObject({ state: 'running' });
    }, 240_000);

    it('are stopped in their order and leave data that a wipe knows completely', async () => {
      expect(await runtime.down()).toEqual(['kafka', 'zookeeper']);
      expect((await runtime.observe()).every(({ state }) => state === 'stopped')).toBe(true);
      // Only an orderly stop writes this file.
      expect(existsSync(join(config.runDir, 'kafka', 'data', '.kafka_cleanshutdown'))).toBe(true);
      expect(await runtime.wipe({ keepTopic: true })).not.toContain("Kafka's data");
      expect(existsSync(join(config.runDir, 'kafka', 'data', 'transactions-0'))).toBe(true);
      expect(await runtime.wipe({ keepTopic: false })).toEqual(["Kafka's data", "ZooKeeper's data"]);
      expect(existsSync(join(config.runDir, 'kafka'))).toBe(false);
    }, 60_000);
  },
);

/** 127.0.0.1 in the notation of /proc/net/tcp; in tcp6, as a mapped address. */
const LOOPBACK = '127.0.0.1';

/**
 * Local addresses of the TCP sockets that a process listens on; format of proc(5), /proc/net/tcp.
 */
function listeningAddresses(pid: number): readonly string[] {
  return ['tcp', 'tcp6'].flatMap((table) => {
    const inodes = socketInodes(pid);
    return readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === '0A' && inodes.has(fields[9] ?? ''))
      .map((fields) => readableAddress(fields[1]?.split(':')[0] ?? ''));
  });
}

function readableAddress(hex: string): string {
  const mapped = hex.startsWith('0000000000000000FFFF0000') ? hex.slice(24) : hex;
  if (mapped.length !== 8) return hex;
  return (mapped.match(/../g) ?? [])
    .toReversed()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.');
}

function socketInodes(pid: number): ReadonlySet<string> {
  return new Set(openFiles(pid).flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}
