import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localRuntime } from '../../orchestrator/runtimes/local/local-runtime.ts';
import type { Runtime } from '../../orchestrator/runtimes/runtime.ts';
import { SERVICES } from '../../orchestrator/services/services.ts';
import { loadSettings } from '../../orchestrator/settings/load-settings.ts';
import { stackConfig } from '../../orchestrator/settings/stack-config.ts';
import { freePorts } from '../support/free-ports.ts';
import { projectDir } from '../support/project.ts';

const never = new AbortController().signal;
const PROVISION_TIMEOUT_MS = 900_000;
const RECORDS = 20_000;

interface AnswerLine {
  readonly partition: number;
  readonly offset: number;
  readonly fault: string;
  readonly expected_reason: string | null;
  readonly txn_id: string | null;
  readonly duplicate_of?: { readonly partition: number; readonly offset: number };
}

describe.runIf(process.platform === 'linux')('npm run produce against a real broker', () => {
  let folder: string;
  let runtime: Runtime;
  let brokers: string;
  let kafka: Kafka;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'produce-'));
    const [zookeeper, port] = await freePorts(2);
    brokers = `localhost:${port}`;
    kafka = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING });
    const environment = {
      ...process.env,
      HOME: homedir(),
      ...{ RUN_DIR: join(folder, 'run'), OUTPUT_DIR: join(folder, 'output') },
      ...{ ZOOKEEPER_PORT: String(zookeeper), KAFKA_PORT: String(port) },
    };
    const settings = loadSettings({ flags: {}, environment, projectDir: folder });
    runtime = localRuntime(stackConfig(settings, projectDir, environment), SERVICES);
    const wanted = ['java', 'pyspark', 'kafka-jars'];
    for (const step of runtime.setup().filter(({ name }) => wanted.includes(name))) {
      await step.run({ signal: never, onDetail: () => undefined });
    }
    await runtime.start('zookeeper', never);
    await runtime.start('kafka', never);
  }, PROVISION_TIMEOUT_MS);

  afterAll(async () => {
    await runtime.down();
    rmSync(folder, { recursive: true });
  });

  const createTopic = async (topic: string): Promise<void> => {
    await expect
      .poll(
        async () => {
          const admin = kafka.admin();
          try {
            await admin.connect();
            return await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] });
          } catch (error) {
            return error;
          } finally {
            await admin.disconnect();
          }
        },
        { timeout: 120_000, interval: 500 },
      )
      .toBe(true);
  };
  const produce = (topic: string, flags: readonly string[]) =>
    execa('node', ['bootstrap.mjs', '--exec', 'tsx', 'orchestrator/produce-main.ts', ...flags], {
      cwd: projectDir,
      env: { KAFKA_BOOTSTRAP_SERVERS: brokers, KAFKA_TOPIC: topic },
    });
  /** Every value of the topic by `partition:offset`, in the order of each partition. */
  const recordsOf = async (topic: string, count: number): Promise<Map<string, string | null>> => {
    const values = new Map<string, string | null>();
    const consumer = kafka.consumer({ groupId: randomUUID() });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          eachMessage: async ({ partition, message }) => {
            values.set(`${partition}:${message.offset}`, message.value?.toString() ?? null);
            if (values.size === count) resolve();
          },
        })
        .catch(reject);
    });
    await consumer.disconnect();
    return values;
  };
  const seeded = ['--seed', '7', '--event-start', '2026-01-01T00:00:00Z', '--scenario', 'messy'];
  const limited = [...seeded, '--max-records', String(RECORDS)];

  it('writes an answer key that is true of the topic', async () => {
    await createTopic('keyed');
    const path = join(folder, 'key.jsonl');
    await produce('keyed', [...limited, '--msgs-per-sec', '0', '--answer-key', path]);
    const values = await recordsOf('keyed', RECORDS);
    const lines: AnswerLine[] = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const valueAt = (place: { partition: number; offset: number } | undefined) =>
      place && values.get(`${place.partition}:${place.offset}`);
    expect(lines.length).toBeGreaterThan(0.1 * RECORDS);
    for (const line of lines) {
      const value = valueAt(line);
      expect(value, JSON.stringify(line)).not.toBeUndefined();
      if (line.expected_reason === 'null_value') expect(value).toBeNull();
      if (line.txn_id !== null) expect(value).toContain(line.txn_id);
      if (line.fault === 'duplicate') expect(valueAt(line.duplicate_of)).toBe(value);
    }
    // Transactions that occur twice do so on purpose.
    const ids = [...values.values()].flatMap((value) => /"txn_id":"([^"]+)"/.exec(value ?? '')?.[1] ?? []);
    const duplicates = lines.filter(({ fault }) => fault === 'duplicate').length;
    expect(ids.length - new Set(ids).size).toBe(duplicates);
    expect(duplicates).toBeGreaterThan(100);
  });

  it('sends the same records again for a seed, at another rate', async () => {
    await createTopic('again');
    await produce('again', [...limited, '--msgs-per-sec', '8000']);
    const [first, second] = [await recordsOf('keyed', RECORDS), await recordsOf('again', RECORDS)];
    for (const partition of [0, 1, 2]) {
      const inOrder = (values: Map<string, string | null>) =>
        [...values].filter(([place]) => place.startsWith(`${partition}:`)).map(([, value]) => value);
      expect(inOrder(second)).toEqual(inOrder(first));
    }
  });

  it('ends with exit code 0 when its time is over', async () => {
    const { exitCode, stdout } = await produce('again', ['--duration', '2 seconds', '--msgs-per-sec', '50']);
    expect(exitCode).toBe(0);
    const [, sent, acknowledged] = /done: sent=(\d+) acked=(\d+) failed=0/.exec(stdout) ?? [];
    expect(Number(sent)).toBeGreaterThan(90);
    expect(sent).toBe(acknowledged);
  });
});
