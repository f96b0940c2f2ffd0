/** Where text goes. Nothing else of the orchestrator writes to the terminal. */
export interface Output {
  /** Results: what a script may read. */
  out(text: string): void;
  /** Progress, notes and errors. */
  err(text: string): void;
  /** A long result, piece by piece as its reader takes it: memory does not grow with it. Line ends are the pieces' own. */
  outAll(pieces: AsyncIterable<string>): Promise<void>;
  /** Resolves once everything written so far has left this process, or can no longer leave it. */
  flushed(): Promise<void>;
}

/** A reader that ended (`| head`), a terminal that was closed, a socket whose other end went away. */
const READER_GONE = ['EPIPE', 'EIO', 'ECONNRESET', 'ENOTCONN'];

/** Whether a stream's error means that nobody reads it any more. */
export function isReaderGone(error: unknown): boolean {
  return error instanceof Error && READER_GONE.includes((error as NodeJS.ErrnoException).code ?? '');
}

/**
 * The process's own streams.
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

/** Resolves when the reader has taken the piece: one that is still queued would be lost with the process. */
function taken(piece: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(piece, (error) => (error ? reject(error) : resolve()));
  });
}

/** Resolves once standard output and standard error have taken everything written so far, or never will. */
export async function flushOutput(): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map(written));
  // A write that fails at once emits its error on a later turn.
  await new Promise((resolve) => setImmediate(resolve));
}

/**
 * Writes to a pipe are queued, and `process.exit` drops the queue. The callback of an empty write comes
 * after those of all writes before it, with an error when the stream is broken.
 */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}
