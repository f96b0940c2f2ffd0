/**
 * The sides that drain the topic by default: the five-query job, the product's job, Spark's own
 * file sink of parsed rows, reading alone.
 */
export const SIDES = ['baseline', 'medallion', 'parquet', 'noop'] as const;

/** The product's job from another checkout, such as the commit before a change. */
export const OTHER = 'other';

export type Side = (typeof SIDES)[number] | typeof OTHER;

/** A side's name in tables. */
export const SIDE_TITLES: Readonly<Record<Side, string>> = {
  baseline: 'five-query job',
  medallion: 'medallion-stream',
  parquet: 'Kafka → Parquet, parsed',
  noop: 'Kafka → noop',
  other: 'another checkout',
};
