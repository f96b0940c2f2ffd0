import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERVICE_NAMES } from '../../orchestrator/core/services.ts';
import { testingEngine } from '../../orchestrator/runtime/compose/testing/engine.ts';

const PROJECT_DIR = join(import.meta.dirname, '../..');
const PROJECT = `medallion-inspect-${process.pid}`;

const { engine, declined } = await testingEngine();

describe.skipIf(!engine)(
  `containers as Compose makes them${declined === undefined ? '' : ` (not tried: ${declined})`}`,
  () => {
    let outputDir: string;
    let environment: Record<string, string | undefined>;
    const compose = (...args: string[]) =>
      execa('docker', ['compose', ...args], { cwd: PROJECT_DIR, env: environment, extendEnv: false });

    beforeAll(async () => {
      outputDir = await mkdtemp(join(tmpdir(), 'compose-inspect-'));
      environment = {
        ...process.env,
        COMPOSE_PROJECT_NAME: PROJECT,
        CONTAINER_PREFIX: `${PROJECT}-`,
        OUTPUT_DIR: outputDir,
        SPARK_WORKERS: '3',
      };
      await compose('create', '--build');
    });
    afterAll(async () => {
      await compose('down', '--volumes', '--rmi', 'local');
      await rm(outputDir, { recursive: true });
    });

    const inspected = async () => {
      if (!engine) throw new Error('no engine');
      const { docker } = engine;
      const found = await docker.listContainers({
        all: true,
        filters: { label: [`com.docker.compose.project=${PROJECT}`] },
      });
      return Promise.all(found.map(({ Id }) => docker.getContainer(Id).inspect()));
    };

    it('are those of every service, and as many workers as asked for', async () => {
      const services = (await inspected()).map(({ Config }) => Config.Labels['com.docker.compose.service']);
      const expected = SERVICE_NAMES.flatMap((name) =>
        name === 'spark-worker' ? [name, name, name] : [name],
      );
      expect(services.toSorted()).toEqual(expected.toSorted());
    });

    it('run as somebody else than root, without rights and without the engine', async () => {
      for (const { Name, Config, HostConfig, Mounts } of await inspected()) {
        expect(Config.User, Name).toMatch(/^(?!0\b|root\b)\w+/);
        expect(HostConfig.Privileged, Name).toBe(false);
        expect(HostConfig.CapDrop, Name).toEqual(['ALL']);
        expect(JSON.stringify(Mounts), Name).not.toContain('.sock');
        expect(HostConfig.Memory, Name).toBeGreaterThan(0);
      }
    });

    it('leave no volume behind that has no name', async () => {
      const volumes = (await inspected()).flatMap(({ Mounts }) =>
        Mounts.filter(({ Type }) => Type === 'volume'),
      );
      expect(volumes.map(({ Name }) => Name).toSorted()).toEqual(
        ['zookeeper-data', 'zookeeper-log', 'kafka-data', 'ivy-cache']
          .map((name) => `${PROJECT}_${name}`)
          .toSorted(),
      );
    });

    it('publish ports on the loopback address alone', async () => {
      const bindings = (await inspected()).flatMap(({ HostConfig }) =>
        Object.values((HostConfig.PortBindings ?? {}) as Record<string, { HostIp: string }[]>).flat(),
      );
      expect(bindings).toHaveLength(8);
      expect(new Set(bindings.map(({ HostIp }) => HostIp))).toEqual(new Set(['127.0.0.1']));
    });
  },
);
