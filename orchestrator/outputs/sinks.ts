/** What the job writes, by the output contract: `<folder>/<prefix>_<YYYYmmdd_HHMMSS>_<batchId>.<extension>`. */
export const SINKS = {
  bronze: { query: 'medallion', prefix: 'bronze', extension: 'parquet' },
  silver: { query: 'medallion', prefix: 'silver', extension: 'parquet' },
  quarantine: { query: 'medallion', prefix: 'quarantine', extension: 'parquet' },
  gold: { query: 'gold', prefix: 'gold', extension: 'parquet' },
  raw_csv: { query: 'medallion', prefix: 'raw', extension: 'csv' },
} as const satisfies Record<
  string,
  {
    /** The streaming query that writes it, which is also its checkpoint's folder in `_chk`. */
    query: 'medallion' | 'gold';
    prefix: string;
    extension: 'parquet' | 'csv';
  }
>;

/** A sink, which is also its folder below OUTPUT_PATH. */
export type SinkName = keyof typeof SINKS;

export const SINK_NAMES = Object.keys(SINKS) as readonly SinkName[];

/** The streaming queries, each with its checkpoint in `_chk/<query>`. */
export type QueryName = (typeof SINKS)[SinkName]['query'];

/** The micro-batch that a file of a sink holds; undefined when the name is not one that the job gives. */
export function batchOfFileName(sink: SinkName, fileName: string): number | undefined {
  const { prefix, extension } = SINKS[sink];
  const match = /^([a-z]+)_\d{8}_\d{6}_(0|[1-9]\d{0,14})\.([a-z]+)$/.exec(fileName);
  return match && match[1] === prefix && match[3] === extension ? Number(match[2]) : undefined;
}
