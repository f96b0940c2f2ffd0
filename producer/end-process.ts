/**
 * Ends the process once both its outputs have taken what was written: `process.exit` alone drops what a
 * pipe has not taken yet. What a broker that does not answer leaves open does not keep the process.
 */
export async function endProcess(exitCode: number): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map(written));
  process.exit(exitCode);
}

/** The callback of an empty write comes after those of all writes before it, also from a broken stream. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}
