import { readdirSync, rmSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { isFileManagerFile } from '../../core/file-manager-files.ts';
import { ProductError } from '../../core/product-error.ts';
import { isOwnFolder } from '../owned-folder.ts';
import type { RunLayout } from './run-layout.ts';

/**
 * Deletes what the stack has written in RUN_DIR: all of it is looked at first, so that a refusal leaves everything.
 * @returns what was deleted
 * @throws ProductError FOREIGN_FILES
 */
export function wipeRunDir(layout: RunLayout, keepTopic: boolean): readonly string[] {
  const folders = layout.serviceFolders;
  const topic = folders.filter(({ holds }) => holds === 'topic').toReversed();
  const transient = folders.filter(({ holds }) => holds === 'transient');
  const scratch = { title: 'scratch files', path: layout.scratch, allowed: undefined };
  const targets = [...(keepTopic ? [] : topic), ...transient, scratch].filter(({ path }) => isThere(path));
  if (targets.length === 0) return [];
  if (!isOwnFolder(layout.runDir)) throw refusal(layout.runDir, 'it was not made by this product');
  for (const { path, allowed } of targets) {
    const foreign =
      allowed && entriesOf(path).find((entry) => !allowed.test(entry) && !isFileManagerFile(basename(entry)));
    if (foreign !== undefined) throw refusal(path, `it holds ${foreign}`);
  }
  for (const { path } of targets) rmSync(path, { recursive: true, force: true });
  return targets.map(({ title }) => title);
}

function refusal(folder: string, reason: string): ProductError {
  return new ProductError('FOREIGN_FILES', {
    message: `${folder} is not wiped: ${reason}, which the stack did not write.`,
    hint: 'Move it elsewhere and run the command again; nothing was deleted.',
  });
}

function isThere(folder: string): boolean {
  try {
    readdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Every file and folder below, links not followed. */
function entriesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
    return entry.isFile() || entry.isDirectory() ? path : `${path} (${basename(path)} is a link or device)`;
  });
}
