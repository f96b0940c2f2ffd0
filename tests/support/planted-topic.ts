import type {
  LogPart,
  OffsetContent,
  OffsetRange,
  OffsetStretch,
  RecordHeader,
  TopicReader,
  TopicRecord,
} from '../../orchestrator/kafka/record-batch.ts';
import { quoted } from '../../orchestrator/lake/pipeline-sql.ts';
import { type Column, columnType, type Pipeline, silverColumns } from '../../orchestrator/pipeline/model.ts';
import { NO_HEADERS, PlantedOutputs } from './planted-outputs.ts';
import { transactions } from './transactions.ts';

/** A record, and its outcome. */
export interface PlantedRecord {
  /** 0 by default. */
  readonly partition?: number;
  readonly offset: number;
  /** The value as it was sent. */
  readonly value: Buffer | string | null;
  /** The value in bronze. By default it is the same text. */
  readonly bronze?: string;
  readonly headers?: readonly RecordHeader[];
  /** When the broker took it, Unix ms. By default a millisecond after the record before it. */
  readonly kafkaMs?: number;
  /**
   * A silver row, as SQL by column in the contract's order. Without it the record is in quarantine
   * for this reason.
   */
  readonly silver?: Readonly<Record<string, string>>;
  readonly reason?: string;
}

/** A topic in memory, with a folder as the job leaves it after reading the topic. */
export class PlantedTopic implements TopicReader {
  readonly outputs: PlantedOutputs;
  readonly #pipeline: Pipeline;
  readonly #records = new Map<number, TopicRecord[]>();
  /** The offsets of partition 0 that hold no record. */
  readonly #others = new Map<number, OffsetContent>();
  #goldBatch = 0;
  #watermarkMs = 0;

  private constructor(outputs: PlantedOutputs, pipeline: Pipeline) {
    this.outputs = outputs;
    this.#pipeline = pipeline;
  }

  /** The topic of a pipeline. */
  static async create(pipeline = transactions): Promise<PlantedTopic> {
    const topic = new PlantedTopic(await PlantedOutputs.create(), pipeline);
    await topic.outputs.start({ 0: 0 }, pipeline.source.topic);
    return topic;
  }

