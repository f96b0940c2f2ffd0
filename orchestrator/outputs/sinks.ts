import type { Pipeline } from '../pipeline/model.ts';

/**
 * What `ingest` writes, by the output contract: `<folder>/<prefix>_<YYYYmmdd_HHMMSS>_<batchId>.<extension>`, and with SINK_FILES=parallel
 * `…_<batchId>_<part>.<extension>`.
 */
export const SINKS = {
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

/** A sink, or a gold table by its name: its folder, its query and its checkpoint are named so, too. */
export type OutputName = SinkName | (string & {});

export const SINK_NAMES = Object.keys(SINKS) as readonly SinkName[];

export function isSinkName(name: OutputName): name is SinkName {
  return name in SINKS;
}

/** The files of a gold table are Parquet and begin with its name. */
export function fileNamesOf(output: OutputName): FileNames {
  return isSinkName(output) ? SINKS[output] : { prefix: output, extension: 'parquet' };
}

/** What a file holds, by its name. */
export interface FileContent {
  readonly batch: number;
  /** Which part of the micro-batch; undefined where the file has all of it. */
  readonly part: number | undefined;
}

/** What a file of an output holds; undefined when the name is not one that the job gives. */
export function contentOfFileName(output: OutputName, fileName: string): FileContent | undefined {
  const { prefix, extension } = fileNamesOf(output);
  if (!fileName.startsWith(`${prefix}_`) || !fileName.endsWith(`.${extension}`)) return undefined;
  const rest = fileName.slice(prefix.length, -extension.length - 1);
  const [, batch, part] = /^_\d{8}_\d{6}_(0|[1-9]\d{0,9})(?:_(0|[1-9]\d{0,4}))?$/.exec(rest) ?? [];
  if (batch === undefined) return undefined;
  return { batch: Number(batch), part: part === undefined ? undefined : Number(part) };
}

/** What a part's number is below. */
const PARTS = 100_000;

/**
 * A file as one number, which orders files by micro-batch and part: a micro-batch has one file, or parts that are numbered from 0. A gold query may
 * read the parts of a micro-batch in different ones of its own.
 */
export const fileNumber = ({ batch, part }: FileContent): number => batch * PARTS + (part ?? 0);

/** The micro-batch of a file; -1 for a negative number, which stands for files that are not known. */
export const batchOfFileNumber = (number: number): number => Math.floor(number / PARTS);

/** The same as SQL. */
export const batchOfFileNumberSql = (number: string): string => `(${number} // ${PARTS})`;

/** The same as `fileNumber`, as SQL. */
export const fileNumberSql = (batch: string, part: string): string =>
  `(${batch} * ${PARTS} + coalesce(${part}, 0))`;

/** The outputs of a pipeline in the order in which they are told: the sinks, and the gold tables before raw_csv. */
export function outputNames({ gold }: Pipeline): readonly OutputName[] {
  return ['bronze', 'silver', 'quarantine', ...gold.map(({ name }) => name), 'raw_csv'];
}
