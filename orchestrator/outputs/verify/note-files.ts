import { basename } from 'node:path';
import type { SinkFile } from '../committed-files.ts';
import type { LoadedSink } from '../duckdb/load-sink.ts';
import type { OutputName } from '../sinks.ts';
import type { DifferenceLog } from './difference.ts';

/** Notes files that could not be read, and micro-batches that are there more than once, after the micro-batch pruned last. */
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
  const byBatch = new Map<number, SinkFile[]>();
  for (const file of [...loaded.files, ...loaded.unreadable.map(({ file: unreadable }) => unreadable)]) {
    if (file.batch <= prunedThrough) continue;
    byBatch.set(file.batch, [...(byBatch.get(file.batch) ?? []), file]);
  }
  for (const [batch, files] of byBatch) {
    if (files.length === 1 || areParts(files)) continue;
    const detail = `batch ${batch} has ${files
      .map(({ path }) => basename(path))
      .sort()
      .join(' and ')}`;
    log.add({ kind: 'file-doubled', sink, count: files.length, detail });
  }
}

/** Whether these are parts of one attempt at a micro-batch: their names differ in the part alone. */
function areParts(files: readonly SinkFile[]): boolean {
  const others = new Set(files.map(({ path, part }) => (part === undefined ? '' : stemOf(path))));
  return others.size === 1 && !others.has('');
}

const stemOf = (path: string): string => path.slice(0, path.lastIndexOf('_'));
