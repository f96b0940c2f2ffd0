import { shownValue } from '../../producer/errors.ts';
import type { Pipeline } from '../pipeline/model.ts';
import { localPath } from '../util/files.ts';
import { ProductError } from '../util/product-error.ts';
import { userCommand } from '../util/user-command.ts';

/**
 * The outputs of `ingest` by the output contract:
 * `<folder>/<prefix>_<YYYYmmdd_HHMMSS>_<batchId>.<extension>`, and with SINK_FILES=parallel
 * `…_<batchId>_<part>.<extension>`.
 */
const SINKS = {
  bronze: { prefix: 'bronze', extension: 'parquet' },
  silver: { prefix: 'silver', extension: 'parquet' },
  quarantine: { prefix: 'quarantine', extension: 'parquet' },
  raw_csv: { prefix: 'raw', extension: 'csv' },
} as const satisfies Record<string, FileNames>;

/** How the files of a folder are named. */
export interface FileNames {
  readonly prefix: string;
  readonly extension: 'parquet' | 'csv';
}

/** A sink of `ingest`, which is also its folder below OUTPUT_PATH. */
export type SinkName = keyof typeof SINKS;

/** A sink, or a gold table by its name, which its folder, query and checkpoint have as well. */
export type OutputName = SinkName | (string & {});

export const SINK_NAMES = Object.keys(SINKS) as readonly SinkName[];

export function isSinkName(name: OutputName): name is SinkName {
  return name in SINKS;
}

/** The files of a gold table are Parquet and begin with its name. */
export function fileNamesOf(output: OutputName): FileNames {
  return isSinkName(output) ? SINKS[output] : { prefix: output, extension: 'parquet' };
}

/** What a file holds, derived from its name. */
export interface FileContent {
  readonly batch: number;
  /** The part of the micro-batch. Undefined for a file that holds all of it. */
  readonly part: number | undefined;
}

/** What a file of an output holds. Undefined when the job does not give such names. */
export function contentOfFileName(output: OutputName, fileName: string): FileContent | undefined {
  const { prefix, extension } = fileNamesOf(output);
  if (!fileName.startsWith(`${prefix}_`) || !fileName.endsWith(`.${extension}`)) return undefined;
  const rest = fileName.slice(prefix.length, -extension.length - 1);
  const [, batch, part] = /^_\d{8}_\d{6}_(0|[1-9]\d{0,9})(?:_(0|[1-9]\d{0,4}))?$/.exec(rest) ?? [];
  if (batch === undefined) return undefined;
  return { batch: Number(batch), part: part === undefined ? undefined : Number(part) };
}

/** The numbers of parts are below this. */
const PARTS = 100_000;

/**
 * A file as one number, which orders files by micro-batch and part: a micro-batch has one file, or
 * parts numbered from 0. Different micro-batches of a gold query may read the parts of one
 * micro-batch.
 */
export const fileNumber = ({ batch, part }: FileContent): number => batch * PARTS + (part ?? 0);

/** The micro-batch of a file. -1 for a negative number, which stands for unknown files. */
export const batchOfFileNumber = (number: number): number => Math.floor(number / PARTS);

/** Like `batchOfFileNumber`, as SQL. */
export const batchOfFileNumberSql = (number: string): string => `(${number} // ${PARTS})`;

/** Like `fileNumber`, as SQL. */
export const fileNumberSql = (batch: string, part: string): string =>
  `(${batch} * ${PARTS} + coalesce(${part}, 0))`;

/**
 * The outputs of a pipeline in the order in which they are shown: the sinks, with the gold tables
 * before raw_csv.
 */
export function outputNames({ gold }: Pipeline): readonly OutputName[] {
  return ['bronze', 'silver', 'quarantine', ...gold.map(({ name }) => name), 'raw_csv'];
}

/** The error for outputs without any data. */
export function noData(outputPath: string): ProductError {
  return new ProductError('NO_DATA', {
    message: `No micro-batch has left rows in ${outputPath} yet.`,
    hint: `See with \`${userCommand('status')}\` whether the stack is up; the first rows follow its first trigger, gold after about six minutes of event time.`,
  });
}

/** The error for files that were pruned or replaced faster than they could be read. */
export function outputChanged(cause: unknown): ProductError {
  return new ProductError('OUTPUT_CHANGED', {
    message:
      'Files were pruned or replaced while they were read, and so again each time the reading started over.',
    hint: 'Run it again; MAX_FILES_PER_SINK=0 keeps all files.',
    cause,
  });
}

/**
 * The error for a file among the outputs that is not as Spark or the job writes it.
 * @param message one sentence that names the file
 */
export function outputDamaged(message: string, cause?: unknown): ProductError {
  return new ProductError('OUTPUT_DAMAGED', {
    message,
    hint: `Bring the file back, or start afresh with \`${userCommand('reset', '--keep-topic')}\`, which processes the topic again.`,
    cause,
  });
}

/**
 * The folder that an OUTPUT_PATH names, for operations that need the local disk.
 * @throws ProductError OUTPUT_NOT_LOCAL
 */
export function localOutputPath(outputPath: string): string {
  const path = localPath(outputPath);
  if (path !== undefined) return path;
  throw new ProductError('OUTPUT_NOT_LOCAL', {
    message: `OUTPUT_PATH=${shownValue(outputPath)} is not on the local disk; only a path or a file: URI can be read.`,
    hint: `Read it with a tool for that storage, or set OUTPUT_PATH to a local folder and run \`${userCommand('up')}\`.`,
  });
}

/**
 * The file in OUTPUT_DIR in which the producer records the faults that it has put into the records,
 * as JSON lines. It describes the topic's records, so it is kept and wiped with the topic.
 */
export const ANSWER_KEY_FILE = 'answer-key.jsonl';
