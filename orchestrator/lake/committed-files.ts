import { join } from 'node:path';
import { namesIfPresent, readIfPresent } from '../util/files.ts';
import { lastCommittedBatch, type PartitionOffsets, readCheckpoint } from './checkpoint.ts';
import {
  contentOfFileName,
  type FileContent,
  fileNumber,
  localOutputPath,
  type OutputName,
  outputDamaged,
  SINK_NAMES,
} from './sinks.ts';

/** A file of a sink or gold table. */
export interface SinkFile extends FileContent {
  /** The absolute path. */
  readonly path: string;
}

/**
 * Every file of a sink or gold table whose name matches the contract, by batch and part, including
 * those in flight.
 */
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
 * The files of a sink or gold table that belong to committed micro-batches, by batch. The commit is
 * read first, then the folder: a running job can only add to the returned files, or prune the
 * oldest of them.
 * @param through the last committed batch, when the caller knows it already
 */
export async function committedFiles(
  outputPath: string,
  sink: OutputName,
  through?: number,
): Promise<readonly SinkFile[]> {
  const last = through ?? (await lastCommittedBatch(outputPath, sink));
  return (await sinkFiles(outputPath, sink)).filter(({ batch }) => batch <= last);
}

/**
 * Whether the job has fixed where it begins to read. From then on no record sent later can be
 * missed, even with STARTING_OFFSETS=latest. It takes a few file operations and no database.
 * @throws ProductError OUTPUT_NOT_LOCAL; OUTPUT_DAMAGED naming the file
 */
export async function streamingStartFixed(
  outputPath: string,
): Promise<{ readonly fixed: boolean; readonly detail: string }> {
  const { start } = await readCheckpoint(outputPath);
  if (start === undefined) return { fixed: false, detail: 'start offsets not fixed yet' };
  return { fixed: true, detail: `start offsets are fixed: ${text(start)}` };
}

/**
 * Whether a micro-batch with data is committed and the files of bronze and silver are there. It
 * takes a few file operations and no database.
 * @throws ProductError OUTPUT_NOT_LOCAL; OUTPUT_DAMAGED naming the file
 */
export async function firstDataCommitted(
  outputPath: string,
): Promise<{ readonly committed: boolean; readonly detail: string }> {
  const { committed, lastPlannedBatch } = await readCheckpoint(outputPath);
  if (committed === undefined) {
    const detail =
      lastPlannedBatch === undefined
        ? 'no micro-batch has begun yet'
        : `micro-batch ${lastPlannedBatch} is at work, none is committed yet`;
    return { committed: false, detail };
  }
  const [bronze, silver] = await Promise.all([
    sinkFiles(outputPath, 'bronze'),
    sinkFiles(outputPath, 'silver'),
  ]);
  const missing = [
    ...(bronze.some(({ batch }) => batch <= committed.batch) ? [] : ['bronze']),
    ...(silver.some(({ batch }) => batch <= committed.batch) ? [] : ['silver']),
  ];
  const upTo = `micro-batch ${committed.batch} is committed`;
  if (missing.length === 0) return { committed: true, detail: `${upTo}, bronze and silver have files` };
  return { committed: false, detail: `${upTo}, no committed file in ${missing.join(' and ')} yet` };
}

const text = (offsets: PartitionOffsets): string =>
  [...offsets].map(([partition, offset]) => `${partition}:${offset}`).join(' ');

/** What the job deleted from a sink to keep MAX_FILES_PER_SINK, from `_chk/_pruned/<sink>.json`. */
export interface PruneLedger {
  readonly sink: OutputName;
  /**
   * Files of batches up to this one are pruned or will be: the ledger is written before files are
   * deleted.
   */
  readonly throughBatch: number;
  /**
   * The first offset that is kept, by partition. Undefined where the job could not determine it,
   * because its offset log no longer went back that far.
   */
  readonly keptFrom: PartitionOffsets | undefined;
  /** How many files were pruned in all. */
  readonly files: number;
  /** How many rows the files had. Undefined where the job could not count them, as in raw_csv. */
  readonly rows: number | undefined;
}

/**
 * Reads the ledger, even while the job replaces it. Hadoop's replacing rename deletes the old file
 * first; until it ends, the complete new file has the name of its draft.
 * @returns undefined when nothing of the sink was ever pruned
 * @throws ProductError OUTPUT_NOT_LOCAL; Error naming the file when it is not of its form
 */
export async function readPruneLedger(
  outputPath: string,
  sink: OutputName,
): Promise<PruneLedger | undefined> {
  const path = join(localOutputPath(outputPath), '_chk', '_pruned', `${sink}.json`);
  const content = await readIfPresent(path);
  if (content !== undefined) return check(path, sink, content);
  const draft = await readIfPresent(`${path}.new`);
  // The last read is for a rename that happened between the first two.
  const late = await readIfPresent(path);
  if (late !== undefined) return check(path, sink, late);
  // An incomplete draft is the first of its sink: nothing is pruned before the draft is complete.
  return draft === undefined || parse(draft) === undefined ? undefined : check(path, sink, draft);
}

/**
 * The ledgers of all sinks and of these gold tables. Only those from which something was pruned are
 * included.
 */
export async function readPruneLedgers(
  outputPath: string,
  tables: readonly string[] = [],
): Promise<ReadonlyMap<OutputName, PruneLedger>> {
  const outputs = [...SINK_NAMES, ...tables];
  const read = await Promise.all(outputs.map((sink) => readPruneLedger(outputPath, sink)));
  return new Map(read.filter((ledger) => ledger !== undefined).map((ledger) => [ledger.sink, ledger]));
}

function check(path: string, sink: OutputName, content: string): PruneLedger {
  const ledger = parse(content);
  if (ledger?.['sink'] !== sink || !isCount(ledger['through_batch']) || !isCount(ledger['files'])) {
    throw outputDamaged(
      `The ledger ${path} does not hold sink, through_batch, offsets and files of ${sink}.`,
    );
  }
  const offsets = ledger['offsets'] ?? undefined;
  if (offsets !== undefined && !isOffsets(offsets)) {
    throw outputDamaged(`The ledger ${path} does not hold offsets as whole numbers by partition.`);
  }
  return {
    sink,
    throughBatch: ledger['through_batch'],
    keptFrom: offsets && new Map(Object.entries(offsets).map(([key, value]) => [Number(key), value])),
    files: ledger['files'],
    rows: isCount(ledger['rows']) ? ledger['rows'] : undefined,
  };
}

function parse(content: string): Record<string, unknown> | undefined {
  try {
    return Object(JSON.parse(content)) as Record<string, unknown>;
  } catch {
    // The caller reports invalid JSON, with the path.
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isOffsets(value: unknown): value is Record<string, number> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(([key, offset]) => /^\d+$/.test(key) && isCount(offset));
}
