import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kafkaInit } from '../../services/kafka-init.ts';
import { serviceNamed } from '../../services/service.ts';
import type { ServiceName } from '../../services/service-name.ts';
import { SERVICE_NAMES, SERVICES } from '../../services/services.ts';
import { loadSettings } from '../../settings/load-settings.ts';
import { type SettingName, settingNamesOf } from '../../settings/setting-table.ts';
import { stackConfig } from '../../settings/stack-config.ts';
import { runLayout, type Toolchain } from './launch.ts';
import { localOutputPath } from './local-runtime.ts';
import { serviceLaunch } from './process-launch.ts';

const toolchain: Toolchain = {
  javaHome: '/java',
  python: '/venv/bin/python',
  sparkHome: '/venv/pyspark',
  kafkaJars: '/jars',
  ivyDir: '/ivy dir',
  jvmTrustOptions: ['-Djavax.net.ssl.trustStore=/trust'],
};

const caller = {
  PATH: '/bin',
  HOME: '/home/me',
  HTTPS_PROXY: 'http://proxy:3128',
  no_proxy: 'localhost',
  NODE_EXTRA_CA_CERTS: '/ca.pem',
  AWS_SECRET_ACCESS_KEY: 'hunter2',
  SPARK_HOME: '/other/spark',
  PYTHONPATH: '/other/python',
  NODE_OPTIONS: '--inspect',
  JAVA_TOOL_OPTIONS: '-agentlib:jdwp',
  KAFKA_OPTS: '-Dother',
  LANG: 'fa_IR.UTF-8',
  LC_NUMERIC: 'fa_IR.UTF-8',
};

const PIPELINE_FOLDER = join(import.meta.dirname, '../../../pipelines/transactions');

function launch(service: ServiceName, environment: Record<string, string> = {}, installDir?: string) {
  // It alone reads the pipeline, which /checkout does not have.
  const pipeline = service === kafkaInit.name ? { PIPELINE: PIPELINE_FOLDER } : {};
  const all = {
    ...caller,
    ...pipeline,
    RUN_DIR: '/stack/run, 1',
    OUTPUT_DIR: '/stack/output',
    ...environment,
  };
  const config = stackConfig(
    loadSettings({ flags: {}, environment: all, projectDir: '/nonexistent' }),
    '/checkout',
    all,
    installDir,
  );
  return serviceLaunch(serviceNamed(SERVICES, service), {
    config,
    layout: runLayout(config.runDir),
    toolchain: () => toolchain,
    outputPath: localOutputPath(config),
  });
}

const fileOf = (service: ServiceName, name: string, environment?: Record<string, string>) =>
  launch(service, environment)
    .files.find(({ path }) => path.endsWith(`/${name}`))
    ?.content.split('\n') ?? [];

const confOf = (args: readonly string[]) =>
  Object.fromEntries(
    args.flatMap((arg, index) => {
      if (args[index - 1] !== '--conf') return [];
      const [key = '', ...value] = arg.split('=');
      return [[key, value.join('=')]];
    }),
  );

describe('the command of every service', () => {
  it.each(SERVICE_NAMES)('%s inherits only what the machine and the network need', (service) => {
    const { env } = launch(service).spec;
    expect(env).toMatchObject({
      PATH: '/bin',
      HOME: '/home/me',
      HTTPS_PROXY: 'http://proxy:3128',
      no_proxy: 'localhost,127.0.0.1,::1',
      NO_PROXY: 'localhost,127.0.0.1,::1',
      LC_ALL: process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8',
      NODE_EXTRA_CA_CERTS: '/ca.pem',
      MEDALLION_STREAM_RUN_DIR: '/stack/run, 1',
    });
    for (const foreign of [
      'LANG',
      'LC_NUMERIC',
      'PYTHONPATH',
      'NODE_OPTIONS',
      'JAVA_TOOL_OPTIONS',
      'KAFKA_OPTS',
    ]) {
      expect(env).not.toHaveProperty(foreign);
    }
    expect(env['SPARK_HOME']).not.toBe('/other/spark');
  });

  it.each(SERVICE_NAMES)('%s has no secret on its command line or in its files', (service) => {
    const { spec, files } = launch(service);
    expect(JSON.stringify([spec.command, spec.args, files])).not.toContain('hunter2');
  });
});

