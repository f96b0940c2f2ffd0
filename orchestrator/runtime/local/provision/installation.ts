import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { StepContext } from '../../../core/step.ts';
import { describeHolder, waitForFileLock } from '../../file-lock.ts';
import type { ProcessIdentity } from '../../process-identity.ts';
import { checkDiskSpace } from './disk-space.ts';
import { elapsedDetail } from './elapsed-detail.ts';
import { endLeftover, runTool, type ToolEnd, type ToolRun } from './run-tool.ts';
import { hasStamp, readStamp, type Stamp, writeStamp } from './stamp.ts';

/** A folder of the cache: what it is and how it is made. */
export interface Recipe {
  /** Its final, absolute path: one per thing and version. Venvs cannot be moved, so it is made in place. */
  readonly folder: string;
  /** "pyspark 3.5.7", for people. */
  readonly subject: string;
  /** Everything the content follows from. */
  readonly recipe: string;
  /** Free disk space that making it takes at its peak. */
  readonly neededBytes: number;
  /** Whether the tool goes on from what an interrupted run left in the folder; otherwise it starts from an empty one. */
  readonly resumable: boolean;
  /** What a whole folder lacks outside itself, as a phrase: it is made again then. */
  missing?(stamp: Stamp): string | undefined;
  /** Makes the folder's content; it counts only once this has resolved. */
  build(job: BuildJob): Promise<{ readonly files: readonly string[]; readonly facts: Stamp['facts'] }>;
}

/** What a recipe works with. */
export interface BuildJob {
  readonly folder: string;
  /** An empty folder for transient files, on the same file system. */
  readonly temporary: string;
  /** Says what is being done; the elapsed time is added. */
  say(phrase: string): void;
  /** Runs a tool that ends with this command, or by the next one if this is killed. */
  run(tool: Pick<ToolRun, 'file' | 'args' | 'environment' | 'onLine'>): Promise<ToolEnd>;
}

/** Who is making a folder, in a file beside it: for others who wait, and to end what is left after a crash. */
interface Making {
  readonly projectDir: string;
  readonly tool?: ProcessIdentity;
}

/**
 * Returns a folder's stamp, making the folder first when it is not there or not whole. One process of the machine makes it
 * at a time, others wait for it; only a finished one has a stamp.
 * @throws ProductError PROVISION_FAILED and what the recipe throws; the signal's reason when aborted
 */
export async function ensureInstalled(
  recipe: Recipe,
  projectDir: string,
  { signal, onDetail }: StepContext,
): Promise<{ readonly stamp: Stamp; readonly made: boolean }> {
  const found = usableStamp(recipe);
  if (found) return { stamp: found, made: false };
  const note = `${recipe.folder}.making`;
  const lock = await waitForFileLock(`${recipe.folder}.lock`, {
    signal,
    onWait: (holder) =>
      onDetail(`waiting for ${describeHolder(holder)}${placeOf(note)} to finish ${recipe.subject}`),
  });
  try {
    const meanwhile = usableStamp(recipe);
    if (meanwhile) return { stamp: meanwhile, made: false };
    return { stamp: await make(recipe, projectDir, note, { signal, onDetail }), made: true };
  } finally {
    lock.release();
  }
}

function usableStamp(recipe: Recipe): Stamp | undefined {
  const stamp = readStamp(recipe.folder, recipe.recipe);
  return stamp && recipe.missing?.(stamp) === undefined ? stamp : undefined;
}

async function make(recipe: Recipe, projectDir: string, note: string, context: StepContext): Promise<Stamp> {
  const { folder } = recipe;
  const temporary = `${folder}.tmp`;
  const leftover = readMaking(note)?.tool;
  if (leftover) await endLeftover(leftover);
  const record = (tool?: ProcessIdentity) => writeMaking(note, { projectDir, ...(tool && { tool }) });
  // A folder with a stamp was complete once and is damaged or outdated: nothing of it can be relied on. It loses its name
  // before it is emptied, as a removal that is cut short would look like an interrupted build to go on from.
  if (hasStamp(folder)) renameSync(folder, `${temporary}.${randomUUID()}`);
  else if (!recipe.resumable) remove(folder);
  removeTemporary(temporary);
  await checkDiskSpace(dirname(folder), recipe);
  mkdirSync(folder, { recursive: true });
  mkdirSync(temporary);
  record();
  const elapsed = elapsedDetail(context.onDetail);
  let stamp: Stamp | undefined;
  try {
    const built = await recipe.build({
      folder,
      temporary,
      say: elapsed.say,
      run: (tool) => runTool({ ...tool, cwd: temporary, signal: context.signal, onStart: record }),
    });
    context.signal.throwIfAborted();
    elapsed.say(`checking ${recipe.subject}`);
    stamp = await writeStamp(folder, { recipe: recipe.recipe, ...built });
    return stamp;
  } finally {
    elapsed.end();
    if (!stamp && !recipe.resumable) remove(folder);
    removeTemporary(temporary);
    rmSync(note, { force: true });
  }
}

/** What is transient, this run's and any earlier one's. */
function removeTemporary(temporary: string): void {
  const parent = dirname(temporary);
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent)) {
    if (name.startsWith(basename(temporary))) remove(join(parent, name));
  }
}

/** Retried by Node while a tool that was just killed still lets go of its files. */
function remove(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5 });
}

const placeOf = (note: string): string => {
  const making = readMaking(note);
  return making ? ` (in ${making.projectDir})` : '';
};

/** Undefined when nobody makes the folder. */
function readMaking(note: string): Making | undefined {
  try {
    return JSON.parse(readFileSync(note, 'utf8')) as Making;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function writeMaking(note: string, making: Making): void {
  writeFileSync(`${note}.new`, JSON.stringify(making));
  renameSync(`${note}.new`, note);
}
