import type { Pipeline } from '../../../pipeline/model.ts';
import type { Database } from '../../duckdb/database.ts';
import { quoted } from '../../duckdb/expression-sql.ts';
import { loadSink } from '../../duckdb/load-sink.ts';
import { columnsOfOutput } from '../../sink-columns.ts';
import { type KeyForm, type KeyLine, readAnswerKey } from './read-answer-key.ts';

/** Lines that are handed to the database at once. */
const LINES_AT_ONCE = 10_240;

/**
 * Puts the key's lines into the table `answer_key`, and by what silver knows their records into `key_identities`.
 * @returns the number of lines that name a record, and of those that name none
 * @throws ProductError ANSWER_KEY_INVALID
 */
export async function loadAnswerKey(
  database: Database,
  options: {
    readonly file: string;
    readonly pipeline: Pipeline;
    readonly form: KeyForm;
    readonly outputPath: string;
    readonly through: number;
  },
): Promise<{ readonly lines: number; readonly unplaced: number }> {
  await database.run(`CREATE TABLE answer_key (line BIGINT, partition INTEGER, "offset" BIGINT, fault VARCHAR, sink VARCHAR,
    reason INTEGER, identity VARCHAR, event_us BIGINT, first_partition INTEGER, first_offset BIGINT)`);
  const { form } = options;
  let lines: KeyLine[] = [];
  let count = 0;
  let unplaced = 0;
  const onUnplaced = () => {
    unplaced += 1;
  };
  for await (const line of readAnswerKey(options.file, form, onUnplaced)) {
    lines.push(line);
    count += 1;
    if (lines.length < LINES_AT_ONCE) continue;
    await append(database, lines, form);
    lines = [];
  }
  await append(database, lines, form);
  await database.run('CREATE TABLE key_identities (partition INTEGER, "offset" BIGINT, identity VARCHAR)');
  const identity = form.fields.identity === undefined ? 'NULL' : quoted(form.fields.identity);
  await loadSink(database, {
    outputPath: options.outputPath,
    through: options.through,
    sink: 'silver',
    columns: columnsOfOutput(options.pipeline, 'silver'),
    insert: (source) => `
      INSERT INTO key_identities
      SELECT "partition", "offset", ${identity} FROM ${source} SEMI JOIN (
        SELECT partition, "offset" FROM answer_key UNION SELECT first_partition, first_offset FROM answer_key)
      USING ("partition", "offset")`,
  });
  return { lines: count, unplaced };
}

async function append(database: Database, lines: readonly KeyLine[], { reasons }: KeyForm): Promise<void> {
  if (lines.length === 0) return;
  await database.append('answer_key', [
    { type: 'BIGINT', values: lines.map(({ line }) => BigInt(line)) },
    { type: 'INTEGER', values: lines.map(({ partition }) => partition) },
    { type: 'BIGINT', values: lines.map(({ offset }) => BigInt(offset)) },
    { type: 'VARCHAR', values: lines.map(({ fault }) => fault) },
    { type: 'VARCHAR', values: lines.map(({ expected_sink }) => expected_sink) },
    { type: 'INTEGER', values: lines.map((line) => reasonNumber(line, reasons)) },
    { type: 'VARCHAR', values: lines.map(({ identity }) => identity) },
    { type: 'BIGINT', values: lines.map(({ eventUs }) => eventUs) },
    { type: 'INTEGER', values: lines.map(({ duplicate_of }) => duplicate_of?.partition ?? null) },
    {
      type: 'BIGINT',
      values: lines.map(({ duplicate_of }) => (duplicate_of ? BigInt(duplicate_of.offset) : null)),
    },
  ]);
}

const reasonNumber = ({ expected_reason }: KeyLine, reasons: readonly string[]): number =>
  expected_reason === null ? 0 : reasons.indexOf(expected_reason) + 1;