it.each(['zookeeper', 'kafka', 'spark-master', 'spark-worker'] as const)(
  '%s speaks English whatever the system prefers',
  (service) => {
    const { args } = launch(service).spec;
    expect(args.slice(0, args.indexOf('-cp'))).toEqual(
      expect.arrayContaining(['-Duser.language=en', '-Duser.country=US']),
    );
  },
);

describe('ZooKeeper', () => {
  it('serves one address and does not open its admin server', () => {
    expect(fileOf('zookeeper', 'zoo.cfg', { ZOOKEEPER_PORT: '12181' })).toEqual(
      expect.arrayContaining([
        'clientPort=12181',
        'clientPortAddress=127.0.0.1',
        'admin.enableServer=false',
        '4lw.commands.whitelist=srvr',
        'dataDir=./data',
        'dataLogDir=./log',
      ]),
    );
  });

  it('is run by the Java and the jars of the toolchain, in its own folder', () => {
    const { spec, folders } = launch('zookeeper');
    expect(spec).toMatchObject({ command: '/java/bin/java', cwd: '/stack/run, 1/zookeeper', kind: 'daemon' });
    expect(spec.args.slice(-4)).toEqual([
      '-cp',
      '/jars/*',
      'org.apache.zookeeper.server.quorum.QuorumPeerMain',
      './zoo.cfg',
    ]);
    expect(folders).toContain('/stack/run, 1/zookeeper/data');
  });
});

describe('Kafka', () => {
  it('listens on the loopback address and is reached as localhost', () => {
    const file = fileOf('kafka', 'server.properties', { KAFKA_PORT: '19094', ZOOKEEPER_PORT: '12181' });
    expect(file).toEqual(
      expect.arrayContaining([
        'zookeeper.connect=127.0.0.1\\:12181',
        'listeners=EXTERNAL\\://127.0.0.1\\:19094',
        'advertised.listeners=EXTERNAL\\://localhost\\:19094',
        'auto.create.topics.enable=false',
        'log.dirs=data',
      ]),
    );
  });

  it('keeps its data in RUN_DIR even when that has a comma', () => {
    const { spec, folders } = launch('kafka');
    expect(spec.cwd).toBe('/stack/run, 1/kafka');
    expect(folders).toContain('/stack/run, 1/kafka/data');
  });
});

describe('the Spark daemons', () => {
  it('are started without the scripts, on the ports of the settings and no other', () => {
    const ports = {
      SPARK_MASTER_PORT: '17077',
      SPARK_MASTER_UI_PORT: '18080',
      SPARK_WORKER_UI_PORT: '18081',
    };
    const master = launch('spark-master', ports).spec;
    expect(master.command).toBe('/java/bin/java');
    expect(master.args.join(' ')).toMatch(
      / -cp \/stack\/run, 1\/spark-conf:\/venv\/pyspark\/jars\/\* org\.apache\.spark\.deploy\.master\.Master --host 127\.0\.0\.1 --port 17077 --webui-port 18080$/,
    );
    const worker = launch('spark-worker', {
      ...ports,
      SPARK_WORKER_CORES: '3',
      SPARK_WORKER_MEMORY: '1536m',
    }).spec;
    expect(worker.args.slice(-12)).toEqual([
      ...['org.apache.spark.deploy.worker.Worker', '--host', '127.0.0.1', '--webui-port', '18081'],
      ...['--cores', '3', '--memory', '1536m', '--work-dir', '/stack/run, 1/spark-work'],
      'spark://127.0.0.1:17077',
    ]);
    for (const { args, env } of [master, worker]) {
      expect(args).toContain('-Dspark.port.maxRetries=0');
      expect(env).toMatchObject({
        SPARK_LOCAL_IP: '127.0.0.1',
        SPARK_HOME: '/venv/pyspark',
        JAVA_HOME: '/java',
        SPARK_CONF_DIR: '/stack/run, 1/spark-conf',
      });
    }
  });

  it('remember applications over a crash, and forget their files in time', () => {
    expect(launch('spark-master').spec.args).toContain('-Dspark.deploy.recoveryMode=FILESYSTEM');
    expect(launch('spark-worker').spec.args).toContain('-Dspark.worker.cleanup.enabled=true');
  });
});

