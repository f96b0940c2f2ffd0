import { randomUUID } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describeHolder, waitForFileLock } from '../util/file-lock.ts';
import { freeBytes, megabytes } from '../util/owned-folder.ts';
import type { ProcessIdentity } from '../util/processes.ts';
import { messageOf, ProductError } from '../util/product-error.ts';
import type { StepContext } from '../util/run-plan.ts';
import { userCommand } from '../util/user-command.ts';
import { endLeftover, runTool, type ToolEnd, type ToolRun } from './run-tool.ts';
import { hasStamp, readStamp, type Stamp, writeStamp } from './stamp.ts';

/** A folder of the cache: its content and how to make it. */
export interface Recipe {
  /**
   * Its final, absolute path: one per thing and version. It is made in place, because venvs cannot
   * be moved.
   */
  readonly folder: string;
  /** "pyspark 3.5.7", for people. */
  readonly subject: string;
  /** Everything that determines the content. */
  readonly recipe: string;
  /** Free disk space that making it takes at its peak. */
  readonly neededBytes: number;
  /**
   * Whether the tool continues with what an interrupted run left in the folder; otherwise it starts
   * from an empty one.
   */
  readonly resumable: boolean;
  /** Returns what a whole folder lacks outside itself, as a phrase; it is then made again. */
  missing?(stamp: Stamp): string | undefined;
  /** Makes the folder's content; it counts only once this has resolved. */
  build(job: BuildJob): Promise<{ readonly files: readonly string[]; readonly facts: Stamp['facts'] }>;
}

/** What a recipe works with. */
export interface BuildJob {
  readonly folder: string;
  /** An empty folder for transient files, on the same file system. */
  readonly temporary: string;
  /** Reports what is being done; the elapsed time is added. */
  say(phrase: string): void;
  /**
   * Runs a tool that ends with this command; if this command is killed, the next one ends the tool.
   */
  run(tool: Pick<ToolRun, 'file' | 'args' | 'environment' | 'onLine'>): Promise<ToolEnd>;
}

/**
 * Returns a folder's stamp, making the folder first when it is missing or damaged. One process of
 * the machine makes it at a time, others wait for it; only a finished one has a stamp.
 * @throws ProductError PROVISION_FAILED and what the recipe throws; the signal's reason when
 * aborted
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
    folder: projectDir,
    onWait: (holder) => {
      const place = holder?.folder === undefined ? '' : ` (in ${holder.folder})`;
      onDetail(`waiting for ${describeHolder(holder)}${place} to finish ${recipe.subject}`);
    },
  });
  try {
    const meanwhile = usableStamp(recipe);
    if (meanwhile) return { stamp: meanwhile, made: false };
    return { stamp: await make(recipe, note, { signal, onDetail }), made: true };
  } finally {
    lock.release();
  }
}

function usableStamp(recipe: Recipe): Stamp | undefined {
  const stamp = readStamp(recipe.folder, recipe.recipe);
  return stamp && recipe.missing?.(stamp) === undefined ? stamp : undefined;
}

async function make(recipe: Recipe, note: string, context: StepContext): Promise<Stamp> {
  const { folder } = recipe;
  const temporary = `${folder}.tmp`;
  const leftover = readTool(note);
  if (leftover) await endLeftover(leftover);
  // A folder with a stamp was complete once and is now damaged or outdated: nothing of it can be
  // relied on. It is renamed before it is emptied, because an interrupted removal would look like
  // an interrupted build to continue.
  if (hasStamp(folder)) renameSync(folder, `${temporary}.${randomUUID()}`);
  else if (!recipe.resumable) remove(folder);
  removeTemporary(temporary);
  await checkDiskSpace(dirname(folder), recipe);
  mkdirSync(folder, { recursive: true });
  mkdirSync(temporary);
  const elapsed = elapsedDetail(context.onDetail);
  let stamp: Stamp | undefined;
  try {
    const built = await recipe.build({
      folder,
      temporary,
      say: elapsed.say,
      run: (tool) =>
        runTool({ ...tool, cwd: temporary, signal: context.signal, onStart: (at) => writeTool(note, at) }),
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

/** Removes transient files of this run and of any earlier one. */
function removeTemporary(temporary: string): void {
  const parent = dirname(temporary);
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent)) {
    if (name.startsWith(basename(temporary))) remove(join(parent, name));
  }
}

/** Node retries while a tool that was just killed still releases its files. */
function remove(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5 });
}

/**
 * Reads the tool that makes a folder, or that a crash has left: it is noted in a file next to the
 * folder. Undefined when there is none.
 */
function readTool(note: string): ProcessIdentity | undefined {
  try {
    return (JSON.parse(readFileSync(note, 'utf8')) as { readonly tool?: ProcessIdentity }).tool;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function writeTool(note: string, tool: ProcessIdentity): void {
  writeFileSync(`${note}.new`, JSON.stringify({ tool }));
  renameSync(`${note}.new`, note);
}

/** How often the elapsed time is reported while the phrase stays the same. */
const REPEAT_MS = 5000;

/**
 * Turns phrases into details with the time since the first: "downloading pyspark 3.5.7 (317 MB), 41
 * s".
 */
function elapsedDetail(onDetail: (detail: string) => void): {
  say(phrase: string): void;
  end(): void;
} {
  const startedMs = performance.now();
  let current: string | undefined;
  const tell = () => onDetail(`${current}, ${Math.round((performance.now() - startedMs) / 1000)} s`);
  let timer: NodeJS.Timeout | undefined;
  return {
    say(phrase) {
      if (phrase === current) return;
      current = phrase;
      tell();
      clearInterval(timer);
      timer = setInterval(tell, REPEAT_MS).unref();
    },
    end: () => clearInterval(timer),
  };
}

/**
 * Checks that there is enough disk space before a download begins.
 * @param folder where it goes; created when missing
 * @throws ProductError PROVISION_FAILED with both sizes
 */
async function checkDiskSpace(
  folder: string,
  { subject, neededBytes }: { readonly subject: string; readonly neededBytes: number },
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const free = freeBytes(folder);
  if (free >= neededBytes) return;
  throw new ProductError('PROVISION_FAILED', {
    message: `${subject} needs ${megabytes(neededBytes)} of free disk space in ${folder}, and ${megabytes(free)} are free.`,
    hint: `Free some space, or put the cache on another disk with XDG_CACHE_HOME, then run \`${userCommand('up')}\` again.`,
  });
}

/**
 * Creates the cache's folder, or reports that it cannot be used.
 * @throws ProductError PROVISION_FAILED
 */
export function assertCacheWritable(cacheDir: string): void {
  try {
    mkdirSync(cacheDir, { recursive: true });
    accessSync(cacheDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new ProductError('PROVISION_FAILED', {
      message: `The cache folder ${cacheDir} cannot be written: ${messageOf(error)}.`,
      hint: 'Change its permissions, or put the cache elsewhere with XDG_CACHE_HOME.',
      cause: error,
    });
  }
}
