/** Where text goes. Nothing else of the orchestrator writes to the terminal. */
export interface Output {
  /** Results: what a script may read. */
  out(text: string): void;
  /** Progress, notes and errors. */
  err(text: string): void;
  /** A long result, piece by piece as its reader takes it: memory does not grow with it. Line ends are the pieces' own. */
  outAll(pieces: AsyncIterable<string>): Promise<void>;
}

/** The process's own streams. A reader that went away (`| head`) ends the command quietly, as it does for other Unix tools. */
export function processOutput(onReaderGone: () => void): Output {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      onReaderGone();
    });
  }
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    async outAll(pieces) {
      for await (const piece of pieces) await written(piece);
    },
  };
}

/** Resolves when the reader has taken the piece: one that is still queued would be lost with the process. */
function written(piece: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(piece, (error) => (error ? reject(error) : resolve()));
  });
}
