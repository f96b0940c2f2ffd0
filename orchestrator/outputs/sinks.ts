/** What the job writes, by the output contract: `<folder>/<prefix>_<YYYYmmdd_HHMMSS>_<batchId>.<extension>`. */
export const SINKS = {
  bronze: { prefix: 'bronze', extension: 'parquet' },
  silver: { prefix: 'silver', extension: 'parquet' },
  quarantine: { prefix: 'quarantine', extension: 'parquet' },
  gold: { prefix: 'gold', extension: 'parquet' },
  raw_csv: { prefix: 'raw', extension: 'csv' },
} as const satisfies Record<
  string,
  {
    prefix: string;
    extension: 'parquet' | 'csv';
  }
>;

/** A sink, which is also its folder below OUTPUT_PATH. */
export type SinkName = keyof typeof SINKS;

export const SINK_NAMES = Object.keys(SINKS) as readonly SinkName[];

/** The micro-batch that a file of a sink holds; undefined when the name is not one that the job gives. */
export function batchOfFileName(sink: SinkName, fileName: string): number | undefined {
  const { prefix, extension } = SINKS[sink];
  const match = /^([a-z]+)_\d{8}_\d{6}_(0|[1-9]\d{0,14})\.([a-z]+)$/.exec(fileName);
  return match && match[1] === prefix && match[3] === extension ? Number(match[2]) : undefined;
}