it("a service is the product's, and its pipeline the user's, where these are two folders", () => {
  const of = (service: ServiceName) => launch(service, {}, '/opt/medallion-stream').spec;
  const job = of('spark-streaming');
  expect(job.args.at(-1)).toBe('file:///opt/medallion-stream/spark-app/app.py');
  expect(job.env['PIPELINE']).toBe('/checkout/pipelines/transactions');
  expect(of('producer').args.at(-1)).toBe('/opt/medallion-stream/producer/main.ts');
  expect(of('producer').env['PIPELINE']).toBe('/checkout/pipelines/transactions');
});

describe('the job', () => {
  it('is submitted with its connector, bound to the loopback address', () => {
    const { spec } = launch('spark-streaming', { SPARK_VERSION: '3.5.6', SPARK_APP_UI_PORT: '14040' });
    expect(spec.command).toBe('/venv/pyspark/bin/spark-submit');
    expect(spec.args.slice(0, 2)).toEqual(['--master', 'spark://127.0.0.1:7077']);
    expect(spec.args[spec.args.indexOf('--packages') + 1]).toBe(
      'org.apache.spark:spark-sql-kafka-0-10_2.12:3.5.6',
    );
    expect(spec.args.at(-1)).toBe('file:///checkout/spark-app/app.py');
    expect(confOf(spec.args)).toMatchObject({
      'spark.jars.ivy': '/ivy dir',
      'spark.driver.host': '127.0.0.1',
      'spark.driver.bindAddress': '127.0.0.1',
      'spark.ui.port': '14040',
      'spark.sql.shuffle.partitions': '4',
      'spark.driver.extraJavaOptions':
        '-Duser.language=en -Duser.country=US -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.net.preferIPv4Stack=true "-Djava.io.tmpdir=/stack/run, 1/scratch"',
    });
  });

  it('gives its JVMs their options, which come after the defaults', () => {
    const settings = {
      SPARK_DRIVER_JAVA_OPTIONS: ' -XX:+UseG1GC  -Da=/b',
      SPARK_EXECUTOR_JAVA_OPTIONS: '-XX:+UseZGC',
    };
    const conf = confOf(launch('spark-streaming', settings).spec.args);
    expect(conf['spark.driver.extraJavaOptions']).toMatch(
      /^-Duser.language=en -Duser.country=US -XX:\+UseG1GC -Da=\/b -Djava\.net/,
    );
    expect(conf['spark.executor.extraJavaOptions']).toMatch(
      /^-Duser.language=en -Duser.country=US -XX:\+UseZGC -Djava\.net/,
    );
  });

  it("trusts the machine's private authorities where Ivy runs and where executors do", () => {
    const { spec } = launch('spark-streaming');
    expect(spec.env['SPARK_SUBMIT_OPTS']).toBe('-Djavax.net.ssl.trustStore=/trust');
    expect(confOf(spec.args)['spark.executor.extraJavaOptions']).toContain(
      '-Djavax.net.ssl.trustStore=/trust',
    );
  });

  it('gets every setting that it reads, and none that is not set', () => {
    const { env } = launch('spark-streaming', {
      TRIGGER_INTERVAL: '5 seconds',
      MAX_FILES_PER_SINK: '0',
      SINK_FILES: 'parallel',
      FAIL_ON_DATA_LOSS: 'false',
      KAFKA_ISOLATION_LEVEL: 'read_uncommitted',
    }).spec;
    expect(env).toMatchObject({
      KAFKA_BOOTSTRAP_SERVERS: 'localhost:9094',
      KAFKA_ISOLATION_LEVEL: 'read_uncommitted',
      OUTPUT_PATH: 'file:///stack/output/parquet',
      TRIGGER_INTERVAL: '5 seconds',
      MAX_FILES_PER_SINK: '0',
      SINK_FILES: 'parallel',
      STARTING_OFFSETS: 'earliest',
      FAIL_ON_DATA_LOSS: 'false',
      SHOW_PREVIEWS: '0',
      SPARK_SQL_SHUFFLE_PARTITIONS: '4',
    });
    // Then the job takes the pipeline's.
    expect(env).not.toHaveProperty('KAFKA_TOPIC');
    expect(env).not.toHaveProperty('MAX_OFFSETS_PER_TRIGGER');
    expect(env).not.toHaveProperty('GOLD_TRIGGER_INTERVAL');
    const given = { KAFKA_TOPIC: 'mine', MAX_OFFSETS_PER_TRIGGER: '99', GOLD_TRIGGER_INTERVAL: '1 minute' };
    expect(launch('spark-streaming', given).spec.env).toMatchObject(given);
  });

  it.each([
    ['transactions', '/checkout/pipelines/transactions'],
    ['./mine/orders', '/checkout/mine/orders'],
    ['/mine/orders', '/mine/orders'],
  ])('reads the PIPELINE %s in %s', (value, expected) => {
    expect(launch('spark-streaming', { PIPELINE: value }).spec.env['PIPELINE']).toBe(expected);
  });

  it.each([
    ['s3a://bucket/x', 's3a://bucket/x'],
    ['./out', 'file:///checkout/out'],
    ['/abs/out', 'file:///abs/out'],
    ['/a b#c%20d[1]é', 'file:///a%20b%23c%2520d%5B1%5D%C3%A9'],
  ])('writes to OUTPUT_PATH=%s as %s', (value, expected) => {
    expect(launch('spark-streaming', { OUTPUT_PATH: value }).spec.env['OUTPUT_PATH']).toBe(expected);
  });
});

