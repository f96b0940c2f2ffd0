import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { fileNamesOf, type OutputName } from '../../orchestrator/lake/sinks.ts';

/** A record of the topic. It gives a row of bronze and of one other sink. */
export interface PlantedRow {
  readonly partition: number;
  readonly offset: number;
  readonly topic?: string;
  /** Unix ms. */
  readonly eventTime?: number;
  readonly card?: string;
  /** Two decimals, as text. */
  readonly amount?: string;
  readonly txn?: string;
}

export interface PlantedWindow {
  readonly card: string;
  /** Unix ms. */
  readonly start: number;
  readonly count: number;
  readonly sum: string;
  readonly max: string;
}

/** A micro-batch, or a part of one: `<batchId>_<part>`. */
export type BatchName = number | `${number}_${number}`;

type Offsets = Readonly<Record<number, number>>;

/** Writes a folder as the job does, file by file, so that a test can omit or add files. */
export class PlantedOutputs {
  readonly path: string;
  /** The last batch of the source log by gold table. */
  readonly #logOffsets = new Map<string, number>();
  #topic = 'transactions';

  private constructor(path: string) {
    this.path = path;
  }

  static async create(prefix = 'planted-outputs-'): Promise<PlantedOutputs> {
    return new PlantedOutputs(await mkdtemp(join(tmpdir(), prefix)));
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }

  fileOf(sink: OutputName, batch: BatchName, time = '20250102_030405'): string {
    const { prefix, extension } = fileNamesOf(sink);
    return join(this.path, sink, `${prefix}_${time}_${batch}.${extension}`);
  }

  async start(offsets: Offsets, topic = 'transactions'): Promise<void> {
    this.#topic = topic;
    await this.write('_chk/ingest/sources/0/0', `\0v1\n${JSON.stringify({ [topic]: offsets })}`);
  }

  async plan(batch: number, end: Offsets): Promise<void> {
    const metadata = { batchWatermarkMs: 0, batchTimestampMs: 1_735_787_045_000 + batch, conf: {} };
    const content = `v1\n${JSON.stringify(metadata)}\n${JSON.stringify({ [this.#topic]: end })}`;
    await this.write(`_chk/ingest/offsets/${batch}`, content);
  }

  async commit(batch: number, end: Offsets): Promise<void> {
    await this.plan(batch, end);
    await this.write(`_chk/ingest/commits/${batch}`, 'v1\n{"nextBatchWatermarkMs":0}');
  }

  /**
   * A committed micro-batch of a gold table's query.
   * @param silver silver's micro-batches or parts whose files it has read; none for one without
   * data
   */
  async goldBatch(
    batch: number,
    watermarkMs: number,
    silver: readonly BatchName[],
    table = 'gold',
  ): Promise<void> {
    await this.planGold(batch, watermarkMs, silver, table);
    await this.write(`_chk/${table}/commits/${batch}`, 'v1\n{"nextBatchWatermarkMs":0}');
  }

  /** The same micro-batch before it is committed. */
  async planGold(
    batch: number,
    watermarkMs: number,
    silver: readonly BatchName[],
    table = 'gold',
  ): Promise<void> {
    const last = this.#logOffsets.get(table) ?? -1;
    const logOffset = silver.length > 0 ? last + 1 : last;
    this.#logOffsets.set(table, logOffset);
    if (silver.length > 0) await this.seenByGold(logOffset, silver, table);
    const metadata = { batchWatermarkMs: watermarkMs, batchTimestampMs: 1_735_787_045_000 + batch, conf: {} };
    const content = `v1\n${JSON.stringify(metadata)}\n${JSON.stringify({ logOffset })}`;
    await this.write(`_chk/${table}/offsets/${batch}`, content);
  }

  /** A batch of the source log of a gold table's query. */
  async seenByGold(logOffset: number, silver: readonly BatchName[], table = 'gold'): Promise<void> {
    const entries = silver.map((batchOfSilver) => ({
      path: `file:///opt/spark-output/parquet/silver/${basename(this.fileOf('silver', batchOfSilver))}`,
      timestamp: 1_735_787_045_000,
      batchId: logOffset,
    }));
    const lines = ['v1', ...entries.map((entry) => JSON.stringify(entry))];
    await this.write(`_chk/${table}/sources/0/${logOffset}`, lines.join('\n'));
  }

  async ledger(
    sink: OutputName,
    throughBatch: number,
    offsets: Offsets | null,
    files: number,
    rows?: number | null,
  ): Promise<void> {
    const ledger = { sink, through_batch: throughBatch, offsets, files, rows };
    await this.write(`_chk/_pruned/${sink}.json`, JSON.stringify(ledger));
  }

  /** One micro-batch of valid rows in bronze, silver and raw_csv. */
  async batch(batch: BatchName, rows: readonly PlantedRow[]): Promise<void> {
    await this.bronze(batch, rows);
    await this.silver(batch, rows);
    await this.rawCsv(batch, rows);
  }

