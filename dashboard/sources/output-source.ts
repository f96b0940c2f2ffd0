import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  checkpointFolder,
  INGEST,
  type PartitionOffsets,
  readCheckpoint,
} from '../../orchestrator/lake/checkpoint.ts';
import { committedFiles } from '../../orchestrator/lake/committed-files.ts';
import { isSinkName, localOutputPath, type OutputName } from '../../orchestrator/lake/sinks.ts';
import { absentAsUndefined } from '../../orchestrator/util/files.ts';

/** What checkpoints and folders show. */
export interface OutputsFound {
  /** The last committed micro-batch of `ingest`; undefined before the first. */
  readonly committed:
    | { readonly batch: number; readonly end: PartitionOffsets; readonly plannedAtMs: number }
    | undefined;
  /** Where the query began; undefined until that is fixed. */
  readonly start: PartitionOffsets | undefined;
  /** A micro-batch that is planned and not committed. */
  readonly runningBatch: number | undefined;
  /** Files of committed micro-batches, by sink or gold table. */
  readonly files: ReadonlyMap<OutputName, number>;
}

/** A folder may change again within the resolution of its time of change. */
const SETTLED_MS = 100;

/**
 * The checkpoint of `ingest` and the files of the outputs. Nothing is read again while no folder has
 * changed: then a read is a few calls of `stat`.
 */
export class OutputSource {
  readonly #outputPath: string;
  readonly #outputs: readonly OutputName[];
  #seen: { readonly key: string; readonly found: OutputsFound } | undefined;

  /**
   * @param outputPath OUTPUT_PATH, on the local disk
   * @param outputs the sinks and gold tables of the pipeline
   */
  constructor(outputPath: string, outputs: readonly OutputName[]) {
    this.#outputPath = outputPath;
    this.#outputs = outputs;
  }

  /** @throws ProductError OUTPUT_NOT_LOCAL; OUTPUT_DAMAGED naming the file */
  async read(): Promise<OutputsFound> {
    const { key, newestMs } = await this.#changes();
    if (this.#seen?.key === key) return this.#seen.found;
    const found = await this.#find();
    this.#seen = newestMs < Date.now() - SETTLED_MS ? { key, found } : undefined;
    return found;
  }

  /** The times of change of every folder that is read. */
  async #changes(): Promise<{ readonly key: string; readonly newestMs: number }> {
    const checkpoint = checkpointFolder(this.#outputPath, INGEST);
    const tables = this.#outputs.filter((output) => !isSinkName(output));
    const folders = [
      ...['offsets', 'commits', 'sources/0'].map((name) => join(checkpoint, name)),
      ...tables.map((table) => join(checkpointFolder(this.#outputPath, table), 'commits')),
      ...this.#outputs.map((output) => join(localOutputPath(this.#outputPath), output)),
    ];
    const times = await Promise.all(
      folders.map(async (folder) => (await absentAsUndefined(stat(folder)))?.mtimeMs ?? 0),
    );
    return { key: times.join(), newestMs: Math.max(...times) };
  }

  async #find(): Promise<OutputsFound> {
    const { committed, start, lastPlannedBatch } = await readCheckpoint(this.#outputPath);
    const through = committed?.batch ?? -1;
    const files = new Map<OutputName, number>();
    for (const output of this.#outputs) {
      const own = await committedFiles(this.#outputPath, output, isSinkName(output) ? through : undefined);
      files.set(output, own.length);
    }
    const isRunning = lastPlannedBatch !== undefined && lastPlannedBatch > through;
    return { committed, start, runningBatch: isRunning ? lastPlannedBatch : undefined, files };
  }
}
