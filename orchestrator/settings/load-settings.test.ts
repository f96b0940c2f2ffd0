// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what .env is about.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProductError } from '../util/product-error.ts';
import { loadSettings, resolveSettings } from './load-settings.ts';
import type { SettingName } from './setting-table.ts';

let projectDir: string;
beforeEach(() => {
  projectDir = mkdtempSync(join(tmpdir(), 'settings-'));
});
afterEach(() => rmSync(projectDir, { recursive: true }));

const load = (
  environment: Record<string, string> = {},
  flags: Partial<Record<SettingName, string>> = {},
  file?: string,
) => {
  if (file !== undefined) writeFileSync(join(projectDir, '.env'), file);
  return loadSettings({ flags, environment, projectDir });
};

const refusal = (run: () => unknown): ProductError => {
  try {
    run();
  } catch (error) {
    if (error instanceof ProductError) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('loadSettings', () => {
  it('has the documented defaults', () => {
    expect(load()).toMatchObject({
      KAFKA_TOPIC: undefined,
      KAFKA_TOPIC_PARTITIONS: undefined,
      MSGS_PER_SEC: 5,
      PIPELINE: 'transactions',
      TRIGGER_INTERVAL: '30 seconds',
      GOLD_TRIGGER_INTERVAL: undefined,
      MAX_FILES_PER_SINK: 48,
      SINK_FILES: 'single',
      STARTING_OFFSETS: 'earliest',
      FAIL_ON_DATA_LOSS: true,
      KAFKA_ISOLATION_LEVEL: 'read_committed',
      SHOW_PREVIEWS: '0',
      SPARK_VERSION: '3.5.7',
      KAFKA_PORT: 9094,
      MAX_OFFSETS_PER_TRIGGER: undefined,
      OUTPUT_PATH: undefined,
    });
  });

  it('prefers flags to environment to .env to defaults', () => {
    const file = 'MSGS_PER_SEC=10\nKAFKA_TOPIC=from-file\nKAFKA_PORT=9999\n';
    const settings = load({ MSGS_PER_SEC: '20', KAFKA_TOPIC: 'from-env' }, { MSGS_PER_SEC: '30' }, file);
    expect(settings).toMatchObject({ MSGS_PER_SEC: 30, KAFKA_TOPIC: 'from-env', KAFKA_PORT: 9999 });
  });

  it('cuts a long value in the refusal, and in the note of a command that ignores it', () => {
    const long = 'a'.repeat(10_000);
    const { message } = refusal(() => load({ KAFKA_PORT: long }));
    expect(message).toBe(
      `KAFKA_PORT="${'a'.repeat(100)}"… (10,000 characters) (from the environment) is not allowed: it must be a whole number from 1 to 65535.`,
    );
    const { ignored } = resolveSettings({
      flags: {},
      environment: { KAFKA_PORT: long, SEED: `tcp://${long}` },
      projectDir,
      isLenient: true,
    });
    expect(ignored).toEqual([
      `SEED=tcp://${'a'.repeat(94)}… (10,006 characters) in the environment comes from a service link of Kubernetes or Docker and was passed over`,
      `KAFKA_PORT="${'a'.repeat(100)}"… (10,000 characters) (from the environment) is not allowed and was passed over: it must be a whole number from 1 to 65535`,
    ]);
  });

  it.each([
    ['~/x', 'without ~'],
    ['$HOME/x', 'without ~ or $HOME'],
    ['${HOME}/x', 'without ~ or $HOME'],
    ['a\nb', 'without line breaks'],
    ['\x1b[31mred', 'control characters'],
    ['a'.repeat(256), 'at most 255 between slashes'],
    ['é'.repeat(128), 'at most 255 between slashes'],
    ['a/'.repeat(501), 'at most 1000 bytes'],
    ['file:///tmp/x', 'no URI'],
    ['hdfs://name/x', 'no URI'],
    ['C:\\data', 'no URI'],
  ])('refuses %j for a folder: it must be %s', (value, allowed) => {
    for (const name of ['OUTPUT_DIR', 'RUN_DIR']) {
      expect(refusal(() => load({ [name]: value })).message).toContain(allowed);
    }
  });

  it.each(['./a b#c%20d[1]é', '../x', '/srv/a:b', '$1', 'x$HOME'])('takes %j for a folder', (value) => {
    expect(load({ OUTPUT_DIR: value }).OUTPUT_DIR).toBe(value);
  });

  it.each(['-1', '--', '-', '-Xmx2g'])('refuses %j for options of a JVM, which would not start', (value) => {
    expect(refusal(() => load({ SPARK_DRIVER_JAVA_OPTIONS: value })).message).toContain('JVM options');
  });

  it('takes an empty value of the environment or .env as not given, as Compose does', () => {
    expect(load({ MSGS_PER_SEC: '' }, {}, 'KAFKA_TOPIC=\n')).toMatchObject({
      MSGS_PER_SEC: 5,
      KAFKA_TOPIC: undefined,
    });
  });

  it.each<[SettingName, string]>([
    ['MSGS_PER_SEC', 'abc'],
    ['MSGS_PER_SEC', '-1'],
    ['MSGS_PER_SEC', 'Infinity'],
    ['MSGS_PER_SEC', '1e999'],
    ['SPARK_SQL_SHUFFLE_PARTITIONS', '10001'],
    ['TRIGGER_INTERVAL', '999999 days'],
    ['STARTING_OFFSETS', '{}'],
    ['STARTING_OFFSETS', '{"transactions":{"0":-3}}'],
    ['STARTING_OFFSETS', '{"a":{"0":1},"b":{"0":1}}'],
    ['KAFKA_TOPIC', 'bad topic'],
    ['KAFKA_TOPIC', '..'],
    ['KAFKA_TOPIC', 'x'.repeat(250)],
    ['KAFKA_TOPIC_PARTITIONS', '0'],
    ['TRIGGER_INTERVAL', 'soon'],
    ['GOLD_TRIGGER_INTERVAL', '10'],
    ['PIPELINE', '~/orders'],
    ['TRIGGER_INTERVAL', '30'],
    ['MAX_FILES_PER_SINK', '-1'],
    ['STARTING_OFFSETS', 'Earliest'],
    ['STARTING_OFFSETS', '[1]'],
    ['FAIL_ON_DATA_LOSS', 'yes'],
    ['KAFKA_ISOLATION_LEVEL', 'committed'],
    ['SPARK_VERSION', '4.0.0'],
    ['SPARK_WORKERS', '0'],
    ['SCENARIO', 'chaos'],
    ['SEED', 'abc'],
    ['EVENT_START', 'yesterday'],
    ['EVENT_START', '2026-01-01T00:00:00'],
    ['EVENTS_PER_SEC', '0'],
    ['DAY_NIGHT', 'yes'],
    ['LATE_RATE', '1.5'],
    ['MALFORMED_RATE', '1%'],
    ['FRAUD_RATE', '0.3'],
    ['BURST', '10'],
    ['MAX_RECORDS', '0'],
    ['DURATION', '5'],
    ['OUTPUT_UID', '-1'],
    ['OUTPUT_GID', 'staff'],
    ['SPARK_DRIVER_JAVA_OPTIONS', '-Xmx4g'],
    ['SPARK_DRIVER_JAVA_OPTIONS', 'UseSerialGC'],
    ['SPARK_DRIVER_JAVA_OPTIONS', '-Da="b c"'],
    ['SPARK_WORKER_MEMORY', '2'],
    ['SPARK_WORKER_MEMORY', '1023m'],
    ['KAFKA_PORT', '70000'],
    ['RUNTIME', 'docker'],
    ['OUTPUT_DIR', '~/out'],
    ['RUN_DIR', '~'],
    ['OUTPUT_PATH', '~me/out'],
  ])('refuses %s=%j naming the setting, the value and what is allowed', (name, value) => {
    const error = refusal(() => load({ [name]: value }));
    expect(error).toMatchObject({ code: 'BAD_SETTING', exitCode: 2 });
    expect(error.message).toContain(`${name}=${JSON.stringify(value)}`);
    expect(error.message).toMatch(/it must be .{4,}/);
    expect(error.message).not.toMatch(/invalid/i);
  });

  it.each<[SettingName, string]>([
    ['MSGS_PER_SEC', '0'],
    ['MSGS_PER_SEC', '0.5'],
    ['TRIGGER_INTERVAL', '500 milliseconds'],
    ['GOLD_TRIGGER_INTERVAL', '0 seconds'],
    ['PIPELINE', './mine/orders'],
    ['STARTING_OFFSETS', '{"transactions":{"0":23}}'],
    ['SEED', '42'],
    ['EVENT_START', '2026-01-01T00:00:00+01:00'],
    ['LATE_RATE', '0.05'],
    ['LATE_RATE', '1'],
    ['BURST', '10x5/60'],
    ['BURST', 'off'],
    ['DURATION', '5 minutes'],
    ['OUTPUT_PATH', 's3a://bucket/path'],
    ['SPARK_DRIVER_JAVA_OPTIONS', '-XX:+UseSerialGC -Duser.timezone=Europe/Berlin'],
    ['SPARK_WORKER_MEMORY', '1536m'],
    ['SPARK_WORKER_MEMORY', '1024m'],
    ['SPARK_WORKER_MEMORY', '16G'],
  ])('accepts %s=%j', (name, value) => {
    expect(load({ [name]: value })).toHaveProperty(name);
  });

  it.each<[Partial<Record<SettingName, string>>, string]>([
    [{ LATE_RATE: '0.6', DUPLICATE_RATE: '0.5' }, 'add up to 1.1'],
    [{ SCENARIO: 'messy', MALFORMED_RATE: '1' }, 'add up to'],
    [{ BURST: '10x60/60' }, 'BURST="10x60/60"'],
    [{ BURST: '10x5/60', MSGS_PER_SEC: '0' }, 'BURST'],
  ])('refuses what the producer would refuse, %j', (environment, word) => {
    const { message, code } = refusal(() => load(environment));
    expect(message).toContain(word);
    expect(message).toMatch(/[^.]\.$/);
    expect(code).toBe('BAD_SETTING');
  });

  it.each<[SettingName, string, unknown]>([
    ['TRIGGER_INTERVAL', ' 10Seconds ', '10 seconds'],
    ['TRIGGER_INTERVAL', '1 DAY', '1 day'],
    ['MSGS_PER_SEC', '2e4', 20_000],
    ['STARTING_OFFSETS', '{"transactions": {"0": 1e3}}', '{"transactions":{"0":1000}}'],
  ])('hands %s=%j on as %j', (name, value, normal) => {
    expect(load({ [name]: value })[name]).toBe(normal);
  });

  it('says where a bad value stands', () => {
    expect(refusal(() => load({}, { MSGS_PER_SEC: 'x' })).message).toContain('--msgs-per-sec');
    expect(refusal(() => load({}, {}, 'MSGS_PER_SEC=x')).message).toContain('.env');
    expect(refusal(() => load({}, { KAFKA_TOPIC: '' })).message).toContain('KAFKA_TOPIC=""');
  });

  it('refuses an unknown name in .env, and lets those of Compose and Docker pass', () => {
    expect(refusal(() => load({}, {}, 'MSG_PER_SEC=5')).message).toContain('MSG_PER_SEC');
    expect(() => load({}, {}, 'COMPOSE_PROJECT_NAME=x\nKAFKA_IMAGE=y\nHTTPS_PROXY=z\n')).not.toThrow();
    const file =
      'CONTAINER_PREFIX=a-\nSPARK_WORKER_MEM_LIMIT=4g\nSSL_CERT_FILE=b\nPIP_CERT=c\nhttp_proxy=d\n';
    expect(() => load({}, {}, file)).not.toThrow();
    expect(() =>
      load({}, {}, 'KAFKA_SASL_PASSWORD=x\nKAFKA_SSL_CA=y\nKAFKA_SECURITY_PROTOCOL=z\n'),
    ).not.toThrow();
    expect(refusal(() => load({}, {}, 'SPARKS_IMAGE=x')).message).toContain('SPARKS_IMAGE');
  });

  it('reads .env as Compose does, and says which line is wrong', () => {
    const file = 'OUTPUT_DIR=${HOME}/c#1/out # mine\nexport TRIGGER_INTERVAL="5 seconds"\n';
    expect(load({ HOME: '/home/me' }, {}, file)).toMatchObject({
      OUTPUT_DIR: '/home/me/c#1/out',
      TRIGGER_INTERVAL: '5 seconds',
    });
    const error = refusal(() => load({}, {}, '\nKAFKA_TOPIC=${X\n'));
    expect(error).toMatchObject({ code: 'BAD_SETTING' });
    expect(error.message).toContain('.env, line 2: ');
    writeFileSync(join(projectDir, '.env'), Buffer.from('\ufeffKAFKA_TOPIC=abc\n', 'utf16le'));
    expect(refusal(() => load()).message).toContain('UTF-8');
  });

  it.each([
    [{ KAFKA_BOOTSTRAP_SERVERS: '127.0.0.1:1' }, undefined, 'the environment'],
    [{}, 'KAFKA_BOOTSTRAP_SERVERS=kafka:9092\n', '.env'],
  ])('refuses another cluster, %j %j, with the reason', (environment, file, where) => {
    const error = refusal(() => load(environment, {}, file));
    expect(error).toMatchObject({ code: 'BAD_SETTING', exitCode: 2 });
    expect(error.message).toContain(`(from ${where})`);
    expect(error.message).toContain('not supported yet');
    expect(error.hint).toContain('npm run produce');
    const { ignored } = resolveSettings({ flags: {}, environment, projectDir, isLenient: true });
    expect(ignored).toHaveLength(1);
  });

  it('ignores what Kubernetes and Docker set for a service named kafka', () => {
    const environment = {
      KAFKA_PORT: 'tcp://10.0.0.1:9092',
      ZOOKEEPER_PORT: 'udp://10.0.0.2:2181',
      SEED: '1',
    };
    const { settings, ignored } = resolveSettings({ flags: {}, environment, projectDir });
    expect(settings).toMatchObject({ KAFKA_PORT: 9094, ZOOKEEPER_PORT: 2181, SEED: '1' });
    expect(ignored).toHaveLength(1);
    for (const word of ['KAFKA_PORT=tcp://10.0.0.1:9092', 'ZOOKEEPER_PORT=udp:', 'service link']) {
      expect(ignored[0]).toContain(word);
    }
  });

  it('ignores bad values for a command that does not need them, except in flags', () => {
    const lenient = (environment: Record<string, string>, flags = {}) =>
      resolveSettings({ flags, environment, projectDir, isLenient: true });
    writeFileSync(join(projectDir, '.env'), 'SEED=5\n');
    const { settings, ignored } = lenient({
      SEED: 'abc',
      KAFKA_PORT: 'x',
      LATE_RATE: '1',
      DUPLICATE_RATE: '1',
    });
    expect(settings).toMatchObject({ SEED: '5', KAFKA_PORT: 9094 });
    for (const word of ['KAFKA_PORT="x"', 'SEED="abc"', 'add up to 2'])
      expect(ignored.join('\n')).toContain(word);
    expect(refusal(() => lenient({ RUNTIME: 'docker' })).message).toContain('RUNTIME');
    expect(refusal(() => lenient({}, { SEED: 'abc' })).message).toContain('--seed');
  });
});
