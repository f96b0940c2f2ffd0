import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPipeline } from '../../pipeline/load-pipeline.ts';
import { loadSettings } from '../../settings/load-settings.ts';
import { stackConfig } from '../../settings/stack-config.ts';
import { composeVariables, portRange, workerMemoryLimitMb } from './compose-cli.ts';
import { hostOutputPath } from './shared-folders.ts';

let projectDir: string;
beforeAll(() => {
  projectDir = mkdtempSync(join(tmpdir(), 'variables-'));
});
afterAll(() => rmSync(projectDir, { recursive: true }));

const configOf = (environment: Readonly<Record<string, string>>) =>
  stackConfig(loadSettings({ flags: {}, environment, projectDir }), projectDir, environment);

describe('the variables for docker-compose.yml', () => {
  it.each([
    ['COMPOSE_PROJECT_NAME', 'A B'],
    ['COMPOSE_PROJECT_NAME', 'UPPER'],
    ['COMPOSE_PROJECT_NAME', 'é'],
    ['COMPOSE_PROJECT_NAME', '-'],
    ['COMPOSE_PROJECT_NAME', 'a'.repeat(300)],
    ['CONTAINER_PREFIX', 'A B'],
    ['CONTAINER_PREFIX', '/x'],
  ])('refuse %s=%s, which Compose or the engine would', (name, value) => {
    expect(() => composeVariables(configOf({ [name]: value }), false)).toThrow(
      expect.objectContaining({
        code: 'BAD_SETTING',
        message: expect.stringMatching(`^${name}=.* must be up to`),
      }),
    );
  });

  it('carry every setting for containers, with an absolute OUTPUT_DIR', () => {
    const { environment } = composeVariables(configOf({ MSGS_PER_SEC: '200', OUTPUT_DIR: 'out' }), false);
    expect(environment).toMatchObject({
      MSGS_PER_SEC: '200',
      FAIL_ON_DATA_LOSS: 'true',
      KAFKA_ISOLATION_LEVEL: 'read_committed',
      TRIGGER_INTERVAL: '30 seconds',
      GOLD_TRIGGER_INTERVAL: '',
      PIPELINE: 'transactions',
      PIPELINE_FOLDER: join(projectDir, 'pipelines', 'transactions'),
      OUTPUT_DIR: join(projectDir, 'out'),
      OUTPUT_PATH: '',
      MAX_OFFSETS_PER_TRIGGER: '',
      SPARK_WORKER_UI_PORT: '8081',
      SPARK_WORKER_MEM_LIMIT: '3584m',
    });
    expect(environment).not.toHaveProperty('RUNTIME');
    expect(environment).not.toHaveProperty('RUN_DIR');
  });

  it("name the pipeline's topic, and none where it cannot be read: containers look themselves", () => {
    const readings = join(import.meta.dirname, '../../../data/fixtures/pipelines/readings');
    const topicOf = (given: Record<string, string>) => composeVariables(configOf(given), false).environment;
    const { KAFKA_TOPIC, KAFKA_TOPIC_PARTITIONS } = topicOf({ PIPELINE: readings });
    expect(KAFKA_TOPIC).toBe(loadPipeline(readings, '/').source.topic);
    expect(Number(KAFKA_TOPIC_PARTITIONS)).toBeGreaterThan(0);
    expect(topicOf({ PIPELINE: readings, KAFKA_TOPIC: 'mine' })['KAFKA_TOPIC']).toBe('mine');
    expect(topicOf({ PIPELINE: './nowhere' })).toMatchObject({ KAFKA_TOPIC: '', KAFKA_TOPIC_PARTITIONS: '' });
  });

  it('mount a pipeline of any folder below pipelines/', () => {
    const { environment } = composeVariables(configOf({ PIPELINE: '../mine/orders' }), false);
    expect(environment).toMatchObject({
      PIPELINE: 'orders',
      PIPELINE_FOLDER: join(projectDir, '..', 'mine', 'orders'),
    });
  });

  it('give several workers a port each', () => {
    const { environment, workers } = composeVariables(configOf({ SPARK_WORKERS: '3' }), false);
    expect(workers).toBe(3);
    expect(environment).toMatchObject({ SPARK_WORKERS: '3', SPARK_WORKER_UI_PORT: '8081-8083' });
    expect(portRange(8081, 1)).toBe('8081');
  });

  it('bound a worker with room for more than the heaps of its executors', () => {
    expect(workerMemoryLimitMb('2g')).toBe(3584);
    expect(workerMemoryLimitMb('512m')).toBe(1664);
  });

  it('name a user for the outputs that is never root, but where root is the user', () => {
    const own = composeVariables(configOf({}), false).owner;
    expect(own.uid).not.toBe(0);
    if (process.getuid?.() !== 0) expect(own).toEqual({ uid: process.getuid?.(), gid: process.getgid?.() });
    expect(composeVariables(configOf({}), true).owner).toEqual({ uid: 0, gid: 0 });
    expect(composeVariables(configOf({ OUTPUT_UID: '7', OUTPUT_GID: '8' }), false).owner).toEqual({
      uid: 7,
      gid: 8,
    });
  });

  it('are those of .env where the environment has none', () => {
    writeFileSync(join(projectDir, '.env'), 'COMPOSE_PROJECT_NAME=from-file\nCOMPOSE_PARALLEL_LIMIT=2\n');
    try {
      expect(composeVariables(configOf({}), false).project).toBe('from-file');
      expect(composeVariables(configOf({ COMPOSE_PROJECT_NAME: 'mine' }), false).project).toBe('mine');
    } finally {
      rmSync(join(projectDir, '.env'));
    }
    expect(composeVariables(configOf({}), false).project).toBe('medallion-stream');
  });
});

describe('outputs in containers, seen from this machine', () => {
  it.each([
    [{}, '/data/output/parquet'],
    [{ OUTPUT_PATH: '/opt/spark-output/other' }, '/data/output/other'],
    [{ OUTPUT_PATH: 'file:///opt/spark-output/a/b' }, '/data/output/a/b'],
  ])('%j is below OUTPUT_DIR', (environment, expected) => {
    expect(hostOutputPath(configOf(environment))).toBe(`${projectDir}${expected}`);
  });

  it('a URI of another file system stays as it is', () => {
    expect(hostOutputPath(configOf({ OUTPUT_PATH: 's3a://bucket/x' }))).toBe('s3a://bucket/x');
  });

  it.each(['/home/me/out', 'out', '/opt/spark-output/../x', 'file:/tmp/x'])(
    '%s is refused',
    (OUTPUT_PATH) => {
      expect(() => hostOutputPath(configOf({ OUTPUT_PATH }))).toThrow(
        expect.objectContaining({ code: 'BAD_SETTING' }),
      );
    },
  );
});
