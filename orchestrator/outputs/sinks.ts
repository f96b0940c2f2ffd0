import type { Pipeline } from '../pipeline/model.ts';

/** What `ingest` writes, by the output contract: `<folder>/<prefix>_<YYYYmmdd_HHMMSS>_<batchId>.<extension>`. */
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

/** The micro-batch that a file of an output holds; undefined when the name is not one that the job gives. */
export function batchOfFileName(output: OutputName, fileName: string): number | undefined {
  const { prefix, extension } = fileNamesOf(output);
  if (!fileName.startsWith(`${prefix}_`) || !fileName.endsWith(`.${extension}`)) return undefined;
  const rest = fileName.slice(prefix.length, -extension.length - 1);
  const [, batch] = /^_\d{8}_\d{6}_(0|[1-9]\d{0,14})$/.exec(rest) ?? [];
  return batch === undefined ? undefined : Number(batch);
}

/** The outputs of a pipeline in the order in which they are told: the sinks, and the gold tables before raw_csv. */
export function outputNames({ gold }: Pipeline): readonly OutputName[] {
  return ['bronze', 'silver', 'quarantine', ...gold.map(({ name }) => name), 'raw_csv'];
}
