/** What drains the topic: the five-query job, the product's job, Spark's own file sink of parsed rows, reading alone. */
export const SIDES = ['baseline', 'medallion', 'parquet', 'noop'] as const;

export type Side = (typeof SIDES)[number];

/** A side's name in tables and plots. */
export const SIDE_TITLES: Readonly<Record<Side, string>> = {
  baseline: 'five-query job',
  medallion: 'medallion-stream',
  parquet: 'Kafka → Parquet, parsed',
  noop: 'Kafka → noop',
};
