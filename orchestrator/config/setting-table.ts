import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { ISOLATION_LEVELS } from '../core/isolation-level.ts';

/** One setting: how it is checked, its default as text, and what it means. */
interface SettingDefinition {
  readonly schema: z.ZodType<unknown, string>;
  /** The default as it would be written in `.env`; undefined where the runtime chooses or nothing is set. */
  readonly default?: string;
  /** What stands for the default in documents when it is not fixed. */
  readonly defaultText?: string;
  /** One line of meaning, for `--help`, `.env.example` and the settings table. */
  readonly meaning: string;
  readonly usedBy: string;
}

const integer = (min: number, max: number) => {
  const allowed = `a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, allowed)
    .transform(Number)
    .refine((value) => value >= min && value <= max, allowed);
};
const port = integer(1, 65_535);

/** What the supported file systems take: macOS has 1024 bytes for a path, all have 255 for a name in it. */
const LONGEST_PATH = 1000;
const LONGEST_NAME = 255;

/** A shell expands `~` only at the beginning of a word and `$HOME` only outside of '…': unexpanded, each is a folder of that name. */
const path = (what: string) =>
  z
    .string()
    .min(1, what)
    .regex(
      /^(?!~|\$\{?[A-Z_])/,
      `${what} without ~ or $HOME, which only a shell expands: write \${HOME}/… in .env, "$HOME/…" in a shell`,
    )
    .refine((text) => !/\p{Cc}/u.test(text), `${what} without line breaks and control characters`)
    .refine(
      (text) =>
        Buffer.byteLength(text) <= LONGEST_PATH &&
        text.split('/').every((name) => Buffer.byteLength(name) <= LONGEST_NAME),
      `${what} of at most ${LONGEST_PATH} bytes, with at most ${LONGEST_NAME} between slashes`,
    );
/** A URI, or a path of Windows, would become a folder named `hdfs:` or `C:`. */
const folder = path("a folder's path").regex(
  /^(?![a-z][a-z0-9+.-]*:[\\/])/i,
  "a folder's path as this machine has it, and no URI",
);
const text = (pattern: RegExp, allowed: string) => z.string().regex(pattern, allowed);

const INTERVAL = /^([0-9]{1,9})\s*(millisecond|second|minute|hour|day)s?$/i;

/** Spark counts an interval in microseconds of a long. */
const MOST_DAYS = 100_000;

/** A duration of Spark's, as Spark writes it: "5 seconds" for "5Seconds". */
const duration = z.string().transform((value, context) => {
  const [, count = '', unit = ''] = INTERVAL.exec(value) ?? [];
  const isRight = count !== '' && (unit.toLowerCase() !== 'day' || Number(count) <= MOST_DAYS);
  if (isRight) return `${Number(count)} ${unit.toLowerCase()}${Number(count) === 1 ? '' : 's'}`;
  context.addIssue('a count and a unit, such as "30 seconds" or "1 minute"');
  return z.NEVER;
});

/** Numbers such as 0.5 and 2e4. With -400 as its exponent a rate would become 0, which means as fast as it can. */
const ratePerSecond = z
  .string()
  .regex(/^\d+(\.\d+)?([eE](\+?\d{1,3}|-\d{1,2}))?$/, 'a number of 0 or more; 0 means as fast as it can')
  .transform(Number)
  .refine(Number.isFinite, 'a finite number of 0 or more; 0 means as fast as it can');

/** Kafka's rule for topic names: org.apache.kafka.common.internals.Topic. */
const TOPIC = /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/;

/** No quotes: Compose, spark-submit and the JVM each read the text their own way. Spark refuses a heap size here. */
const javaOptions = text(
  /^\s*(--?(?!Xm[sx])[a-zA-Z][\w.,:;=+/@%#~-]*(\s+|$))*$/,
  'JVM options with blanks between them, without quotes and without -Xms or -Xmx, such as "-XX:+UseG1GC -Duser.language=en"',
);

/** A share of the records, as text: the producer reads it again. */
const share = (most: number) => {
  const allowed = `a share from 0 to ${most}, such as 0.05`;
  return text(/^\d(\.\d{1,9})?$/, allowed).refine((value) => Number(value) <= most, allowed);
};

const eventsPerSecond = 'a number above 0 of events in a second of event time';

const flag = z.enum(['true', 'false'], { error: 'true or false' }).transform((value) => value === 'true');

/** The Kafka source's JSON for one topic: partitions, and an offset, -2 for the earliest, -1 for the latest. */
const offsetsOfTopic = z.record(
  z.string(),
  z
    .record(z.string().regex(/^[0-9]{1,9}$/), z.int().min(-2))
    .refine((offsets) => Object.keys(offsets).length > 0),
);

/** Its JSON is written anew, since `1.0` and `1e3` are whole numbers to JavaScript alone. */
const startingOffsets = z.string().transform((value, context) => {
  if (value === 'earliest' || value === 'latest') return value;
  const offsets = offsetsOfTopic.safeParse(parsedJson(value)).data;
  if (offsets && Object.keys(offsets).length === 1) return JSON.stringify(offsets);
  context.addIssue(
    'earliest, latest, or the Kafka source\'s JSON for one topic such as {"transactions":{"0":23,"1":-2}}',
  );
  return z.NEVER;
});

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The topic of checked STARTING_OFFSETS; undefined for a word. */
export function topicOfOffsets(offsets: string): string | undefined {
  return offsets.startsWith('{') ? Object.keys(JSON.parse(offsets) as object)[0] : undefined;
}

/**
 * Every setting, in the order of the documents. Environment, `.env` and flags (`--msgs-per-sec` for MSGS_PER_SEC) are
 * checked against this one table; the settings table of the README and `.env.example` are tested to equal it.
 */
export const SETTING_TABLE = {
  RUNTIME: {
    schema: z.enum(['auto', 'compose', 'local'], { error: 'auto, compose or local' }),
    default: 'auto',
    meaning: 'How the services run: Docker Compose, local processes, or whichever the machine has',
    usedBy: 'orchestrator',
  },
  PIPELINE: {
    schema: path('the name of a pipeline in pipelines/, or a folder with a pipeline.json'),
    default: 'transactions',
    meaning: 'The pipeline: a name in pipelines/, or a folder with a pipeline.json',
    usedBy: 'job',
  },
  KAFKA_TOPIC: {
    schema: text(TOPIC, '1 to 249 letters, digits, dots, underscores or hyphens, and not "." or ".."'),
    default: 'transactions',
    meaning: 'The topic that carries the transactions',
    usedBy: 'all',
  },
  KAFKA_TOPIC_PARTITIONS: {
    schema: integer(1, 1000),
    default: '3',
    meaning: 'Partitions of the topic when it is created',
    usedBy: 'kafka-init',
  },
  KAFKA_ISOLATION_LEVEL: {
    schema: z.enum(ISOLATION_LEVELS, { error: ISOLATION_LEVELS.join(' or ') }),
    default: 'read_committed',
    meaning: 'Whether records of open and aborted transactions are read: read_committed or read_uncommitted',
    usedBy: 'job, verify',
  },
  MSGS_PER_SEC: {
    schema: ratePerSecond,
    default: '5',
    meaning: 'Records a second that the producer sends; 0 = as fast as it can',
    usedBy: 'producer',
  },
  SCENARIO: {
    schema: z.enum(['clean', 'messy', 'late', 'burst', 'fraud'], {
      error: 'clean, messy, late, burst or fraud',
    }),
    default: 'clean',
    meaning: 'Faults put into the records: clean, messy, late, burst or fraud',
    usedBy: 'producer',
  },
  LATE_RATE: {
    schema: share(1),
    defaultText: 'by SCENARIO',
    meaning: 'Share of events that come late, by 90 seconds in the median',
    usedBy: 'producer',
  },
  DUPLICATE_RATE: {
    schema: share(1),
    defaultText: 'by SCENARIO',
    meaning: 'Share of records that repeat an earlier one',
    usedBy: 'producer',
  },
  MALFORMED_RATE: {
    schema: share(1),
    defaultText: 'by SCENARIO',
    meaning: 'Share of records that belong in quarantine',
    usedBy: 'producer',
  },
  OUT_OF_ORDER: {
    schema: share(1),
    defaultText: 'by SCENARIO',
    meaning: 'Share of events that up to 20 later ones overtake',
    usedBy: 'producer',
  },
  BURST: {
    schema: text(
      /^(off|\d{1,4}(\.\d{1,3})?x\d{1,6}\/\d{1,6})$/,
      'off, or FACTORxSECONDS/PERIOD such as 10x5/60: ten times the rate for 5 of every 60 seconds',
    ),
    defaultText: 'by SCENARIO',
    meaning: 'Bursts as FACTORxSECONDS/PERIOD, such as 10x5/60, or off',
    usedBy: 'producer',
  },
  HOT_KEY: {
    schema: share(1),
    defaultText: 'by SCENARIO',
    meaning: 'Share of records of one and the same card',
    usedBy: 'producer',
  },
  FRAUD_RATE: {
    schema: share(0.25),
    defaultText: 'by SCENARIO',
    meaning: 'Share of records that are payments with five stolen cards, at most 0.25',
    usedBy: 'producer',
  },
  SEED: {
    schema: text(/^\d{1,15}$/, 'a whole number of at most 15 digits'),
    defaultText: 'unset',
    meaning: 'A whole number that all records follow from, the same ones in every run',
    usedBy: 'producer',
  },
  EVENT_START: {
    schema: z.iso.datetime({
      offset: true,
      error: 'an ISO-8601 time with Z or an offset, such as 2026-01-01T00:00:00Z',
    }),
    defaultText: 'now',
    meaning: 'Time of the first event, ISO-8601; the others follow at EVENTS_PER_SEC',
    usedBy: 'producer',
  },
  EVENTS_PER_SEC: {
    schema: text(/^\d{1,7}(\.\d{1,6})?$/, eventsPerSecond).refine(
      (value) => Number(value) > 0,
      eventsPerSecond,
    ),
    defaultText: '5',
    meaning: 'Events in a second of event time, where SEED, EVENT_START or this is set',
    usedBy: 'producer',
  },
  DAY_NIGHT: {
    schema: z.enum(['0', '1'], { error: '0 or 1' }),
    default: '0',
    meaning: '1 lets cards be used where it is day',
    usedBy: 'producer',
  },
  MAX_RECORDS: {
    schema: text(/^[1-9]\d{0,14}$/, 'a whole number of 1 or more'),
    defaultText: 'unset',
    meaning: 'Records after which the producer has done enough',
    usedBy: 'producer',
  },
  DURATION: {
    schema: text(
      /^\s*0*[1-9]\d{0,8}\s*(millisecond|second|minute|hour|day)s?\s*$/i,
      'a count above 0 and a unit, such as "30 seconds" or "5 minutes"',
    ),
    defaultText: 'unset',
    meaning: 'Time after which the producer has done enough, such as "5 minutes"',
    usedBy: 'producer',
  },
  OUTPUT_DIR: {
    schema: folder,
    default: './data/output',
    meaning: 'Folder on this machine for outputs and checkpoints',
    usedBy: 'runtimes',
  },
  OUTPUT_PATH: {
    schema: path('a path or a Hadoop URI'),
    defaultText: 'OUTPUT_DIR/parquet (/opt/spark-output/parquet in containers)',
    meaning: 'Where the job writes: a path or any Hadoop URI',
    usedBy: 'job',
  },
  OUTPUT_UID: {
    schema: integer(0, 4_294_967_294),
    defaultText: 'whoever runs it (1000 in a bare docker compose up)',
    meaning: 'User id that Spark runs as in containers, and whom the outputs belong to',
    usedBy: 'Compose runtime',
  },
  OUTPUT_GID: {
    schema: integer(0, 4_294_967_294),
    defaultText: "that user's (1000 in a bare docker compose up)",
    meaning: 'Group id that goes with OUTPUT_UID',
    usedBy: 'Compose runtime',
  },
  TRIGGER_INTERVAL: {
    schema: duration,
    default: '30 seconds',
    meaning: 'How often a micro-batch starts',
    usedBy: 'job',
  },
  GOLD_TRIGGER_INTERVAL: {
    schema: duration,
    defaultText: 'TRIGGER_INTERVAL, at least 10 seconds',
    meaning: 'How often gold reads new files of silver',
    usedBy: 'job',
  },
  MAX_OFFSETS_PER_TRIGGER: {
    schema: integer(1, 1_000_000_000),
    defaultText: 'unset',
    meaning:
      'Most records of one micro-batch; unset: 200,000 for each second of TRIGGER_INTERVAL, at least 2,000,000',
    usedBy: 'job',
  },
  MAX_FILES_PER_SINK: {
    schema: integer(0, 1_000_000),
    default: '48',
    meaning: 'Files kept per sink, the newest; the parts of a micro-batch count as one; 0 = keep all',
    usedBy: 'job',
  },
  SINK_FILES: {
    schema: z.enum(['single', 'parallel'], { error: 'single or parallel' }),
    default: 'single',
    meaning:
      'Files of a micro-batch and sink: a single one, or parallel: the executors write a file for each part',
    usedBy: 'job',
  },
  STARTING_OFFSETS: {
    schema: startingOffsets,
    default: 'earliest',
    meaning: 'Where a new checkpoint begins: earliest, latest, or JSON of the Kafka source',
    usedBy: 'job',
  },
  FAIL_ON_DATA_LOSS: {
    schema: flag,
    default: 'true',
    meaning: 'Stop with an error when records vanished from the topic before they were read',
    usedBy: 'job',
  },
  SHOW_PREVIEWS: {
    schema: z.enum(['0', '1'], { error: '0 or 1' }),
    default: '0',
    meaning: "1 prints a few rows of every micro-batch to the job's log",
    usedBy: 'job',
  },
  SPARK_VERSION: {
    schema: text(/^3\.5\.[1-7]$/, '3.5.1 to 3.5.7, the versions whose Kafka connector is published'),
    default: '3.5.7',
    meaning: 'Spark, PySpark and the Kafka connector',
    usedBy: 'images, connector, local runtime',
  },
  SPARK_SQL_SHUFFLE_PARTITIONS: {
    schema: integer(1, 10_000),
    default: '4',
    meaning: "Shuffle partitions; fixed at a checkpoint's first run",
    usedBy: 'job',
  },
  SPARK_DRIVER_JAVA_OPTIONS: {
    schema: javaOptions,
    default: '-XX:+UseSerialGC -XX:TieredStopAtLevel=1',
    meaning: "Options of the driver's JVM",
    usedBy: 'job',
  },
  SPARK_EXECUTOR_JAVA_OPTIONS: {
    schema: javaOptions,
    default: '-XX:+UseParallelGC -XX:NewRatio=1',
    meaning: "Options of the executors' JVMs",
    usedBy: 'job',
  },
  SPARK_WORKERS: {
    schema: integer(1, 64),
    default: '1',
    meaning: 'Spark workers; more than one needs Compose',
    usedBy: 'runtimes',
  },
  SPARK_WORKER_CORES: {
    schema: integer(1, 1024),
    default: String(availableParallelism()),
    defaultText: "the machine's cores",
    meaning: 'Cores that a worker offers',
    usedBy: 'worker',
  },
  SPARK_WORKER_MEMORY: {
    // An executor asks for 1g, Spark's default: with less it would wait for ever.
    schema: text(
      /^([1-9]\d{0,3}g|102[4-9]m|10[3-9]\dm|1[1-9]\d\dm|[2-9]\d{3}m|[1-9]\d{4,6}m)$/i,
      'a size of 1g or more, such as 2g or 1536m',
    ),
    default: '2g',
    meaning: 'Memory that a worker offers to executors',
    usedBy: 'worker',
  },
  ZOOKEEPER_PORT: { schema: port, default: '2181', meaning: 'ZooKeeper, on 127.0.0.1', usedBy: 'runtimes' },
  KAFKA_PORT: {
    schema: port,
    default: '9094',
    meaning: 'Kafka for clients outside, on 127.0.0.1',
    usedBy: 'runtimes',
  },
  SPARK_MASTER_PORT: {
    schema: port,
    default: '7077',
    meaning: 'Spark master, on 127.0.0.1',
    usedBy: 'runtimes',
  },
  SPARK_MASTER_UI_PORT: {
    schema: port,
    default: '8080',
    meaning: "Spark master's web page",
    usedBy: 'runtimes',
  },
  SPARK_WORKER_UI_PORT: {
    schema: port,
    default: '8081',
    meaning: "Spark worker's web page",
    usedBy: 'runtimes',
  },
  SPARK_APP_UI_PORT: { schema: port, default: '4040', meaning: "The job's own web page", usedBy: 'runtimes' },
  RUN_DIR: {
    schema: folder,
    default: './data/run',
    meaning: 'Folder for logs, process state and the data of Kafka and ZooKeeper (local runtime)',
    usedBy: 'local runtime',
  },
} as const satisfies Record<string, SettingDefinition>;

/** The name of a setting, as in the environment. */
export type SettingName = keyof typeof SETTING_TABLE;

export const SETTING_NAMES = Object.keys(SETTING_TABLE) as readonly SettingName[];

/** The checked values; settings without a default may be undefined. */
export type Settings = {
  readonly [Name in SettingName]: (typeof SETTING_TABLE)[Name] extends { readonly default: string }
    ? z.output<(typeof SETTING_TABLE)[Name]['schema']>
    : z.output<(typeof SETTING_TABLE)[Name]['schema']> | undefined;
};
