import type { AppendableColumn } from '../../duckdb/append-columns.ts';
import { decodeAsJava } from '../../expected/java-utf8.ts';
import { judgeValue } from '../../expected/judge-value.ts';
import { QUARANTINE_REASONS } from '../../expected/quarantine-reason.ts';
import { bronzeDigest, quarantineDigest, silverDigest } from '../../expected/row-digest.ts';
import { cardOf } from '../../expected/silver-payload.ts';
import type { TopicRecord } from '../topic-reader.ts';

/** What the records of a partition should become, a row each: columns of the table `expected`. */
export class ExpectedRows {
  readonly #partition: number;
  readonly #partitions: number[] = [];
  readonly #offsets: bigint[] = [];
  readonly #reasons: number[] = [];
  readonly #bronze: bigint[] = [];
  readonly #other: bigint[] = [];
  readonly #lat: (number | null)[] = [];
  readonly #lon: (number | null)[] = [];
  readonly #cards: (string | null)[] = [];
  readonly #times: (bigint | null)[] = [];
  readonly #cents: (bigint | null)[] = [];

  constructor(partition: number) {
    this.#partition = partition;
  }

  get length(): number {
    return this.#offsets.length;
  }

  add(record: TopicRecord): void {
    const key = record.key && decodeAsJava(record.key);
    const value = record.value && decodeAsJava(record.value);
    const kafkaUs = BigInt(record.timestampMs) * 1000n;
    const judged = judgeValue(value);
    this.#partitions.push(this.#partition);
    this.#offsets.push(BigInt(record.offset));
    this.#bronze.push(bronzeDigest(key, value, kafkaUs));
    if (typeof judged === 'string') {
      this.#reasons.push(QUARANTINE_REASONS.indexOf(judged) + 1);
      this.#other.push(quarantineDigest(value, kafkaUs));
      this.#lat.push(null);
      this.#lon.push(null);
      this.#cards.push(null);
      this.#times.push(null);
      this.#cents.push(null);
    } else {
      this.#reasons.push(0);
      this.#other.push(silverDigest(judged, kafkaUs));
      this.#lat.push(judged.lat);
      this.#lon.push(judged.lon);
      this.#cards.push(cardOf(judged));
      this.#times.push(judged.eventUs);
      this.#cents.push(judged.cents);
    }
  }

  columns(): readonly AppendableColumn[] {
    return [
      { type: 'INTEGER', values: this.#partitions },
      { type: 'BIGINT', values: this.#offsets },
      { type: 'UTINYINT', values: this.#reasons },
      { type: 'UBIGINT', values: this.#bronze },
      { type: 'UBIGINT', values: this.#other },
      { type: 'DOUBLE', values: this.#lat },
      { type: 'DOUBLE', values: this.#lon },
      { type: 'VARCHAR', values: this.#cards },
      { type: 'BIGINT', values: this.#times },
      { type: 'BIGINT', values: this.#cents },
    ];
  }
}

/** The table of expected rows. `reason` is a number, 0 for silver; `digest` is that of the row in silver or quarantine. */
export const EXPECTED_TABLE_SQL = `
  CREATE TABLE expected (partition INTEGER, "offset" BIGINT, reason UTINYINT, bronze UBIGINT, digest UBIGINT, lat DOUBLE,
    lon DOUBLE, card_id VARCHAR, event_us BIGINT, cents BIGINT)`;

/** The expected silver rows with the columns that gold is made of, as a relation. */
export const EXPECTED_SILVER_SQL = `(
  SELECT partition, "offset", card_id, event_us, (cents::DECIMAL(18, 0) * 0.01::DECIMAL(3, 2))::DECIMAL(18, 2) AS amount
  FROM expected WHERE reason = 0)`;
