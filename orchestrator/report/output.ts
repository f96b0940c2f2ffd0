/** Where text goes. Nothing else of the orchestrator writes to the terminal. */
export interface Output {
  /** Results: what a script may read. */
  out(text: string): void;
  /** Progress, notes and errors. */
  err(text: string): void;
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
  };
}
