import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { localOutputPath } from './local-path.ts';
import { absentAsUndefined } from './optional-file.ts';
import { planWipe, type WipePlan } from './wipe-plan.ts';

/** A wipe that was found to be allowed. */
export interface OutputsWipe {
  /** What would be deleted, one phrase a folder; empty when there is nothing. */
  readonly found: readonly string[];
  /**
   * Looks again, since the job may have written meanwhile, then deletes. Needs a stopped job.
   * @returns what was deleted, one phrase a folder
   * @throws ProductError FOREIGN_FILES, having deleted nothing
   */
  wipe(): Promise<readonly string[]>;
}

/**
 * Plans the deletion of outputs and checkpoints: the sinks' files by the contract's names with their checksum files, `_chk`,
 * `_staging` and the marker. Nothing is deleted when anything else is there. OUTPUT_DIR itself stays.
 * @param outputPath OUTPUT_PATH
 * @param outputDir OUTPUT_DIR, whose marker goes too, and unless the topic is kept the answer key about its records
 * @throws ProductError FOREIGN_FILES naming what the stack did not make; OUTPUT_NOT_LOCAL
 */
export async function planOutputsWipe(
  outputPath: string,
  outputDir: string,
  { keepTopic }: { readonly keepTopic: boolean },
): Promise<OutputsWipe> {
  const root = localOutputPath(outputPath);
  return {
    found: phrases(await planWipe(root, outputDir, keepTopic)),
    async wipe() {
      const plan = await planWipe(root, outputDir, keepTopic);
      await carryOut(plan, root, outputDir);
      return phrases(plan);
    },
  };
}

/** Plans and deletes in one go. */
export async function wipeOutputs(outputPath: string, outputDir: string): Promise<readonly string[]> {
  return (await planOutputsWipe(outputPath, outputDir, { keepTopic: false })).wipe();
}

async function carryOut(plan: WipePlan, root: string, outputDir: string): Promise<void> {
  // The checkpoint goes first and at once: if this is cut short, the job refuses outputs without a checkpoint, while
  // with a checkpoint and no outputs it would go on as if nothing had happened.
  const checkpoint = join(root, '_chk');
  const staging = join(root, '_staging');
  if (plan.ownFolders.includes(checkpoint)) {
    await mkdir(staging, { recursive: true });
    await rename(checkpoint, join(staging, `_chk_${process.pid}_${Date.now()}`));
  }
  for (const paths of plan.files.values()) {
    for (const path of paths) await rm(path, { force: true });
  }
  await rm(staging, { recursive: true, force: true });
  for (const folder of [...plan.files.keys()].reverse()) {
    if (folder !== outputDir) await removeIfEmpty(folder);
  }
}

/** A folder in which something appeared meanwhile stays, with that. */
async function removeIfEmpty(folder: string): Promise<void> {
  const names = await absentAsUndefined(readdir(folder));
  if (names?.length === 0) await rmdir(folder);
}

function phrases({ ownFolders, files }: WipePlan): readonly string[] {
  const counted = [...files].filter(([, paths]) => paths.length > 0);
  return [
    ...counted.map(
      ([folder, paths]) => `${paths.length} ${paths.length === 1 ? 'file' : 'files'} in ${basename(folder)}`,
    ),
    ...ownFolders.map((folder) => basename(folder)),
  ];
}
