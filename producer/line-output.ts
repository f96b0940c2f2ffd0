import type { Writable } from 'node:stream';

/**
 * Lines on standard output, as long as someone reads them. When the reader has gone (a closed pipe), records
 * still have to be delivered: lines are dropped from then on, and `spare` is told so once.
 */
export function lineOutput(stream: Writable, spare: Writable): (line: string) => void {
  let isOpen = true;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (!isOpen) return;
    isOpen = false;
    spare.write(
      `[producer] standard output is gone (${error.code ?? error.message}): publishing goes on without lines\n`,
    );
  });
  // The spare is the last resort: if it has gone as well there is nobody left to tell.
  spare.on('error', () => undefined);
  return (line) => {
    if (isOpen) stream.write(`${line}\n`);
  };
}
