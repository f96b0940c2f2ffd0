import { type Cell, type Database, sqlText } from '../../duckdb/database.ts';
import { sourceOf } from '../../duckdb/file-source.ts';
import type { LoadedSink } from '../../duckdb/load-sink.ts';
import { isVanished } from '../../duckdb/vanished.ts';
import { decodeAsJava } from '../../expected/java-utf8.ts';
import { judgeValue } from '../../expected/judge-value.ts';
import { TEXT_COLUMNS } from '../../expected/silver-payload.ts';
import type { LineageSink } from '../survey-offsets.ts';
import type { TopicReader, TopicRecord } from '../topic-reader.ts';
import { contrast } from './contrast.ts';

export interface WrongRow {
  readonly source: TopicReader;
  readonly topic: string;
  readonly loaded: ReadonlyMap<LineageSink, LoadedSink>;
  readonly signal: AbortSignal | undefined;
  readonly sink: LineageSink;
  readonly batch: number;
  readonly partition: number;
  readonly offset: number;
}

/** The columns of a row in the order of the contract, instants as microseconds and the amount as hundredths, as SQL by name. */
const COLUMNS: Readonly<Record<LineageSink, Readonly<Record<string, string>>>> = {
  bronze: { key: 'key', value: 'value', kafka_ts: 'epoch_us(kafka_ts)' },
  silver: {
    ...Object.fromEntries(TEXT_COLUMNS.map((name) => [name, name])),
    amount: '(amount * 100)::BIGINT',
    lat: 'lat',
    lon: 'lon',
    event_time: 'epoch_us(event_time)',
    kafka_ts: 'epoch_us(kafka_ts)',
  },
  quarantine: { bad_json: 'bad_json', bad_ingest_ts: 'epoch_us(bad_ingest_ts)' },
};

/** Which columns of a row differ from what its record gives, and how: the record and the file's row are read again. */
export async function explainValues(database: Database, wrong: WrongRow): Promise<string> {
  const { sink, batch } = wrong;
  const record = await readRecord(wrong);
  const expected = record && expectedCells(sink, record);
  const names = Object.keys(COLUMNS[sink]);
  // A row may be there twice, one of them right.
  for (const actual of expected ? await readRows(database, wrong) : []) {
    const differing = names.flatMap((name, at) => {
      const [is, should] = [actual[at] ?? null, expected?.[at] ?? null];
      return is === should ? [] : [contrast(name, is, should)];
    });
    if (differing.length > 0) return `${differing.join('; ')}; in batch ${batch}`;
  }
  return `other values than its record gives, in batch ${batch}; they could not be read again`;
}

async function readRows(database: Database, wrong: WrongRow): Promise<readonly (readonly Cell[])[]> {
  const { sink, batch, partition, offset, topic } = wrong;
  const files = (wrong.loaded.get(sink)?.files ?? []).filter((file) => file.batch === batch);
  try {
    return await database.all(`
      SELECT ${Object.values(COLUMNS[sink]).join(', ')} FROM ${sourceOf(sink, files)}
      WHERE topic = ${sqlText(topic)} AND "partition" = ${partition} AND "offset" = ${offset}`);
  } catch (error) {
    if (isVanished(error)) return [];
    throw error;
  }
}

async function readRecord({ source, partition, offset, signal }: WrongRow): Promise<TopicRecord | undefined> {
  for await (const { records } of source.read(partition, offset, offset + 1, signal)) {
    if (records[0]) return records[0];
  }
  return undefined;
}

function expectedCells(sink: LineageSink, record: TopicRecord): readonly Cell[] {
  const kafkaUs = BigInt(record.timestampMs) * 1000n;
  const value = record.value && decodeAsJava(record.value);
  if (sink === 'bronze') return [record.key && decodeAsJava(record.key), value, kafkaUs];
  if (sink === 'quarantine') return [value, kafkaUs];
  const judged = judgeValue(value);
  if (typeof judged === 'string') return [];
  return [...judged.texts, judged.cents, judged.lat, judged.lon, judged.eventUs, kafkaUs];
}
