import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { Limits, ProducerConfig } from '../config.ts';
import { configuredStream } from '../configured-stream.ts';
import { createPacer } from '../pace.ts';
import { createStop, pause } from '../pause.ts';

const turnOfTheEventLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A record as a line: its value as text, since what is malformed is no JSON. */
const lineOf = ({ key, value }: { readonly key: string; readonly value: string | null }): string =>
  `${JSON.stringify({ key, value })}\n`;

/**
 * Writes records as JSON lines with `key` and `value`, until a limit is reached, `stop` is aborted or the reader has gone.
 *
 * @param recordsPerSecond 0 for as fast as they are taken
 * @param onTaken called for each record that `output` has taken, with its length in bytes
 * @throws the stream's error, unless it is that of a pipe without a reader
 */
export async function writeRecords(
  config: ProducerConfig,
  { maxRecords, durationMs }: Limits,
  recordsPerSecond: number,
  output: Writable,
  stop: AbortSignal,
  onTaken?: (bytes: number) => void,
): Promise<void> {
  const { source, profile } = configuredStream(config, Date.now());
  const startMs = performance.now();
  const endMs = durationMs === undefined ? Number.POSITIVE_INFINITY : startMs + durationMs;
  const pacer = createPacer(recordsPerSecond, startMs, profile);
  let failure: NodeJS.ErrnoException | undefined;
  const over = createStop();
  stop.addEventListener('abort', () => over.abort(), { once: true });
  if (stop.aborted) over.abort();
  output.on('error', (error) => {
    failure ??= error;
    over.abort();
  });
  let count = 0;
  const isOver = (): boolean => over.signal.aborted || count === maxRecords || performance.now() >= endMs;
  while (!isOver()) {
    for (let due = pacer.due(performance.now()); due > 0 && count !== maxRecords; due--) {
      count += 1;
      const line = lineOf(source.next(Date.now()));
      if (output.write(line, (error) => error || onTaken?.(Buffer.byteLength(line)))) continue;
      // Rejected by an error, which is looked at below.
      await once(output, 'drain', { signal: over.signal }).catch(() => undefined);
      if (over.signal.aborted) break;
    }
    const idleMs = Math.min(pacer.idleMs(performance.now()), endMs - performance.now());
    await (idleMs > 0 ? pause(idleMs, over.signal) : turnOfTheEventLoop());
  }
  if (failure && failure.code !== 'EPIPE') throw failure;
}
