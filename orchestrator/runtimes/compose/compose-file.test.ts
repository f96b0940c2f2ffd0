import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readServices } from '../../../dashboard/sources/service-probe.ts';
import { ANSWER_KEY_FILE } from '../../lake/sinks.ts';
import { portsOf } from '../../services/service.ts';
import type { ServiceName } from '../../services/service-name.ts';
import { SERVICES } from '../../services/services.ts';
import { kafkaConnector, sparkSubmitArguments } from '../../services/spark-streaming.ts';
import { SETTING_NAMES, SETTING_TABLE, type SettingName } from '../../settings/setting-table.ts';
import { runLayout } from '../local/launch.ts';
import { sparkLogging } from '../local/process-launch.ts';
import { DEFAULT_PROJECT } from './compose-cli.ts';

/** The settings of the ports that docker-compose.yml publishes, and the services that own them. */
const PUBLISHED = portsOf(SERVICES).map(({ port, service }) => [port.setting, service.name] as const);

const PROJECT_DIR = join(import.meta.dirname, '../../..');
const TEXT = readFileSync(join(PROJECT_DIR, 'docker-compose.yml'), 'utf8');

/** The fields of a service that this test reads. */
interface ComposeService {
  readonly image?: string;
  readonly build?: { readonly args: Readonly<Record<string, string>> };
  readonly container_name?: string;
  readonly user?: string;
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string | number>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly (
    | string
    | {
        readonly source: string;
        readonly target: string;
        readonly read_only?: boolean;
        readonly bind?: object;
      }
  )[];
  readonly restart: string;
  readonly mem_limit: string;
  readonly cap_drop: readonly string[];
  readonly logging: { readonly options: Readonly<Record<string, string>> };
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly stop_grace_period?: string;
}

interface ComposeFile {
  readonly name: string;
  readonly services: Readonly<Record<ServiceName, ComposeService>>;
  readonly configs: Readonly<Record<string, { readonly content: string }>>;
  readonly volumes: Readonly<Record<string, null>>;
}

/** The file with every variable at its default. */
const file = parse(interpolated(TEXT), { merge: true }) as ComposeFile;
const service = (name: ServiceName): ComposeService => {
  const found = file.services[name];
  if (!found) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
};

/** `${NAME:-default}`, innermost first, since a default may hold a variable. */
function interpolated(text: string): string {
  const inner = /\$\{(\w+):-([^${}]*)\}/g;
  const next = text.replace(inner, (_all, _name, fallback: string) => fallback);
  return next === text ? text : interpolated(next);
}

/** Returns the defaults that the file gives a variable, each once. */
function defaultsOf(name: string): readonly string[] {
  return [
    ...new Set(
      [...TEXT.matchAll(new RegExp(`\\$\\{${name}:-([^{}]*)\\}`, 'g'))].map(([, value]) => value ?? ''),
    ),
  ];
}

describe('docker-compose.yml agrees with the table of services:', () => {
  it('the same services in the same order', () => {
    expect(Object.keys(file.services)).toEqual(SERVICES.map(({ name }) => name));
  });

  it.each(SERVICES)(
    '$name waits for those that it comes after, one-shots done and others healthy',
    (entry) => {
      const waits = Object.fromEntries(
        Object.entries(service(entry.name).depends_on ?? {}).map(([name, { condition }]) => [
          name,
          condition,
        ]),
      );
      const kindOf = (name: string) => SERVICES.find((other) => other.name === name)?.kind;
      const expected = entry.after.map((name) => [
        name,
        kindOf(name) === 'one-shot' ? 'service_completed_successfully' : 'service_healthy',
      ]);
      expect(waits).toEqual(Object.fromEntries(expected));
    },
  );

  it.each(SERVICES)('$name is started again as its kind demands', ({ name, kind }) => {
    expect(service(name).restart).toBe(kind === 'one-shot' ? 'no' : 'unless-stopped');
  });

  it('containers have the names that users type, but a worker, of which there may be several', () => {
    const names = Object.fromEntries(SERVICES.map(({ name }) => [name, service(name).container_name]));
    expect(names).toEqual({
      ...Object.fromEntries(SERVICES.map(({ name }) => [name, name])),
      'spark-worker': undefined,
    });
    expect(file.name).toBe(DEFAULT_PROJECT);
  });

  it('ports are published on the loopback address alone, each by its setting', () => {
    const published = SERVICES.flatMap(({ name }) => (service(name).ports ?? []).map((port) => [name, port]));
    const expected = PUBLISHED.map(([setting, name]) => [
      name,
      expect.stringMatching(new RegExp(`^127\\.0\\.0\\.1:${defaultsOf(setting)[0]}:\\d+$`)),
    ]);
    expect(published).toEqual(expected);
  });
});

