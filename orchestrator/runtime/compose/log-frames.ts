import { StringDecoder } from 'node:string_decoder';

const HEADER_BYTES = 8;

/**
 * Takes apart what the engine sends of a container without a terminal: frames of a header (stream, three zero bytes, length as
 * big-endian 32 bits) and that many bytes of output. Source: Docker Engine API, "Attach to a container", stream format.
 */
export class LogFrames {
  readonly #streams = new Map<number, { readonly decoder: StringDecoder; rest: string }>();
  #pending: Buffer = Buffer.alloc(0);

  /** @returns the lines that are complete now, of standard output and error in the order in which they came */
  push(chunk: Buffer): string[] {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    const lines: string[] = [];
    while (this.#pending.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.#pending.readUInt32BE(4);
      if (this.#pending.length < end) break;
      lines.push(...this.#lines(this.#pending[0] ?? 0, this.#pending.subarray(HEADER_BYTES, end)));
      this.#pending = this.#pending.subarray(end);
    }
    return lines;
  }

  /** @returns what was written without a line end */
  end(): string[] {
    return [...this.#streams.values()].map(({ rest }) => rest).filter((rest) => rest !== '');
  }

  #lines(id: number, payload: Buffer): string[] {
    let stream = this.#streams.get(id);
    if (!stream) {
      stream = { decoder: new StringDecoder('utf8'), rest: '' };
      this.#streams.set(id, stream);
    }
    const parts = (stream.rest + stream.decoder.write(payload)).split('\n');
    stream.rest = parts.pop() ?? '';
    return parts.map((line) => line.replace(/\r$/, ''));
  }
}

/** The lines of a whole answer. */
export function linesOf(answer: Buffer): string[] {
  const frames = new LogFrames();
  return [...frames.push(answer), ...frames.end()];
}
