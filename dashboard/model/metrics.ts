import type { Snapshot } from './snapshot.ts';

/** Facts about the dashboard's own process, which are no part of a snapshot. */
export interface ProcessFacts {
  readonly clients: number;
  readonly residentBytes: number;
}

interface MetricSample {
  readonly labels?: Readonly<Record<string, string>>;
  /** Null where it is not known: then there is no line. */
  readonly value: number | boolean | null;
}

/** One metric: everything that is known about it. */
export interface Metric {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  /** The unit of its values, as documents show it. */
  readonly unit: string;
  /** One sentence without its full stop. */
  readonly help: string;
  /** The names of its labels. */
  readonly labels: readonly string[];
  samples(snapshot: Snapshot, process: ProcessFacts): readonly MetricSample[];
}

const one = (value: number | boolean | null): readonly MetricSample[] => [{ value }];

/** One sample for each entry of an object, labelled with its key. */
const each = (
  label: string,
  values: Readonly<Record<string, number>>,
  divisor = 1,
): readonly MetricSample[] =>
  Object.entries(values).map(([key, value]) => ({ labels: { [label]: key }, value: value / divisor }));

const byPartition = (
  { topic }: Snapshot,
  field: 'begin' | 'end' | 'committed' | 'lag',
): readonly MetricSample[] =>
  topic.partitions.map((partition) => ({
    labels: { topic: topic.name, partition: String(partition.partition) },
    value: partition[field],
  }));

const byTable = (
  { gold }: Snapshot,
  read: (table: Snapshot['gold'][number]) => number | null,
): readonly MetricSample[] => gold.map((table) => ({ labels: { table: table.table }, value: read(table) }));

/** The newest micro-batch of each query. */
const newestBatches = ({ batches }: Snapshot) => [
  ...new Map(batches.map((batch) => [batch.query, batch])).values(),
];

const seconds = (time: string | null): number | null => (time === null ? null : Date.parse(time) / 1000);

const MS_PER_SECOND = 1000;

/**
 * Every metric of `/metrics`. Documents and queries are derived from this table. Names and units
 * follow the conventions of Prometheus; a metric whose value is not known has no line.
 */