  /** Next offset by partition. */
  get ends(): Readonly<Record<number, number>> {
    return Object.fromEntries(
      [...this.#records].map(([partition, records]) => [partition, (records.at(-1)?.offset ?? -1) + 1]),
    );
  }

  /** Makes offsets hold something other than a record. */
  holds(content: Exclude<OffsetContent, 'record'>, ...offsets: readonly number[]): void {
    for (const offset of offsets) this.#others.set(offset, content);
  }

  async *read(partition: number, from: number, to: number): AsyncGenerator<LogPart> {
    const records = this.#records.get(partition) ?? [];
    for await (const stretch of this.contents(partition, [{ from, to }])) {
      const isIn = ({ offset }: TopicRecord) => offset >= stretch.from && offset < stretch.to;
      yield { ...stretch, records: stretch.content === 'record' ? records.filter(isIn) : [] };
    }
  }

  async *contents(partition: number, ranges: Iterable<OffsetRange>): AsyncGenerator<OffsetStretch> {
    const own = new Set(this.#records.get(partition)?.map(({ offset }) => offset));
    for (const { from, to } of ranges) {
      for (let offset = from; offset < to; offset++) {
        const other = partition === 0 ? this.#others.get(offset) : undefined;
        if (other !== undefined) yield { from: offset, to: offset + 1, content: other };
        else if (own.has(offset)) yield { from: offset, to: offset + 1, content: 'record' };
        else yield { from: offset, to: offset + 1, content: 'compacted' };
      }
    }
  }

  /**
   * Sends records and makes one committed micro-batch read them. If there are silver rows, a
   * micro-batch of gold and then an idle trigger follow: micro-batch 2n of gold reads the n-th
   * silver file, and 2n + 1 emits the windows that this has closed.
   * @param watermarkMs the watermark from the newest event so far
   * @param pipeline by which the records are read, with the same topic; by default that of the
   * topic
   */
  async batch(
    batch: number,
    records: readonly PlantedRecord[],
    watermarkMs: number,
    pipeline = this.#pipeline,
  ): Promise<void> {
    const { outputs } = this;
    const { topic } = pipeline.source;
    for (const { partition = 0, offset, value, headers = [], kafkaMs } of records) {
      const before = this.#records.get(partition) ?? [];
      this.#records.set(partition, before);
      before.push({
        offset,
        timestampMs: kafkaMs ?? KAFKA_MS + offset,
        key: Buffer.from('card'),
        value: typeof value === 'string' ? Buffer.from(value) : value,
        headers,
      });
    }
    const bronze = records.map(
      (record) => `SELECT 'card' AS key, ${textOf(record)} AS value, ${kafkaTs(record)} AS kafka_ts,
      ${lineage(record, topic)}, ${headersAndBytes(record)}`,
    );
    await outputs.parquet(outputs.fileOf('bronze', batch), bronze.join(' UNION ALL '));
    const silver = records.flatMap((record) =>
      record.silver ? [silverRow(record, record.silver, topic)] : [],
    );
    if (silver.length > 0) {
      await outputs.parquet(outputs.fileOf('silver', batch), silver.join(' UNION ALL '));
      await this.#csv(batch, pipeline);
    }
    const rejects = records
      .filter(({ reason }) => reason !== undefined)
      .map(
        (
          record,
        ) => `SELECT ${textOf(record)} AS bad_json, ${kafkaTs(record)} AS bad_ingest_ts, '${record.reason}' AS reason,
        'what is wrong' AS detail, ${lineage(record, topic)}`,
      );
    if (rejects.length > 0) {
      await outputs.parquet(outputs.fileOf('quarantine', batch), rejects.join(' UNION ALL '));
    }
    await outputs.commit(batch, this.ends);
    if (silver.length === 0) return;
    await outputs.goldBatch(this.#goldBatch, this.#watermarkMs, [batch]);
    this.#watermarkMs = Math.max(this.#watermarkMs, watermarkMs);
    await outputs.goldBatch(this.#goldBatch + 1, this.#watermarkMs, []);
    this.#goldBatch += 2;
  }

  /** raw_csv as the job writes it from silver. */
  async #csv(batch: number, { fields, eventTime, rawCsv }: Pipeline): Promise<void> {
    const { outputs } = this;
    const file = outputs.fileOf('raw_csv', batch);
    const silver = silverColumns(fields, eventTime);
    const columns = rawCsv.columns.map((name) => {
      const type = silver.find((column) => column.name === name)?.type ?? { kind: 'string' };
      const column = quoted(name);
      if (type.kind === 'timestamp') return `${instantSql(column)} AS ${column}`;
      return type.kind === 'object' || type.kind === 'array'
        ? `${jsonSql(type, column)} AS ${column}`
        : column;
    });
    const rows = `read_parquet('${outputs.fileOf('silver', batch)}')`;
    await outputs.csv(file, `SELECT ${columns.join(', ')} FROM ${rows}`);
  }
}

const instantSql = (sql: string) => `strftime(${sql} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')`;

/** JSON as Spark writes it: decimals with all their places, and nulls. */
function jsonSql(type: Column['type'], sql: string, depth = 0): string {
  const part = (inner: Column['type'], of: string) => `coalesce(${jsonSql(inner, of, depth + 1)}, 'null')`;
  switch (type.kind) {
    case 'object': {
      const members = type.fields.map(
        ({ name, type: inner }) =>
          `'"${name}":' || ${part(columnType(inner), `struct_extract(${sql}, '${name}')`)}`,
      );
      return `CASE WHEN ${sql} IS NOT NULL THEN '{' || ${members.join(" || ',' || ")} || '}' END`;
    }
    case 'array': {
      const element = `e${depth}`;
      const inner = part(columnType(type.items.type), element);
      return `'[' || array_to_string(list_transform(${sql}, lambda ${element}: ${inner}), ',') || ']'`;
    }
    case 'timestamp':
      return `'"' || ${instantSql(sql)} || '"'`;
    case 'date':
      return `'"' || ${sql}::VARCHAR || '"'`;
    case 'string':
      return `CASE WHEN ${sql} IS NOT NULL THEN to_json(${sql})::VARCHAR END`;
    default:
      return `${sql}::VARCHAR`;
  }
}

/** When the broker took the record at offset 0, Unix ms. */
export const KAFKA_MS = 1_735_787_045_000;

const lineage = ({ partition = 0, offset }: PlantedRecord, topic: string): string =>
  `'${topic}' AS topic, ${partition}::INTEGER AS "partition", ${offset}::BIGINT AS "offset"`;

const kafkaTs = ({ offset, kafkaMs = KAFKA_MS + offset }: PlantedRecord): string =>
  `make_timestamptz(${kafkaMs}::BIGINT * 1000)`;

function textOf({ value, bronze }: PlantedRecord): string {
  if (value === null) return 'NULL::VARCHAR';
  return `'${(bronze ?? String(value)).replaceAll("'", "''").replaceAll('\0', "' || chr(0) || '")}'`;
}

/** Bytes are kept where they are not UTF-8. */
function headersAndBytes({ headers = [], value, bronze }: PlantedRecord): string {
  if (headers.length === 0 && bronze === undefined) return NO_HEADERS;
  const blob = (bytes: Buffer | null) =>
    bytes === null ? 'NULL::BLOB' : `from_hex('${bytes.toString('hex')}')`;
  const each = headers.map((header) => `{'key': '${header.key}', 'value': ${blob(header.value)}}`);
  const all = each.length === 0 ? 'NULL::STRUCT("key" VARCHAR, "value" BLOB)[]' : `[${each.join(', ')}]`;
  const bytes = bronze === undefined || value === null ? null : Buffer.from(value);
  return `${all} AS headers, ${blob(bytes)} AS value_bytes`;
}

function silverRow(record: PlantedRecord, columns: Readonly<Record<string, string>>, topic: string): string {
  const own = Object.entries(columns).map(([name, sql]) => `${sql} AS ${quoted(name)}`);
  return `SELECT ${own.join(', ')}, ${kafkaTs(record)} AS kafka_ts, ${lineage(record, topic)}`;
}