describe('the Node programs', () => {
  it('load TypeScript wherever they are started, and get their settings', () => {
    const { spec } = launch('producer', { MSGS_PER_SEC: '0.5' });
    expect(spec.command).toBe(process.execPath);
    expect(spec.args[0]).toBe('--import');
    expect(spec.args[1]).toMatch(/^file:\/\/\/.*tsx/);
    expect(spec.args[2]).toBe('/checkout/producer/main.ts');
    expect(spec.env).toMatchObject({ MSGS_PER_SEC: '0.5', PIPELINE: '/checkout/pipelines/transactions' });
    expect(spec.env).not.toHaveProperty('SEED');
    const init = launch('kafka-init', { KAFKA_TOPIC_PARTITIONS: '6' }).spec;
    expect(init.kind).toBe('one-shot');
    expect(init.env).toMatchObject({
      KAFKA_TOPIC: 'transactions',
      KAFKA_TOPIC_PARTITIONS: '6',
      KAFKA_BOOTSTRAP_SERVERS: 'localhost:9094',
    });
  });

  it('give the producer every setting that is meant for it, and the place of its answer key', () => {
    const values: Partial<Record<SettingName, string>> = {
      ...{ MSGS_PER_SEC: '0.5', SCENARIO: 'messy', SEED: '42', EVENT_START: '2026-01-01T00:00:00Z' },
      ...{ EVENTS_PER_SEC: '2.5', DAY_NIGHT: '1', LATE_RATE: '0.1', DUPLICATE_RATE: '0.2', BURST: '10x5/60' },
      ...{ MALFORMED_RATE: '0.3', OUT_OF_ORDER: '0.4', HOT_KEY: '0.5', FRAUD_RATE: '0.1' },
      ...{ MAX_RECORDS: '1000', DURATION: '5 minutes' },
    };
    const own = settingNamesOf('producer').filter((name) => !['KAFKA_TOPIC', 'PIPELINE'].includes(name));
    expect(Object.keys(values).toSorted()).toEqual([...own].toSorted());
    expect(launch('producer', values).spec.env).toMatchObject({
      ...values,
      ANSWER_KEY: '/stack/output/answer-key.jsonl',
    });
  });
});
