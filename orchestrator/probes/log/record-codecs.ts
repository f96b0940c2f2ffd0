import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { decompress as decompressZstd } from 'fzstd';
import lz4 from 'lz4js';
import snappy from 'snappyjs';

/*
 * How a batch's records are compressed. Each decoder is JavaScript: a native one would have to fit the machine, and these take in
 * some 150 to 400 MB/s, several times what the comparison does with the records.
 */

type Decompress = (compressed: Buffer) => Promise<Uint8Array> | Uint8Array;

interface Codec {
  readonly name: string;
  readonly decompress: Decompress;
}

/** By the number that a batch's attributes hold: org.apache.kafka.common.record.CompressionType. */
const CODECS: readonly Codec[] = [
  { name: 'none', decompress: (records) => records },
  { name: 'gzip', decompress: promisify(gunzip) },
  { name: 'snappy', decompress: decompressSnappy },
  { name: 'lz4', decompress: (frame) => lz4.decompress(frame) },
  { name: 'zstd', decompress: (frame) => decompressZstd(frame) },
];

/** The codec of a number; undefined for one that Kafka has learned since. */
export function codecOf(number: number): Codec | undefined {
  return CODECS[number];
}

/** The names of all that can be read, for messages. */
export const CODEC_NAMES = CODECS.slice(1).map(({ name }) => name);

/** The header of Java's SnappyOutputStream: its magic, a version and a compatible version, 4 bytes each. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const XERIAL_HEADER_BYTES = 16;

/** Java's clients cut the records into blocks, each behind its length; others send one block as it is. */
function decompressSnappy(records: Buffer): Uint8Array {
  if (!records.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return snappy.uncompress(records);
  const blocks: Uint8Array[] = [];
  for (let at = XERIAL_HEADER_BYTES; at < records.length; ) {
    const end = at + 4 + records.readInt32BE(at);
    blocks.push(snappy.uncompress(records.subarray(at + 4, end)));
    at = end;
  }
  return Buffer.concat(blocks);
}
