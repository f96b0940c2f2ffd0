import { availableParallelism } from 'node:os';
import { PRODUCER_SETTINGS } from './producer-settings.ts';
import {
  choice,
  duration,
  flag,
  folder,
  hosts,
  integer,
  jvmOptions,
  offsets,
  path,
  type SettingRow,
  type SettingRows,
  type SettingUser,
  text,
  topic,
  type ValueOf,
} from './setting-row.ts';

const port = integer(1, 65_535);
const id = integer(0, 4_294_967_294);

/**
 * Every setting. Only here and in PRODUCER_SETTINGS are settings written by hand. Flags
 * (`--kafka-topic` for KAFKA_TOPIC), environment and `.env` are read by it, and so are the
 * environments of producer and job. `npm run generate` writes from it `.env.example`, the README's
 * table, the environments and defaults of docker-compose.yml, and the table that the job reads.
 */
export const SETTING_TABLE = {
  RUNTIME: {
    takes: choice('auto', 'compose', 'local'),
    default: 'auto',
    usedBy: ['orchestrator'],
    meaning: 'How the services run: Docker Compose, local processes, or whichever the machine has',
  },
  PIPELINE: {
    takes: path('the name of a pipeline in pipelines/, or a folder with a pipeline.json'),
    default: 'transactions',
    usedBy: ['job', 'producer', 'dashboard'],
    meaning: 'The pipeline: a name in pipelines/, or a folder with a pipeline.json',
  },
  KAFKA_BOOTSTRAP_SERVERS: {
    takes: hosts,
    default: 'localhost:9094',
    defaultFor: { containers: 'kafka:9092' },
    isGivenByRuntime: true,
    usedBy: ['job', 'producer', 'dashboard'],
    meaning: 'Brokers: host:port[,host:port…]',
  },
  KAFKA_TOPIC: {
    takes: topic,
    defaultText: "the pipeline's",
    usedBy: ['kafka-init', 'job', 'producer', 'dashboard', 'verify'],
    meaning: 'The topic that carries the events',
  },
  KAFKA_TOPIC_PARTITIONS: {
    takes: integer(1, 1000),
    defaultText: "the pipeline's",
    usedBy: ['kafka-init'],
    meaning: 'Partitions of the topic when it is created',
  },
  KAFKA_ISOLATION_LEVEL: {
    takes: choice('read_committed', 'read_uncommitted'),
    default: 'read_committed',
    usedBy: ['job', 'dashboard', 'verify'],
    meaning: 'Whether records of open and aborted transactions are read: read_committed or read_uncommitted',
  },
  PRODUCERS: {
    takes: integer(0, 1),
    default: '1',
    usedBy: ['runtimes', 'dashboard'],
    meaning: 'Producers of the stack: 1, or 0 for your own events alone (--no-producer)',
  },
  ...PRODUCER_SETTINGS,
  OUTPUT_DIR: {
    takes: folder,
    default: './data/output',
    usedBy: ['runtimes'],
    meaning: 'Folder on this machine for outputs and checkpoints',
  },
  OUTPUT_PATH: {
    takes: path('a path or a Hadoop URI'),
    defaultFor: { containers: '/opt/spark-output/parquet' },
    defaultText: 'OUTPUT_DIR/parquet (/opt/spark-output/parquet in containers)',
    usedBy: ['job', 'dashboard'],
    meaning: 'Where the job writes: a path or any Hadoop URI',
  },
  OUTPUT_UID: {
    takes: id,
    defaultFor: { containers: '1000' },
    defaultText: 'the user who runs it (1000 in a bare docker compose up)',
    usedBy: ['runtimes'],
    meaning: 'User id of Spark in containers, which owns the outputs',
  },
  OUTPUT_GID: {
    takes: id,
    defaultFor: { containers: '1000' },
    defaultText: "that user's (1000 in a bare docker compose up)",
    usedBy: ['runtimes'],
    meaning: 'Group id that goes with OUTPUT_UID',
  },
  TRIGGER_INTERVAL: {
    takes: duration(),
    default: '30 seconds',
    usedBy: ['job', 'dashboard'],
    meaning: 'How often a micro-batch starts',
  },
  GOLD_TRIGGER_INTERVAL: {
    takes: duration(),
    defaultText: 'TRIGGER_INTERVAL, at least 10 seconds',
    usedBy: ['job', 'dashboard'],
    meaning: 'How often gold reads new files of silver',
  },
  MAX_OFFSETS_PER_TRIGGER: {
    takes: integer(1, 1_000_000_000),
    defaultText: 'unset',
    usedBy: ['job'],
    meaning:
      'Most records of one micro-batch; unset: 200,000 for each second of TRIGGER_INTERVAL, at least 2,000,000',
  },
  MAX_FILES_PER_SINK: {
    takes: integer(0, 1_000_000),
    default: '48',
    usedBy: ['job'],
    meaning: 'Files kept per sink, the newest; the parts of a micro-batch count as one; 0 = keep all',
  },
  SINK_FILES: {
    takes: choice('single', 'parallel'),
    default: 'single',
    usedBy: ['job'],
    meaning:
      'Files of a micro-batch and sink: a single one, or parallel: the executors write a file for each part',
  },
  STARTING_OFFSETS: {
    takes: offsets,
    default: 'earliest',
    usedBy: ['job'],
    meaning: 'Where a new checkpoint begins: earliest, latest, or JSON of the Kafka source',
  },
  FAIL_ON_DATA_LOSS: {
    takes: flag,
    default: 'true',
    usedBy: ['job'],
    meaning: 'Stop with an error when records vanished from the topic before they were read',
  },
  SHOW_PREVIEWS: {
    takes: choice('0', '1'),
    default: '0',
    usedBy: ['job'],
    meaning: "1 prints a few rows of every micro-batch to the job's log",
  },
  SPARK_VERSION: {
    takes: text('3\\.5\\.[1-7]', '3.5.1 to 3.5.7, the versions whose Kafka connector is published'),
    default: '3.5.7',
    usedBy: ['runtimes', 'spark-submit'],
    meaning: 'Spark, PySpark and the Kafka connector',
  },
  SPARK_SQL_SHUFFLE_PARTITIONS: {
    takes: integer(1, 10_000),
    default: '4',
    usedBy: ['job', 'spark-submit'],
    meaning: "Shuffle partitions; fixed at a checkpoint's first run",
  },
  SPARK_DRIVER_JAVA_OPTIONS: {
    takes: jvmOptions,
    default: '-XX:+UseSerialGC -XX:TieredStopAtLevel=1',
    usedBy: ['spark-submit'],
    meaning: "Options of the driver's JVM",
  },
  SPARK_EXECUTOR_JAVA_OPTIONS: {
    takes: jvmOptions,
    default: '-XX:+UseParallelGC -XX:NewRatio=1',
    usedBy: ['spark-submit'],
    meaning: "Options of the executors' JVMs",
  },
  SPARK_WORKERS: {
    takes: integer(1, 64),
    default: '1',
    usedBy: ['runtimes'],
    meaning: 'Spark workers; more than one needs Compose',
  },
  SPARK_WORKER_CORES: {
    takes: integer(1, 1024),
    default: String(availableParallelism()),
    // Spark's own default: the cores that a container sees.
    defaultFor: { containers: '' },
    defaultText: "the machine's cores",
    usedBy: ['spark-worker'],
    meaning: 'Cores that a worker offers',
  },
  SPARK_WORKER_MEMORY: {
    // An executor asks for 1g, Spark's default. With less it would wait for ever.
    takes: text(
      '[1-9][0-9]{0,3}[gG]|(?:102[4-9]|10[3-9][0-9]|1[1-9][0-9]{2}|[2-9][0-9]{3}|[1-9][0-9]{4,6})[mM]',
      'a size of 1g or more, such as 2g or 1536m',
    ),
    default: '2g',
    usedBy: ['spark-worker'],
    meaning: 'Memory that a worker offers to executors',
  },
  ZOOKEEPER_PORT: {
    takes: port,
    default: '2181',
    usedBy: ['runtimes'],
    meaning: 'ZooKeeper, on 127.0.0.1',
  },
  KAFKA_PORT: {
    takes: port,
    default: '9094',
    usedBy: ['runtimes'],
    meaning: 'Kafka for clients outside, on 127.0.0.1',
  },
  SPARK_MASTER_PORT: {
    takes: port,
    default: '7077',
    usedBy: ['runtimes'],
    meaning: 'Spark master, on 127.0.0.1',
  },
  SPARK_MASTER_UI_PORT: {
    takes: port,
    default: '8080',
    usedBy: ['runtimes'],
    meaning: "Spark master's web page",
  },
  SPARK_WORKER_UI_PORT: {
    takes: port,
    default: '8081',
    // A range, because each of several workers takes a port.
    defaultFor: { containers: '8081-8090' },
    usedBy: ['runtimes'],
    meaning: "Spark worker's web page",
  },
  SPARK_APP_UI_PORT: {
    takes: port,
    default: '4040',
    usedBy: ['runtimes'],
    meaning: "The job's own web page",
  },
  DASHBOARD_PORT: {
    takes: port,
    default: '5080',
    usedBy: ['runtimes'],
    meaning: 'The live page and its API, on 127.0.0.1',
  },
  RUN_DIR: {
    takes: folder,
    default: './data/run',
    usedBy: ['orchestrator'],
    meaning: 'Folder for logs, process state and the data of Kafka and ZooKeeper (local runtime)',
  },
} as const satisfies SettingRows;

