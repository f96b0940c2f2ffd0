import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';
import kafkajs from 'kafkajs';

// Node itself, without a loader, does not see this export of a CommonJS module by its name.
const { CompressionCodecs, CompressionTypes } = kafkajs;

const compress = promisify<Buffer, { level: number }, Buffer>(gzip);
const decompress = promisify<Buffer, Buffer>(gunzip);

/**
 * Makes kafkajs compress at zlib's fastest level, on the threads of libuv: batches grow by a tenth against the default level
 * and cost a third of the time.
 */
export function useFastGzip(): void {
  CompressionCodecs[CompressionTypes.GZIP] = () => ({
    compress: ({ buffer }: { readonly buffer: Buffer }) =>
      compress(buffer, { level: constants.Z_BEST_SPEED }),
    decompress: (buffer: Buffer) => decompress(buffer),
  });
}
