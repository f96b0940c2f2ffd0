import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { StackConfig } from '../../config/stack-config.ts';
import { ProductError } from '../../core/product-error.ts';
import { PIPELINE_FILE, pipelineFolder } from '../../pipeline/load-pipeline.ts';

const READ = 4;
const ENTER = 1;

/**
 * Makes sure that the user that Spark runs as in containers can read the job and its pipeline, which a checkout under umask 077
 * keeps to its owner.
 * @throws ProductError CHECKOUT_NOT_READABLE
 */
export function assertReadableJob(
  { projectDir, settings }: Pick<StackConfig, 'projectDir' | 'settings'>,
  owner: { readonly uid: number; readonly gid: number },
): void {
  if (owner.uid === 0) return;
  const folder = pipelineFolder(settings.PIPELINE, projectDir);
  const unreadable =
    findUnreadable(join(projectDir, 'spark-app'), owner) ??
    findUnreadable(folder, owner, (name) => name === PIPELINE_FILE);
  if (unreadable === undefined) return;
  throw new ProductError('CHECKOUT_NOT_READABLE', {
    message: `Spark runs as uid ${owner.uid} in containers, which cannot read ${unreadable}.`,
    hint: "Run `chmod -R go+rX spark-app pipelines` in the checkout, or set OUTPUT_UID and OUTPUT_GID to its owner's (id -u, id -g).",
  });
}

/** The first file or folder that a user without further groups cannot read. */
function findUnreadable(
  path: string,
  owner: { readonly uid: number; readonly gid: number },
  isRead: (name: string) => boolean = isLoaded,
): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found || !(found.isFile() || found.isDirectory())) return undefined;
  const wanted = found.isDirectory() ? READ | ENTER : READ;
  if ((rightsOf(found, owner) & wanted) !== wanted) return path;
  if (!found.isDirectory()) return undefined;
  for (const name of readdirSync(path).filter(isRead)) {
    const unreadable = findUnreadable(join(path, name), owner);
    if (unreadable !== undefined) return unreadable;
  }
  return undefined;
}

/** Python loads sources; the caches of tools next to them belong to whoever ran the tool. */
function isLoaded(name: string): boolean {
  return name.endsWith('.py') || !/^\.|\.|^__pycache__$/.test(name);
}

function rightsOf({ mode, uid, gid }: Stats, owner: { readonly uid: number; readonly gid: number }): number {
  return (uid === owner.uid ? mode >> 6 : gid === owner.gid ? mode >> 3 : mode) & 7;
}
