import { writeSync } from 'node:fs';
import { ERROR_CATALOGUE, errorText, messageOf, ProductError } from './product-error.ts';

/** The destination of text. Nothing else of the orchestrator writes to the terminal. */
export interface Output {
  /** Results: what a script may read. */
  out(text: string): void;
  /** Progress, notes and errors. */
  err(text: string): void;
  /**
   * Writes a long result in pieces, as fast as its reader takes them, so that memory does not grow
   * with it. The pieces contain their own line ends.
   */
  outAll(pieces: AsyncIterable<string>): Promise<void>;
  /** Resolves once everything written so far has left this process, or can no longer leave it. */
  flushed(): Promise<void>;
}

/** A reader that ended (`| head`), a terminal that was closed, a socket whose other end is gone. */
const READER_GONE = ['EPIPE', 'EIO', 'ECONNRESET', 'ENOTCONN'];

/** Whether a stream's error means that nobody reads it any more. */
export function isReaderGone(error: unknown): boolean {
  return error instanceof Error && READER_GONE.includes((error as NodeJS.ErrnoException).code ?? '');
}

/**
 * Returns the process's own streams.
 * @param onLost called for every error of standard output or standard error, with the stream's name
 */
export function processOutput(
  onLost: (error: NodeJS.ErrnoException, stream: 'standard output' | 'standard error') => void,
): Output {
  process.stdout.on('error', (error) => onLost(error, 'standard output'));
  process.stderr.on('error', (error) => onLost(error, 'standard error'));
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    async outAll(pieces) {
      for await (const piece of pieces) await taken(piece);
    },
    flushed: flushOutput,
  };
}

/**
 * Resolves when the reader has taken the piece: one that is still queued would be lost with the
 * process.
 */
function taken(piece: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(piece, (error) => (error ? reject(error) : resolve()));
  });
}

/**
 * Resolves once standard output and standard error have taken everything written so far, or never
 * will.
 */
export async function flushOutput(): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map(written));
  // A write that fails at once emits its error on a later turn.
  await new Promise((resolve) => setImmediate(resolve));
}

/**
 * Writes to a pipe are queued, and `process.exit` drops the queue. The callback of an empty write
 * comes after those of all writes before it, with an error when the stream is broken.
 */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}

/** The exit code with which a shell reports SIGPIPE. */
const EXIT_READER_GONE = 141;

/**
 * Returns the process's own streams. The first error of one is reported on the other, unless it
 * only means that nobody reads any more. `onLost` receives the error.
 */
export function tellingOutput(onLost: (error: NodeJS.ErrnoException) => void): Output {
  let isLost = false;
  const output = processOutput((error, stream) => {
    if (isLost) return;
    isLost = true;
    if (!isReaderGone(error)) output.err(errorText(streamFailed(error, stream)));
    onLost(error);
  });
  return output;
}

/**
 * Returns the exit code of a command whose standard output or standard error accepts nothing more.
 */
export function exitCodeOfLost(error: unknown): number {
  return isReaderGone(error) ? EXIT_READER_GONE : ERROR_CATALOGUE.STREAM_FAILED.exitCode;
}

/**
 * Returns the error for a stream that accepts nothing more although somebody reads it: a full disk,
 * a broken device.
 */
function streamFailed(error: NodeJS.ErrnoException, stream: string): ProductError {
  return new ProductError('STREAM_FAILED', {
    message: `What the command prints could not be written to ${stream}: ${error.message}.`,
    hint: 'Free some space, or send the output elsewhere; then run the command again.',
    cause: error,
  });
}

/**
 * Writes a log, or drops what cannot be written: a full disk must not end the process that keeps
 * the log. Once writing works again, a line in the log reports how much is missing in that place.
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

  /** @returns whether `reason` has changed, which is when people should be informed */
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

  /** The notice gets a line of its own: what came before may have been cut within a line. */
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
 * Returns the log of a detached process, whose standard output is a file: one line per text, with
 * the time. Node's own stream would end the process when the disk is full.
 */
export function outputLog(): (text: string) => void {
  const writer = new LossyWriter((chunk) => writeFully(1, chunk));
  return (text) => void writer.write(Buffer.from(`${new Date().toISOString()} ${text}\n`));
}

/** A duration for people: `0.3 s`, `12 s`, `2 min 5 s`. */
export function durationText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