type Table = typeof SETTING_TABLE;

/** The name of a setting of `up`, as in the environment. */
export type SettingName = {
  [Name in keyof Table]: Table[Name] extends { readonly isGivenByRuntime: true } ? never : Name;
}[keyof Table];

/** The name of a setting that a program reads, including those that a runtime gives. */
export type SettingNameOf<User extends SettingUser> = {
  [Name in keyof Table]: User extends Table[Name]['usedBy'][number] ? Name : never;
}[keyof Table];

/** The checked values of settings; those without a default may be undefined. */
export type SettingValues<Name extends keyof Table> = {
  readonly [Each in Name]: Table[Each] extends { readonly default: string }
    ? ValueOf<Table[Each]['takes']>
    : ValueOf<Table[Each]['takes']> | undefined;
};

/** The settings of `up`. */
export type Settings = SettingValues<SettingName>;

/** Whether a name is that of a setting of `up`. */
export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTING_TABLE, name) && !isGivenByRuntime(SETTING_TABLE[name as keyof Table]);
}

export const SETTING_NAMES = Object.keys(SETTING_TABLE).filter(isSettingName);

/** The rows that a program reads, by name and in the order of the table. */
export function rowsOf(
  user: SettingUser,
  table: SettingRows = SETTING_TABLE,
): readonly (readonly [string, SettingRow])[] {
  return Object.entries(table).filter(([, { usedBy }]) => usedBy.includes(user));
}

/** The settings of `up` that a program reads. */
export function settingNamesOf(user: SettingUser): readonly SettingName[] {
  return SETTING_NAMES.filter((name) => (SETTING_TABLE[name] as SettingRow).usedBy.includes(user));
}

function isGivenByRuntime(row: SettingRow): boolean {
  return row.isGivenByRuntime === true;
}

/**
 * Kafka's names of what a reader gets: no record of an open or aborted transaction, or all of them.
 */
export type IsolationLevel = Settings['KAFKA_ISOLATION_LEVEL'];