  async bronze(batch: BatchName, rows: readonly PlantedRow[], time?: string): Promise<void> {
    await this.parquet(
      this.fileOf('bronze', batch, time),
      `SELECT 'card' AS key, 'the record' AS value, now() AS kafka_ts, ${LINEAGE}, ${NO_HEADERS} FROM ${table(rows)}`,
    );
  }

  async silver(batch: BatchName, rows: readonly PlantedRow[], time?: string): Promise<void> {
    await this.parquet(
      this.fileOf('silver', batch, time),
      `SELECT txn_id, 'u1' AS user_id, card_id, 'm' AS merchant, 'c' AS category, amount::DECIMAL(18,2) AS amount,
        'EUR' AS currency, 'APPROVED' AS status, 'Paris' AS city, 'FR' AS country, 1.0::DOUBLE AS lat, 2.0::DOUBLE AS lon,
        to_timestamp(event_ms / 1000) AS event_time, now() AS kafka_ts, ${LINEAGE} FROM ${table(rows)}`,
    );
  }

  async quarantine(
    batch: BatchName,
    rows: readonly PlantedRow[],
    reason = 'bad_json',
    detail = 'what is wrong',
  ): Promise<void> {
    await this.parquet(
      this.fileOf('quarantine', batch),
      `SELECT 'bad' AS bad_json, now() AS bad_ingest_ts, '${reason}' AS reason, '${detail}' AS detail, ${LINEAGE} FROM ${table(rows)}`,
    );
  }

  async rawCsv(batch: BatchName, rows: readonly PlantedRow[], time = '20250102_030405'): Promise<void> {
    const header =
      'txn_id,event_time,user_id,card_id,merchant,category,amount,currency,status,city,country,lat,lon';
    const lines = rows.map((row) => `${row.txn ?? txnOf(row)},t,u1,c,m,c,1.00,EUR,APPROVED,Paris,FR,1.0,2.0`);
    await this.write(
      `raw_csv/raw_${time}_${batch}.csv`,
      [header, ...lines].map((line) => `${line}\n`).join(''),
    );
  }

  async gold(
    batch: number,
    windows: readonly PlantedWindow[],
    { table = 'gold', windowMs = 60_000 } = {},
  ): Promise<void> {
    const values = windows.map(
      ({ card, start, count, sum, max }) => `('${card}', ${start}, ${count}, ${sum}, ${max})`,
    );
    await this.parquet(
      this.fileOf(table, batch),
      `SELECT card AS card_id, to_timestamp(start / 1000) AS window_start, to_timestamp((start + ${windowMs}) / 1000) AS window_end,
        n::BIGINT AS txn_count, total::DECIMAL(28,2) AS sum_amount, (total / n)::DECIMAL(22,6) AS avg_amount,
        most::DECIMAL(18,2) AS max_amount FROM (VALUES ${values.join(', ')}) v(card, start, n, total, most)`,
    );
  }

  async write(name: string, content: string | Buffer): Promise<void> {
    const path = join(this.path, name);
    await mkdir(join(path, '..'), { recursive: true });
    // The job writes a file under another name first, so that no reader sees a part.
    await writeFile(`${path}.new`, content);
    await rename(`${path}.new`, path);
  }

  /** Writes a CSV file with any columns, quoted as the job does. */
  async csv(path: string, select: string): Promise<void> {
    await mkdir(join(path, '..'), { recursive: true });
    await (await writer).run(`COPY (${select}) TO '${path}' (FORMAT csv, HEADER)`);
  }

  /** Writes a Parquet file with any columns. */
  async parquet(path: string, select: string): Promise<void> {
    await mkdir(join(path, '..'), { recursive: true });
    await (await writer).run(`COPY (${select}) TO '${path}' (FORMAT parquet, COMPRESSION uncompressed)`);
  }
}

const writer = DuckDBInstance.create(':memory:').then((instance) => instance.connect());

const LINEAGE = 'topic, part::INTEGER AS "partition", off::BIGINT AS "offset"';

/** The columns of a record without headers and with a value in UTF-8. */
export const NO_HEADERS = 'NULL::STRUCT("key" VARCHAR, "value" BLOB)[] AS headers, NULL::BLOB AS value_bytes';

/** Rows of a partition with offsets in [from, to). */
export function rowsOf(partition: number, from: number, to: number): readonly PlantedRow[] {
  return Array.from({ length: to - from }, (_, at) => ({ partition, offset: from + at }));
}

function txnOf({ partition, offset }: PlantedRow): string {
  return `txn-${partition}-${offset}`;
}

function table(rows: readonly PlantedRow[]): string {
  const values = rows.map((row) => {
    const topic = row.topic ?? 'transactions';
    const { partition, offset, card = 'card1', amount = '1.00', eventTime = 1_735_787_045_000 } = row;
    return `('${topic}', ${partition}, ${offset}, '${row.txn ?? txnOf(row)}', '${card}', ${amount}, ${eventTime}::BIGINT)`;
  });
  return `(VALUES ${values.join(', ')}) v(topic, part, off, txn_id, card_id, amount, event_ms)`;
}
