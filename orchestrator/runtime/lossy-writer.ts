import { writeSync } from 'node:fs';
import { messageOf } from '../core/product-error.ts';

/**
 * Writes a log, or drops what cannot be written: a full disk must not end the process that keeps the log. Once writing works
 * again, a line in the log says how much is missing in that place.
 */
export class LossyWriter {
  readonly #append: (chunk: Buffer) => void;
  #droppedBytes = 0;
  #reason: string | undefined;

  /** @param append writes all of a chunk, or throws */
  constructor(append: (chunk: Buffer) => void) {
    this.#append = append;
  }

  /** Why nothing can be written at present; undefined when all is well. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** @returns whether `reason` is another than before: the one moment to tell people */
  write(chunk: Buffer): boolean {
    const before = this.#reason;
    try {
      this.#append(before === undefined ? chunk : Buffer.concat([this.#notice(), chunk]));
      this.#reason = undefined;
      this.#droppedBytes = 0;
    } catch (error) {
      this.#droppedBytes += chunk.length;
      this.#reason ??= messageOf(error);
    }
    return this.#reason !== before;
  }

  /** On a line of its own: what came before may have been cut within a line. */
  #notice(): Buffer {
    return Buffer.from(
      `\n[medallion-stream] ${this.#droppedBytes} bytes were dropped here: ${this.#reason}\n`,
    );
  }
}

/** @throws Error when not all of it could be written */
export function writeFully(descriptor: number, chunk: Buffer): void {
  for (let written = 0; written < chunk.length; ) written += writeSync(descriptor, chunk, written);
}

/**
 * The log of a detached process, whose standard output is a file: a line each, with the time. Node's own stream would end the
 * process when the disk is full.
 */
export function outputLog(): (text: string) => void {
  const writer = new LossyWriter((chunk) => writeFully(1, chunk));
  return (text) => void writer.write(Buffer.from(`${new Date().toISOString()} ${text}\n`));
}
