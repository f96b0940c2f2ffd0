import { basename } from 'node:path';
import type { LoadedSink } from '../duckdb/load-sink.ts';
import type { OutputName } from '../sinks.ts';
import type { DifferenceLog } from './difference.ts';

/** Notes files that could not be read, and micro-batches with more than one file, after the micro-batch pruned last. */
export function noteFiles(
  sink: OutputName,
  loaded: LoadedSink,
  prunedThrough: number,
  log: DifferenceLog,
): void {
  for (const { file, reason } of loaded.unreadable) {
    if (file.batch <= prunedThrough) continue;
    log.add({ kind: 'file-unreadable', sink, count: 1, detail: `${basename(file.path)}: ${reason}` });
  }
  const byBatch = new Map<number, string[]>();
  for (const file of [...loaded.files, ...loaded.unreadable.map(({ file: unreadable }) => unreadable)]) {
    if (file.batch <= prunedThrough) continue;
    byBatch.set(file.batch, [...(byBatch.get(file.batch) ?? []), basename(file.path)]);
  }
  for (const [batch, names] of byBatch) {
    if (names.length === 1) continue;
    const detail = `batch ${batch} has ${names.sort().join(' and ')}`;
    log.add({ kind: 'file-doubled', sink, count: names.length, detail });
  }
}
