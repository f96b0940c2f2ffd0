import type { Database } from '../../duckdb/database.ts';
import { loadSink } from '../../duckdb/load-sink.ts';
import { isoTimeUs } from '../../expected/iso-time.ts';
import { QUARANTINE_REASONS } from '../../expected/quarantine-reason.ts';
import { type KeyLine, readAnswerKey } from './read-answer-key.ts';

/** Lines that are handed to the database at once. */
const LINES_AT_ONCE = 10_240;

/**
 * Puts the key's lines into the table `answer_key`, and the txn_ids that silver has for their records into `key_txns`.
 * @returns the number of lines that name a record, and of those that name none
 * @throws ProductError ANSWER_KEY_INVALID
 */
export async function loadAnswerKey(
  database: Database,
  options: { readonly file: string; readonly outputPath: string; readonly through: number },
): Promise<{ readonly lines: number; readonly unplaced: number }> {
  await database.run(`CREATE TABLE answer_key (line BIGINT, partition INTEGER, "offset" BIGINT, fault VARCHAR, sink VARCHAR,
    reason UTINYINT, txn_id VARCHAR, event_us BIGINT, first_partition INTEGER, first_offset BIGINT)`);
  let lines: KeyLine[] = [];
  let count = 0;
  let unplaced = 0;
  const onUnplaced = () => {
    unplaced += 1;
  };
  for await (const line of readAnswerKey(options.file, onUnplaced)) {
    lines.push(line);
    count += 1;
    if (lines.length < LINES_AT_ONCE) continue;
    await append(database, lines);
    lines = [];
  }
  await append(database, lines);
  await database.run('CREATE TABLE key_txns (partition INTEGER, "offset" BIGINT, txn_id VARCHAR)');
  await loadSink(database, {
    outputPath: options.outputPath,
    through: options.through,
    sink: 'silver',
    insert: (source) => `
      INSERT INTO key_txns
      SELECT "partition", "offset", txn_id FROM ${source} SEMI JOIN (
        SELECT partition, "offset" FROM answer_key UNION SELECT first_partition, first_offset FROM answer_key)
      USING ("partition", "offset")`,
  });
  return { lines: count, unplaced };
}

async function append(database: Database, lines: readonly KeyLine[]): Promise<void> {
  if (lines.length === 0) return;
  await database.append('answer_key', [
    { type: 'BIGINT', values: lines.map(({ line }) => BigInt(line)) },
    { type: 'INTEGER', values: lines.map(({ partition }) => partition) },
    { type: 'BIGINT', values: lines.map(({ offset }) => BigInt(offset)) },
    { type: 'VARCHAR', values: lines.map(({ fault }) => fault) },
    { type: 'VARCHAR', values: lines.map(({ expected_sink }) => expected_sink) },
    { type: 'UTINYINT', values: lines.map((line) => reasonNumber(line)) },
    { type: 'VARCHAR', values: lines.map(({ txn_id }) => txn_id) },
    {
      type: 'BIGINT',
      values: lines.map(({ event_ts }) => (event_ts === null ? null : (isoTimeUs(event_ts) ?? null))),
    },
    { type: 'INTEGER', values: lines.map(({ duplicate_of }) => duplicate_of?.partition ?? null) },
    {
      type: 'BIGINT',
      values: lines.map(({ duplicate_of }) => (duplicate_of ? BigInt(duplicate_of.offset) : null)),
    },
  ]);
}

const reasonNumber = ({ expected_reason }: KeyLine): number =>
  expected_reason === null ? 0 : QUARANTINE_REASONS.indexOf(expected_reason) + 1;
