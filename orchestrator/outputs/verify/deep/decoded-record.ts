import { isUtf8 } from 'node:buffer';
import type { ClassifiedRecord } from '../../expected/classify.ts';
import { decodeAsJava } from '../../expected/java-utf8.ts';
import type { BronzeValues } from '../../expected/row-digest.ts';
import type { TopicRecord } from '../topic-reader.ts';

/** A record as bronze should have it, and as it is classified. */
export type DecodedRecord = BronzeValues & ClassifiedRecord;

/** Decodes key, value and the names of headers as the job does. */
export function decoded(topic: string, partition: number, record: TopicRecord): DecodedRecord {
  const bytes = record.value;
  const value = bytes && decodeAsJava(bytes);
  return {
    topic,
    partition,
    offset: record.offset,
    kafkaUs: BigInt(record.timestampMs) * 1000n,
    key: record.key && decodeAsJava(record.key),
    value,
    bytes,
    // Only what is no UTF-8 has a text that is not the same bytes.
    valueBytes: bytes && isUtf8(bytes) ? null : bytes,
    headers: record.headers.map(({ key, value: content }) => ({ key: decodeAsJava(key), value: content })),
  };
}
