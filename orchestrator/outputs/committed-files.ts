import { join } from 'node:path';
import { lastCommittedBatch } from './checkpoint.ts';
import { localOutputPath } from './local-path.ts';
import { namesIfPresent } from './optional-file.ts';
import { contentOfFileName, type FileContent, fileNumber, type OutputName } from './sinks.ts';

/** A file of a sink or gold table. */
export interface SinkFile extends FileContent {
  /** Absolute. */
  readonly path: string;
}

/** Every file of a sink or gold table that has a name of the contract, by batch and part; also those in flight. */
export async function sinkFiles(outputPath: string, sink: OutputName): Promise<readonly SinkFile[]> {
  const folder = join(localOutputPath(outputPath), sink);
  const files: SinkFile[] = [];
  for (const name of await namesIfPresent(folder)) {
    const content = contentOfFileName(sink, name);
    if (content !== undefined) files.push({ path: join(folder, name), ...content });
  }
  return files.sort((a, b) => fileNumber(a) - fileNumber(b) || (a.path < b.path ? -1 : 1));
}

/**
 * The files of a sink or gold table that belong to committed micro-batches, by batch. The commit is read first, then the folder: a job at
 * work can only add to what the answer names, or prune the oldest of it.
 * @param through the last committed batch where the caller knows it already
 */
export async function committedFiles(
  outputPath: string,
  sink: OutputName,
  through?: number,
): Promise<readonly SinkFile[]> {
  const last = through ?? (await lastCommittedBatch(outputPath, sink));
  return (await sinkFiles(outputPath, sink)).filter(({ batch }) => batch <= last);
}