describe('docker-compose.yml agrees with the table of settings:', () => {
  /**
   * Defaults of the file where the table leaves the default to the runtime, or where containers
   * need another one.
   */
  const OWN_DEFAULTS: Partial<Record<SettingName, string>> = {
    OUTPUT_PATH: '/opt/spark-output/parquet',
    OUTPUT_UID: '1000',
    OUTPUT_GID: '1000',
    SPARK_WORKER_CORES: '',
    SPARK_WORKER_UI_PORT: '8081-8090',
  };
  /** Variables that only the file has. */
  const NO_SETTINGS = [
    ...['ZOOKEEPER_IMAGE', 'KAFKA_IMAGE', 'SPARK_IMAGE', 'NODE_IMAGE', 'CONTAINER_PREFIX'],
    ...['PIPELINE_FOLDER', 'SPARK_WORKER_MEM_LIMIT', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'PIP_CERT'],
    ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
  ];
  const used = new Set(
    [...TEXT.matchAll(/(?<!\$)\$\{(\w+)/g)].map(([, name]) => name ?? '').filter((name) => name !== 'NAME'),
  );

  it('each setting but those of the orchestrator alone is present, and nothing unknown', () => {
    const settings = SETTING_NAMES.filter((name) => name !== 'RUNTIME' && name !== 'RUN_DIR');
    expect([...used].toSorted()).toEqual([...new Set([...settings, ...NO_SETTINGS])].toSorted());
  });

  it.each(SETTING_NAMES.filter((name) => used.has(name)))('%s has the default of the table', (name) => {
    const definition = SETTING_TABLE[name];
    const expected = OWN_DEFAULTS[name] ?? ('default' in definition ? definition.default : '');
    expect(defaultsOf(name)).toEqual([expected]);
  });

  it('spark-submit has the arguments that every runtime gives it', () => {
    const [python, start, submit, ...args] = service('spark-streaming').command ?? [];
    expect([python, start, submit]).toEqual([
      'python3',
      '/opt/spark-app/container_start.py',
      '/opt/spark/bin/spark-submit',
    ]);
    const options = (setting: 'SPARK_DRIVER_JAVA_OPTIONS' | 'SPARK_EXECUTOR_JAVA_OPTIONS') => [
      ...SETTING_TABLE[setting].default.split(' '),
      '-Djava.net.preferIPv4Stack=true',
    ];
    const expected = sparkSubmitArguments({
      master: 'spark://spark-master:7077',
      packages: [kafkaConnector(SETTING_TABLE.SPARK_VERSION.default)],
      conf: {
        'spark.jars.ivy': '/var/tmp/ivy-1000',
        'spark.driver.host': 'spark-streaming',
        'spark.driver.bindAddress': '0.0.0.0',
        'spark.port.maxRetries': '0',
        'spark.ui.port': '4040',
        'spark.sql.shuffle.partitions': SETTING_TABLE.SPARK_SQL_SHUFFLE_PARTITIONS.default,
      },
      driverJavaOptions: options('SPARK_DRIVER_JAVA_OPTIONS'),
      executorJavaOptions: options('SPARK_EXECUTOR_JAVA_OPTIONS'),
      app: '/opt/spark-app/app.py',
    });
    expect(args).toEqual(expected);
  });

  it("Spark's logging is that of the local runtime", () => {
    const properties = (text: string) =>
      Object.fromEntries(
        text
          .trim()
          .split('\n')
          .map((line) => /^(\S+?)\s*=\s*(.*)$/.exec(line)?.slice(1) ?? [line, ''])
          .map(([key = '', value = '']) => [key, value.replaceAll('\\', '')]),
      );
    const ofLocal = sparkLogging(runLayout('/run')).content;
    expect(properties(file.configs['spark-log4j2']?.content ?? '')).toEqual(properties(ofLocal));
  });
});

describe('docker-compose.yml is safe to leave running:', () => {
  it.each(SERVICES)('$name is bounded, cannot gain rights and sees no engine', ({ name }) => {
    const { mem_limit, logging, cap_drop, user, volumes = [], command } = service(name);
    expect(mem_limit).toMatch(/^\d+[mg]$/);
    expect(logging.options).toEqual({ 'max-size': '10m', 'max-file': '3' });
    expect(cap_drop).toEqual(['ALL']);
    expect(user ?? 'of the image').not.toMatch(/^(0|root)\b/);
    expect(JSON.stringify(volumes)).not.toContain('docker.sock');
    expect(command === undefined || Array.isArray(command)).toBe(true);
  });

  it("Kafka's data and both of ZooKeeper's are in named volumes", () => {
    expect(service('zookeeper').volumes).toEqual([
      'zookeeper-data:/var/lib/zookeeper/data',
      'zookeeper-log:/var/lib/zookeeper/log',
    ]);
    expect(service('kafka').volumes).toEqual(['kafka-data:/var/lib/kafka/data']);
    expect(Object.keys(file.volumes)).toEqual([
      ...['zookeeper-data', 'zookeeper-log', 'kafka-data', 'ivy-cache', 'dashboard-history'],
    ]);
  });

  it.each(SERVICES)(
    '$name has the named volumes that a wipe takes for it, and the kind of image',
    (entry) => {
      const { build, volumes = [] } = service(entry.name);
      const named = volumes.flatMap((volume) => (typeof volume === 'string' ? [volume.split(':')[0]] : []));
      expect(named).toEqual(entry.inContainer.volumes);
      expect(build !== undefined).toBe(entry.inContainer.image === 'built');
    },
  );

  it('driver and executors see the same output folder', () => {
    const outputs = (name: ServiceName) =>
      (service(name).volumes ?? []).filter(
        (volume) => typeof volume === 'object' && volume.target === '/opt/spark-output',
      );
    expect(outputs('spark-worker')).toHaveLength(1);
    expect(outputs('spark-worker')).toEqual(outputs('spark-streaming'));
  });

  it('binds are labelled for SELinux, which Compose does only where it may make the folder', () => {
    const binds = SERVICES.flatMap(({ name }) => service(name).volumes ?? []).flatMap((volume) =>
      typeof volume === 'object' && !volume.target.startsWith('/opt/checkout/') ? [volume] : [],
    );
    expect(binds).toHaveLength(10);
    for (const { bind } of binds) expect(bind).toEqual({ selinux: 'z', create_host_path: true });
  });

  it('an engine that does not see the checkout refuses it before it makes folders there', () => {
    expect(service('spark-worker').volumes).toContainEqual({
      type: 'bind',
      source: './spark-app/app.py',
      target: '/opt/checkout/app.py',
      read_only: true,
      bind: { create_host_path: false },
    });
  });

  it('the job finds its pipeline next to spark-app, and a PIPELINE that is none is refused before that', () => {
    expect(service('spark-streaming').environment['PIPELINE']).toBe('transactions');
    expect(service('spark-streaming').volumes).toContainEqual({
      type: 'bind',
      source: './pipelines/transactions',
      target: '/opt/pipelines/transactions',
      read_only: true,
      bind: { selinux: 'z', create_host_path: true },
    });
    expect(service('spark-worker').volumes).toContainEqual({
      type: 'bind',
      source: './pipelines/transactions/pipeline.json',
      target: '/opt/checkout/pipeline.json',
      read_only: true,
      bind: { create_host_path: false },
    });
  });

  it('topic and producer find the same pipeline, each where its program looks for it', () => {
    const folders = { 'kafka-init': '/opt/pipelines/transactions', producer: '/app/pipelines/transactions' };
    for (const [name, target] of Object.entries(folders)) {
      expect(service(name).volumes).toContainEqual({
        ...{ type: 'bind', source: './pipelines/transactions', target, read_only: true },
        bind: { selinux: 'z', create_host_path: true },
      });
    }
    expect(service('kafka-init').command?.at(-1)).toBe('/opt/pipelines/transactions/pipeline.json');
    expect(service('producer').environment['PIPELINE']).toBe('transactions');
  });

  it('the dashboard observes every service, reads the outputs, and writes only its history', () => {
    const { environment, volumes = [], user } = service('dashboard');
    const watched = readServices(String(environment['DASHBOARD_SERVICES']));
    expect(watched.map(({ name }) => name)).toEqual(SERVICES.map(({ name }) => name));
    expect(environment['OUTPUT_PATH']).toBe('/opt/spark-output/parquet');
    expect(volumes.map((volume) => (typeof volume === 'object' ? volume.read_only : volume))).toEqual([
      ...[true, true, 'dashboard-history:/var/lib/dashboard'],
    ]);
    expect(environment['DASHBOARD_HISTORY']).toBe('/var/lib/dashboard');
    expect(user).toBe(service('spark-streaming').user);
  });

  it("the producer's answer key is next to the outputs and belongs to their owner", () => {
    const { environment, volumes, user } = service('producer');
    expect(environment['ANSWER_KEY']).toBe(`/opt/spark-output/${ANSWER_KEY_FILE}`);
    expect(volumes).toContainEqual(expect.objectContaining({ target: '/opt/spark-output' }));
    expect(user).toBe(service('spark-streaming').user);
  });

  it('health checks ask with what every image has', () => {
    for (const { name } of SERVICES) {
      expect(service(name).healthcheck?.test.join(' ') ?? '').not.toMatch(/\b(curl|wget|nc)\b/);
    }
  });

  it("the producer's image has the package versions of this checkout", () => {
    const versionsOf = (path: string) => {
      const lock = JSON.parse(readFileSync(join(PROJECT_DIR, path), 'utf8')) as {
        packages: Record<string, { version?: string }>;
      };
      return Object.fromEntries(Object.entries(lock.packages).map(([name, { version }]) => [name, version]));
    };
    const { '': _itself, ...image } = versionsOf('producer/package-lock.json');
    expect(versionsOf('package-lock.json')).toMatchObject(image);
  });
});