export const METRICS: readonly Metric[] = [
  {
    name: 'medallion_ready',
    type: 'gauge',
    unit: '0 or 1',
    help: 'Whether every service of the stack is ready',
    labels: [],
    samples: ({ ready }) => one(ready),
  },
  {
    name: 'medallion_service_ready',
    type: 'gauge',
    unit: '0 or 1',
    help: 'Whether the service is ready, or has completed',
    labels: ['service'],
    samples: ({ services }) =>
      services.map(({ name, state }) => ({
        labels: { service: name },
        value: state === 'ready' || state === 'completed',
      })),
  },
  {
    name: 'medallion_service_restarts_total',
    type: 'counter',
    unit: 'restarts',
    help: 'Restarts of the service since it was first started; local processes only',
    labels: ['service'],
    samples: ({ services }) =>
      services.map(({ name, restarts }) => ({ labels: { service: name }, value: restarts })),
  },
  {
    name: 'medallion_source_readable',
    type: 'gauge',
    unit: '0 or 1',
    help: 'Whether the dashboard can read the topic, the outputs, the progress of the job, or Spark',
    labels: ['source'],
    samples: ({ sources }) =>
      Object.entries(sources).map(([source, { state }]) => ({ labels: { source }, value: state === 'ok' })),
  },
  {
    name: 'medallion_topic_begin_offset',
    type: 'gauge',
    unit: 'offset',
    help: 'First offset of the partition that the broker has',
    labels: ['topic', 'partition'],
    samples: (snapshot) => byPartition(snapshot, 'begin'),
  },
  {
    name: 'medallion_topic_end_offset',
    type: 'gauge',
    unit: 'offset',
    help: 'Offset after the last record of the partition that readers can see',
    labels: ['topic', 'partition'],
    samples: (snapshot) => byPartition(snapshot, 'end'),
  },
  {
    name: 'medallion_committed_offset',
    type: 'gauge',
    unit: 'offset',
    help: 'Offset after the last record of the partition that is committed',
    labels: ['topic', 'partition'],
    samples: (snapshot) => byPartition(snapshot, 'committed'),
  },
  {
    name: 'medallion_lag_records',
    type: 'gauge',
    unit: 'records',
    help: 'Offsets of the partition that no committed micro-batch has read',
    labels: ['topic', 'partition'],
    samples: (snapshot) => byPartition(snapshot, 'lag'),
  },
  {
    name: 'medallion_lag_clear_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'Estimated time until the lag is cleared; absent while it does not shrink',
    labels: [],
    samples: ({ topic }) => one(topic.clearSeconds),
  },
  {
    name: 'medallion_records_in_per_second',
    type: 'gauge',
    unit: 'records per second',
    help: 'Records that reach the topic, over the last ten seconds',
    labels: [],
    samples: ({ topic }) => one(topic.inPerSecond),
  },
  {
    name: 'medallion_records_committed_per_second',
    type: 'gauge',
    unit: 'records per second',
    help: 'Records that are committed, over the last micro-batches',
    labels: [],
    samples: ({ topic }) => one(topic.outPerSecond),
  },
  {
    name: 'medallion_committed_batch',
    type: 'gauge',
    unit: 'batch id',
    help: 'Last committed micro-batch of the query',
    labels: ['query'],
    samples: ({ outputs, gold }) => [
      { labels: { query: 'ingest' }, value: outputs.committedBatch },
      ...gold.map(({ table, batch }) => ({ labels: { query: table }, value: batch })),
    ],
  },
  {
    name: 'medallion_batch_duration_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'Duration of the newest micro-batch by phase; total is the whole trigger',
    labels: ['query', 'phase'],
    samples: (snapshot) =>
      newestBatches(snapshot).flatMap(({ query, ms }) =>
        each('phase', ms, MS_PER_SECOND).map(({ labels, value }) => ({
          labels: { query, ...labels },
          value,
        })),
      ),
  },
  {
    name: 'medallion_batch_rows',
    type: 'gauge',
    unit: 'rows',
    help: 'Rows that the newest micro-batch wrote to the output',
    labels: ['query', 'output'],
    samples: (snapshot) =>
      newestBatches(snapshot).flatMap(({ query, rows }) =>
        each('output', rows).map(({ labels, value }) => ({ labels: { query, ...labels }, value })),
      ),
  },
  {
    name: 'medallion_trigger_interval_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'How often a micro-batch may start: of ingest, and of the gold tables',
    labels: ['trigger'],
    samples: ({ triggers }) =>
      each('trigger', { ingest: triggers.ingestMs, gold: triggers.goldMs }, MS_PER_SECOND),
  },
  {
    name: 'medallion_rows_total',
    type: 'counter',
    unit: 'rows',
    help: 'Rows of the output in the micro-batches that are known',
    labels: ['output'],
    samples: ({ outputs }) =>
      outputs.sinks.map(({ name, rows }) => ({ labels: { output: name }, value: rows })),
  },
  {
    name: 'medallion_output_files',
    type: 'gauge',
    unit: 'files',
    help: 'Files of committed micro-batches in the output',
    labels: ['output'],
    samples: ({ outputs }) =>
      outputs.sinks.map(({ name, files }) => ({ labels: { output: name }, value: files })),
  },
  {
    name: 'medallion_rejected_records_total',
    type: 'counter',
    unit: 'records',
    help: 'Records in quarantine by reason, in the micro-batches that are known',
    labels: ['reason'],
    samples: ({ rejected }) => each('reason', rejected),
  },
  {
    name: 'medallion_unmet_expectation_rows_total',
    type: 'counter',
    unit: 'rows',
    help: 'Rows of silver for which the expectation is false, in the micro-batches that are known',
    labels: ['expectation'],
    samples: ({ unmet }) => each('expectation', unmet),
  },
  {
    name: 'medallion_gold_watermark_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds since 1970',
    help: 'Watermark of the gold table; absent before its first event',
    labels: ['table'],
    samples: (snapshot) => byTable(snapshot, ({ watermark }) => seconds(watermark)),
  },
  {
    name: 'medallion_gold_open_windows',
    type: 'gauge',
    unit: 'windows',
    help: 'Windows of the gold table that are not closed yet',
    labels: ['table'],
    samples: (snapshot) => byTable(snapshot, ({ openWindows }) => openWindows),
  },
  {
    name: 'medallion_gold_state_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'Memory of the open windows of the gold table',
    labels: ['table'],
    samples: (snapshot) => byTable(snapshot, ({ stateBytes }) => stateBytes),
  },
  {
    name: 'medallion_gold_late_rows_total',
    type: 'counter',
    unit: 'rows',
    help: 'Rows that the gold table dropped as late, in the micro-batches that are known',
    labels: ['table'],
    samples: (snapshot) => byTable(snapshot, ({ late }) => late),
  },
  {
    name: 'medallion_verify_equal',
    type: 'gauge',
    unit: '0 or 1',
    help: 'Whether the last verification found everything equal; absent before the first',
    labels: [],
    samples: ({ verify }) => one(verify.last?.outcome?.equal ?? null),
  },
  {
    name: 'medallion_verify_differences',
    type: 'gauge',
    unit: 'differences',
    help: 'Differences that the last verification found',
    labels: [],
    samples: ({ verify }) => one(verify.last?.outcome?.differenceCount ?? null),
  },
  {
    name: 'medallion_verify_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds since 1970',
    help: 'When the last verification ended',
    labels: [],
    samples: ({ verify }) => one(seconds(verify.last?.at ?? null)),
  },
  {
    name: 'medallion_dashboard_clients',
    type: 'gauge',
    unit: 'clients',
    help: 'Pages that follow the event stream of the dashboard',
    labels: [],
    samples: (_snapshot, { clients }) => one(clients),
  },
  {
    name: 'medallion_dashboard_resident_memory_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'Resident memory of the dashboard itself',
    labels: [],
    samples: (_snapshot, { residentBytes }) => one(residentBytes),
  },
];
